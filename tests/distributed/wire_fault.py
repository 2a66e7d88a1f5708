"""A wire between a client and its broker that can hang without a sign, be slow, or be cut."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

import anyio
import anyio.abc
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

Side = Literal["broker", "client"]
SIDES: tuple[Side, Side] = ("broker", "client")
_UNDER_WAY = 64
"""Blocks of a slow wire that may be under way; then the sender has to wait, as it does on a long one."""


class Wire:
    """Connect to `url` in place of the broker's."""

    def __init__(self, broker_url: str, port: int) -> None:
        parts = urlsplit(broker_url)
        assert parts.hostname
        assert parts.port
        self.broker = (parts.hostname, parts.port)
        self.url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
        self.delay_seconds = 0.0
        """What each block takes, in each direction."""
        self._gates = {side: anyio.Event() for side in SIDES}
        self._connections: set[Connection] = set()
        self.thaw()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def freeze(self, *towards: Side) -> None:
        """Let nothing through (towards one side only, or both): the sender gets neither an answer nor an error."""
        for side in towards or SIDES:
            self._gates[side] = anyio.Event()

    def thaw(self) -> None:
        """Let all through that waited, as TCP sends it again after an interruption."""
        for gate in self._gates.values():
            gate.set()

    def cut(self) -> None:
        """Reset what is connected; who connects again gets through."""
        for connection in self._connections:
            connection.reset = True
            connection.scope.cancel()

    async def _carry(self, client: anyio.abc.SocketStream) -> None:
        try:
            broker = await anyio.connect_tcp(*self.broker)
        except OSError:
            await anyio.aclose_forcefully(client)
            return
        async with client, broker:
            connection = Connection(client, broker)
            self._connections.add(connection)
            try:
                with connection.scope:
                    await self._pass_on(connection)
            finally:
                self._connections.discard(connection)
                connection.hang_up()

    async def _pass_on(self, connection: Connection) -> None:
        async with anyio.create_task_group() as tasks:
            ways: tuple[tuple[Side, anyio.abc.SocketStream, anyio.abc.SocketStream], ...]
            ways = (("broker", connection.client, connection.broker), ("client", connection.broker, connection.client))
            for side, source, sink in ways:
                late, due = anyio.create_memory_object_stream[tuple[float, bytes]](_UNDER_WAY)
                tasks.start_soon(self._take, source, late)
                tasks.start_soon(self._give, due, sink, side, connection.scope)

    async def _take(self, source: anyio.abc.SocketStream, late: MemoryObjectSendStream[tuple[float, bytes]]) -> None:
        async with late:
            while block := await _received(source):
                try:
                    await late.send((anyio.current_time() + self.delay_seconds, block))
                except anyio.BrokenResourceError:  # nobody takes it at the other end any more
                    break

    async def _give(
        self,
        due: MemoryObjectReceiveStream[tuple[float, bytes]],
        sink: anyio.abc.SocketStream,
        side: Side,
        scope: anyio.CancelScope,
    ) -> None:
        async with due:
            async for moment, block in due:
                await anyio.sleep_until(moment)
                await self._gates[side].wait()
                try:
                    await sink.send(block)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    break
        await self._gates[side].wait()  # a frozen wire does not tell that the other end is gone
        scope.cancel()


class Connection:
    """One of a client with the broker."""

    def __init__(self, client: anyio.abc.SocketStream, broker: anyio.abc.SocketStream) -> None:
        self.client, self.broker = client, broker
        self.scope = anyio.CancelScope()
        self.reset = False
        """Whether both ends are told so, by RST in place of FIN."""

    def hang_up(self) -> None:
        if self.reset:
            for end in (self.client, self.broker):
                raw = end.extra(anyio.abc.SocketAttribute.raw_socket)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _received(source: anyio.abc.SocketStream) -> bytes:
    try:
        return await source.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        return b""


@asynccontextmanager
async def open_wire(broker_url: str) -> AsyncGenerator[Wire]:
    """Lead a wire to the broker; leaving cuts it."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        wire = Wire(broker_url, listener.extra(anyio.abc.SocketAttribute.local_port))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, wire._carry)
            yield wire
            tasks.cancel_scope.cancel()
