"""A client that sends exactly what it is told, and a list of everything that the application serves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, WebSocketRoute

from tests.machine import PATIENCE_SECONDS
from tests.server.running import bearer
from voicebot.config.models import Config
from voicebot.server.application import make_app
from voicebot.server.keys import Keys

Headers = list[tuple[str, str]]
OPEN = {"/", "/health", "/overlay", "/api/login"}
"""What a stranger may ask for; besides the files of the page, in the folder /page/."""
_HANDSHAKE = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-protocol", "voicebot.v1"),
]


@dataclass(frozen=True, slots=True)
class Route:
    """One way into the application."""

    method: str
    """`WEBSOCKET` for the request to open one."""
    path: str

    @property
    def is_open(self) -> bool:
        """Whether a stranger may use it."""
        return self.path in OPEN or self.path.startswith("/page/")

    @property
    def has_effect(self) -> bool:
        """Whether it takes JSON only."""
        return self.method not in ("GET", "HEAD", "WEBSOCKET")


def every_route() -> list[Route]:
    """Every way into the application, with some value for each part of a path; a new route needs no change here."""
    app = make_app(Config(), Keys("x"))
    return sorted(set(_routes(app.routes)), key=lambda route: (route.path, route.method))


def _routes(routes: Iterable[Any]) -> Iterator[Route]:  # Any: what Starlette and FastAPI call a route differs
    for route in iter_route_contexts(list(routes)):
        if isinstance(route.original_route, Mount):
            yield Route("GET", f"{route.path}/some.file")
        elif isinstance(route.original_route, WebSocketRoute):
            yield Route("WEBSOCKET", _filled(route.path or ""))
        else:
            for method in route.methods or {"GET"}:
                yield Route(method, _filled(route.path or ""))


def _filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "some-value", path)


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back."""

    status: int
    """0: the connection was closed without a word."""
    headers: Headers
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header; empty if there is none."""
        return dict(self.headers).get(name, "")


class Connection:
    """One connection to a server of this machine."""

    def __init__(self, stream: anyio.abc.SocketStream) -> None:
        self.stream = stream
        self._buffered = BufferedByteReceiveStream(stream)

    async def answer(self, *, has_body: bool = True) -> Answer:
        """Read the head of the next answer, and its body if it has one and tells how long that is."""
        try:
            head = await self._buffered.receive_until(b"\r\n\r\n", 65536)
        except (anyio.IncompleteRead, anyio.BrokenResourceError):
            return Answer(0, [])
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.partition(":") for line in lines]
        headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        length = int(dict(headers).get("content-length", "0")) if has_body else 0
        return Answer(int(first.split(" ")[1]), headers, await self._buffered.receive_exactly(length))

    async def is_closed(self) -> bool:
        """Wait for the server to close it."""
        try:
            while True:
                await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return True


class Client:
    """Opens connections to one port of 127.0.0.1, and closes them at the end of its block."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def connect(self) -> Connection:
        """A new connection."""
        return Connection(await self._stack.enter_async_context(await anyio.connect_tcp("127.0.0.1", self.port)))

    async def send(self, sent: bytes) -> Answer:
        """The answer to whatever is sent, on a connection of its own."""
        async with await anyio.connect_tcp("127.0.0.1", self.port) as stream:
            connection = Connection(stream)
            await connection.stream.send(sent)
            with anyio.fail_after(PATIENCE_SECONDS):
                return await connection.answer(has_body=not sent.startswith(b"HEAD "))

    async def ask(self, route: Route, headers: Headers, *, body: bytes = b"{}", target: str = "") -> Answer:
        """The answer to a request with exactly these headers, and those without which it would not be one."""
        return await self.send(request(route, headers, body=body, target=target))

    def right(self, route: Route) -> Headers:
        """The headers of a program that does everything right."""
        return [
            ("host", f"127.0.0.1:{self.port}"),
            *bearer().items(),
            *([("content-type", "application/json")] if route.method != "WEBSOCKET" else []),
        ]


def request(route: Route, headers: Headers, *, body: bytes = b"{}", target: str = "") -> bytes:
    """A request as it is sent."""
    if route.method == "WEBSOCKET":
        method, body, more = "GET", b"", _HANDSHAKE
    else:
        method, more = route.method, [("content-length", str(len(body)))]
    lines = [f"{method} {target or route.path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*headers, *more])]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def changed(headers: Headers, name: str, *values: str) -> Headers:
    """`headers` with other values of one of them; none takes it away."""
    return [(found, value) for found, value in headers if found != name] + [(name, value) for value in values]
