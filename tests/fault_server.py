"""A real HTTP/1.1 server on loopback that misbehaves on demand: raw bytes on raw sockets, no framework.

A test scripts what each path answers as a list of acts; everything between is a real connection, so that half-closes,
resets and a peer that stops reading are the real ones.
"""

from __future__ import annotations

import json
import socket
import struct
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.abc


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Say nothing until the client hangs up."""


@dataclass(frozen=True, slots=True)
class Endless:
    """Write these bytes over and over until the client hangs up, with a pause after each time."""

    data: bytes
    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Reset:
    """Close the connection with RST in place of FIN."""


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Send FIN and keep reading."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection with FIN."""


Act = Send | Pause | Stall | Endless | Reset | HalfClose | Close


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> object:
        """Read the body."""
        value: object = json.loads(self.body)
        return value


class HungUp(Exception):
    """The client is gone."""


def head(status: str = "200 OK", **headers: str) -> Send:
    """Write a status line and headers; `content_type` stands for content-type."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return Send("\r\n".join([*lines, "", ""]).encode())


def chunk(data: bytes) -> Send:
    """Write one chunk of the chunked encoding."""
    return Send(b"%x\r\n%s\r\n" % (len(data), data))


LAST_CHUNK = Send(b"0\r\n\r\n")


def chunked(pieces: Iterable[bytes], content_type: str, *, pause_seconds: float = 0.0) -> list[Act]:
    """Answer with `pieces`, each a chunk and a write of its own."""
    acts: list[Act] = [head(content_type=content_type, transfer_encoding="chunked")]
    for piece in pieces:
        acts.append(chunk(piece))
        if pause_seconds:
            acts.append(Pause(pause_seconds))
    return [*acts, LAST_CHUNK]


def until_close(pieces: Iterable[bytes], content_type: str) -> list[Act]:
    """Answer with a body that ends with the connection."""
    return [head(content_type=content_type, connection="close"), *(Send(piece) for piece in pieces), Close()]


def whole(
    data: bytes | str, content_type: str = "application/json", status: str = "200 OK", **headers: str
) -> list[Act]:
    """Answer with a body of stated length."""
    body = data.encode() if isinstance(data, str) else data
    return [head(status, content_type=content_type, content_length=str(len(body)), **headers), Send(body)]


NOT_FOUND = whole('{"error": {"message": "File Not Found", "code": 404}}', status="404 Not Found")


@dataclass
class FaultServer:
    """What tests script, and what they can see of it."""

    url: str
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    """How many were ever accepted."""
    open_connections: int = 0
    bytes_sent: int = 0
    hung_up: anyio.Event = field(default_factory=anyio.Event)
    """Set when a client hung up on an answer that had not ended."""
    _answers: dict[str, list[list[Act]]] = field(default_factory=lambda: defaultdict(list))

    def answer(self, path: str, *scripts: Sequence[Act]) -> None:
        """Let `path` answer with each script in turn, and with the last one from then on."""
        self._answers[path] = [list(script) for script in scripts]

    def next_script(self, path: str) -> list[Act]:
        """Take the next script of `path`."""
        scripts = self._answers.get(path)
        if not scripts:
            return NOT_FOUND
        return scripts.pop(0) if len(scripts) > 1 else scripts[0]


@asynccontextmanager
async def serve() -> AsyncGenerator[FaultServer, None]:
    """Serve on a free port of 127.0.0.1 for as long as the block runs."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        listener.setblocking(False)
        server = FaultServer(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_accept, listener, server, tasks)
            try:
                yield server
            finally:
                tasks.cancel_scope.cancel()


async def _accept(listener: socket.socket, server: FaultServer, tasks: anyio.abc.TaskGroup) -> None:
    while True:
        await anyio.wait_readable(listener)
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            continue
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.connections += 1
        tasks.start_soon(_serve, connection, server)


async def _serve(connection: socket.socket, server: FaultServer) -> None:
    server.open_connections += 1
    try:
        with connection:
            pending = bytearray()
            while request := await _read_request(connection, pending):
                server.requests.append(request)
                for act in server.next_script(request.path):
                    try:
                        await _perform(act, connection, server)
                    except (HungUp, ConnectionError):
                        server.hung_up.set()
                        return
                    if isinstance(act, Reset | Close):
                        return
    except (HungUp, ConnectionError):
        return
    finally:
        server.open_connections -= 1


async def _perform(act: Act, connection: socket.socket, server: FaultServer) -> None:
    match act:
        case Send(data):
            await _send(connection, data, server)
        case Pause(seconds):
            await anyio.sleep(seconds)
        case Stall():
            while await _receive(connection):
                pass
            raise HungUp
        case Endless(data, pause_seconds):
            while True:
                await _send(connection, data, server)
                await anyio.sleep(pause_seconds)
        case Reset():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        case HalfClose():
            connection.shutdown(socket.SHUT_WR)
        case Close():
            connection.close()


async def _send(connection: socket.socket, data: bytes, server: FaultServer) -> None:
    view = memoryview(data)
    while view:
        try:
            sent = connection.send(view)
        except BlockingIOError:
            await anyio.wait_writable(connection)
            continue
        server.bytes_sent += sent
        view = view[sent:]
    await anyio.lowlevel.checkpoint()


async def _receive(connection: socket.socket) -> bytes:
    while True:
        await anyio.wait_readable(connection)
        try:
            return connection.recv(65536)
        except BlockingIOError:
            continue


async def _read_request(connection: socket.socket, pending: bytearray) -> Request | None:
    """Read one request; None when the client hung up between two."""

    async def more() -> None:
        data = await _receive(connection)
        if not data:
            raise HungUp
        pending.extend(data)

    while b"\r\n\r\n" not in pending:
        await more()
    top, _, _ = bytes(pending).partition(b"\r\n\r\n")
    del pending[: len(top) + 4]
    request_line, *lines = top.decode("latin-1").split("\r\n")
    method, path, _ = request_line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    while len(pending) < length:
        await more()
    body = bytes(pending[:length])
    del pending[:length]
    return Request(method, path, headers, body)
