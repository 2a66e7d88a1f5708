"""Limits on connections: how many there may be, how long a request may take, how much it may hold."""

from __future__ import annotations

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, Protocol

import anyio
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

from voicebot.server.allowance import Allowance
from voicebot.server.refusals import Refusal, refuse
from voicebot.server.security import is_loopback

_AROUND_HEADER = len(": \r\n")
_BYTES_AT_ONCE = 4096
"""Of a WebSocket, whose frames are read before anybody can count them."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may take, and how many there may be."""

    most: int
    most_of_an_address: int
    """Of one address of another machine; all programs of this one have the same."""
    body_bytes: int
    head_bytes: int = 64 * 1024
    """Of the request line and the headers; browsers send a page's cookies to every port of its host."""
    request_seconds: float = 30.0
    """How long a request may take to arrive whole, from its first byte on, or a connection to begin one."""
    stalled_seconds: float = 40.0
    """How long a client may leave what was sent unread."""
    ping_seconds: float = 20.0
    """How often a WebSocket is pinged, and how long the client has to answer."""
    frames_at_once: int = 10_000
    frames_a_second: int = 2000
    """Of a WebSocket, of any kind; browsers send a message in one, and an empty one takes 4 µs."""

    @property
    def request_bytes(self) -> int:
        """Of everything between two requests; a chunk of one byte takes six."""
        return self.head_bytes + 8 * self.body_bytes


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's own, which would wait forever for a request to end and keep any headers, however long."""

    # in uvicorn's dictionary they would be the ones too many: it would take 1.5 KiB more for each connection
    __slots__ = ("_due", "_ended", "_in_head", "_taken_bytes")
    limits: ClassVar[ConnectionLimits]
    _due: asyncio.TimerHandle | None
    """Runs while a request is on its way, and before the first one."""
    _taken_bytes: int
    """Of the request that is on its way."""
    _in_head: bool
    _ended: bool
    """Nothing that arrives is read any more."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Accept the connection, unless there are too many."""
        self._due, self._taken_bytes, self._in_head, self._ended = None, 0, True, False
        super().connection_made(transport)
        clients = [getattr(one, "client", None) for one in self.connections]  # not every kind of connection has one
        if too_many([client[0] if client else "" for client in clients], self.client and self.client[0], self.limits):
            self._end(Refusal(503, "too many connections", code="overloaded", headers={"retry-after": "10"}))
        else:
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, as far as that is allowed."""
        if self._ended:
            return
        self._expect_request()
        self._taken_bytes += len(data)
        super().data_received(data)
        if self._due is None or self._ended:
            return
        if self._in_head and self._taken_bytes > self.limits.head_bytes:
            self._end(_HEAD_TOO_LONG)
        elif self._taken_bytes > self.limits.request_bytes:
            self._end(Refusal(413, "the request is too long"))

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        self._expect_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """What stands before the body is there."""
        self._in_head = False
        lengths = [len(name) + len(value) + _AROUND_HEADER for name, value in self.headers]
        if sum(lengths) + len(self.url) > self.limits.head_bytes:
            self._end(_HEAD_TOO_LONG)
        elif not self.url.startswith(b"/"):
            # its host would count more than the header that is checked
            self._end(Refusal(400, "a request names a path", hint="this server is not a proxy"))
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of the body is there."""
        if not self._ended:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        self._expect_nothing()
        self._taken_bytes = 0
        if not self._ended:
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Go on as a WebSocket."""
        if not self._ended:
            super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """End it with what is wrong."""
        self._end(Refusal(400, msg))

    def _expect_request(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(self.limits.request_seconds, self._give_up)

    def _expect_nothing(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _give_up(self) -> None:
        self._due = None
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and (self.flow.read_paused or not self.cycle.more_body):
            self._expect_request()  # we have stopped reading, or the next request is slow to come
        else:
            self._end(Refusal(408, "the request did not arrive in time"))

    def _end(self, refusal: Refusal) -> None:
        if self._ended:
            return
        self._ended = True
        self._expect_nothing()
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # a second answer would look like a part of the first
            return
        self.transport.write(_whole_answer(refusal))
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # nobody takes it
        else:
            self.transport.close()


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's own, which takes any number of frames, and keeps the answers to pings of somebody who reads none.

    A frame without anything in it costs its sender six bytes, and counts toward the length of no message.
    """

    limits: ClassVar[ConnectionLimits]
    _frames: Allowance

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin to count."""
        self._frames = Allowance(at_once=self.limits.frames_at_once, a_second=self.limits.frames_a_second)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Read on a little at a time: all that has arrived could be thousands of frames."""
        for start in range(0, len(data), _BYTES_AT_ONCE):
            super().data_received(data[start : start + _BYTES_AT_ONCE])

    def handle_events(self) -> None:
        """Take the frames that have arrived, unless they are too many."""
        if self._frames.use(len(self.conn.events)):
            super().handle_events()
        elif not self.close_sent:
            self.conn.fail(CloseCode.POLICY_VIOLATION, "too many frames")
            self.handle_parser_exception()

    def handle_ping(self) -> None:
        """Answer it, unless what was sent before still waits to be taken."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()


_HEAD_TOO_LONG = Refusal(431, "the headers are too long")


def too_many(addresses: Sequence[str], newest: str | None, limits: ConnectionLimits) -> bool:
    """Whether the connection from `newest`, one of the `addresses` of all, is one too many."""
    if len(addresses) > limits.most:
        return True
    if newest is None or is_loopback(newest):
        return False
    return addresses.count(newest) > limits.most_of_an_address


def limited(limits: ConnectionLimits) -> type[LimitedProtocol]:
    """The protocol with these limits."""

    class Limited(LimitedProtocol):
        pass

    Limited.limits = limits
    return Limited


def limited_websocket(limits: ConnectionLimits) -> type[LimitedWebSocket]:
    """The same of a WebSocket."""

    class Limited(LimitedWebSocket):
        pass

    Limited.limits = limits
    return Limited


class Connection(Protocol):
    """One of uvicorn's, for HTTP or as a WebSocket."""

    @property
    def transport(self) -> asyncio.Transport:
        """What it sends with."""
        ...


async def drop_stalled(connections: Iterable[Connection], seconds: float) -> None:
    """Drop those that have not read what waits for them for `seconds`, even if they are closing."""
    waiting: dict[Connection, tuple[int, float]] = {}
    while True:
        await anyio.sleep(seconds / 4)
        before, waiting = waiting, {}
        for connection in list(connections):
            size, now = connection.transport.get_write_buffer_size(), anyio.current_time()
            since = before[connection][1] if size and before.get(connection, (0, 0.0))[0] == size else now
            if now - since >= seconds:
                connection.transport.abort()
            elif size:
                waiting[connection] = size, since


def _whole_answer(refusal: Refusal) -> bytes:
    """An answer to a request that does not reach the application."""
    response = refuse(refusal)
    response.headers["connection"] = "close"
    head = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}".encode()]
    head += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*head, b"", bytes(response.body)])
