"""Answers read while they arrive, with deadlines that never span a yield."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

import anyio
import anyio.lowlevel
import httpx

from voicebot.http.lines import BadStream
from voicebot.translation import tr

CLOSE_SECONDS = 2.0
DRAIN_SECONDS = 0.1
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_UNPACKED_BYTES = 16 * 1024 * 1024
"""Of an answer that came compressed without being asked to; a plain one costs its sender as much as us."""
PIECE_BYTES = 64 * 1024
MAX_REDIRECTS = 3

T = TypeVar("T")


class Decoder(Protocol[T]):
    """Bytes in, whole items out; a fault is raised by the call after the last good item."""

    def feed(self, data: bytes) -> list[T]:
        """Return the items that `data` completes."""
        ...

    def flush(self) -> list[T]:
        """Return the item that came without its end, if any."""
        ...

    def check(self) -> None:
        """Raise what is wrong after the items returned so far, if anything."""
        ...


class Body:
    """The body of a response that is still arriving."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.ended = False
        """True once the last byte was read."""
        self._pieces = response.aiter_raw()
        encoding: str = response.headers.get("content-encoding", "").strip().lower()
        self._unpacker = _Unpacker(encoding) if encoding not in ("", "identity") else None

    async def next_items(self, decoder: Decoder[T], *, deadline: float) -> list[T]:
        """Return the next items, at least one; none at the end of the body.

        What completes no item (such as keep-alive comments) does not move the deadline. Raises TimeoutError,
        httpx.HTTPError and BadStream.
        """
        decoder.check()
        with anyio.CancelScope(deadline=deadline) as scope:  # fail_after takes twice as long, for each delta
            while piece := await self._next_piece():
                if items := decoder.feed(piece):
                    return items
                decoder.check()
        if scope.cancelled_caught:
            raise TimeoutError
        self.ended = True
        # An end inside a character is an end like any other: the caller notices that the answer is not whole.
        with suppress(BadStream):
            return decoder.flush()
        return []

    async def read_all(self, *, deadline: float, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """Return the whole body; raise TimeoutError, httpx.HTTPError, or BadStream when it is too long."""
        body = bytearray()
        with anyio.fail_after(deadline - anyio.current_time()):
            while piece := await self._next_piece():
                body += piece
                if len(body) > max_bytes:
                    raise BadStream(tr("an answer of more than {limit} bytes", limit=max_bytes))
        self.ended = True
        return bytes(body)

    async def drain(self) -> None:
        """Read the end of the body, which should be here already, so that the connection can be used again."""
        with anyio.move_on_after(DRAIN_SECONDS), suppress(httpx.HTTPError):
            async for _ in self._pieces:
                pass

    async def _next_piece(self) -> bytes:
        """Return the next bytes, unpacked; none at the end."""
        while True:
            if self._unpacker is not None and (piece := self._unpacker.take()):
                await anyio.lowlevel.checkpoint()  # a small packet may unpack to a lot of work
                return piece
            try:
                arrived = await anext(self._pieces)
            except StopAsyncIteration:
                return b""
            if self._unpacker is not None:
                self._unpacker.feed(arrived)
            elif arrived:
                return arrived

    async def aclose(self) -> None:
        """Hang up, or keep the connection for reuse if the body was read to its end."""
        # Shielded, since it runs in cancelled scopes too; the deadline is for a TLS peer that does not say goodbye.
        with anyio.move_on_after(CLOSE_SECONDS, shield=True), suppress(httpx.HTTPError, httpx.StreamError):
            await self.response.aclose()
            # httpx nests async generators. Left alone, the inner ones would end whenever the garbage collector finds
            # them, in a task of their own; on the closed connection they end here.
            async for _ in self._pieces:
                pass


@asynccontextmanager
async def open_body(
    client: httpx.AsyncClient, request: httpx.Request, *, deadline: float
) -> AsyncGenerator[Body, None]:
    """Send `request` and yield its body as soon as the headers are here; hang up at the end of the block.

    Redirects are followed within the same server only, and only with the same method: no other host sees the request
    or its key. A request that met a kept connection which the server had closed meanwhile is sent again on a new one.
    Raises TimeoutError, httpx.HTTPError and BadStream.
    """
    request.stream = _Content(await request.aread())
    with anyio.fail_after(deadline - anyio.current_time()):
        response = await _send(client, request)
        for _ in range(MAX_REDIRECTS):
            onward = response.next_request
            if onward is None or onward.method != request.method or _origin(onward) != _origin(request):
                break
            await Body(response).aclose()
            response = await client.send(onward, stream=True)
    body = Body(response)
    try:
        yield body
    finally:
        await body.aclose()


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send `request`; again, until a connection was made for it, if it failed before anything was answered."""
    connected = False
    trace = request.extensions.get("trace")  # the caller's own

    async def note_connection(event: str, details: Mapping[str, object]) -> None:
        nonlocal connected
        connected = connected or event.startswith("connection.connect_")
        if trace is not None:
            await trace(event, details)

    request.extensions = {**request.extensions, "trace": note_connection}
    while True:
        try:
            return await client.send(request, stream=True)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
            answered = isinstance(error, httpx.RemoteProtocolError) and "without sending" not in str(error)
            if connected or answered:
                raise


def _origin(request: httpx.Request) -> tuple[str, str, int | None]:
    return request.url.scheme, request.url.host, request.url.port


class _Unpacker:
    """Unpacks gzip and deflate in pieces of bounded size."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # either kind of head
        self._packed = b""
        self._more = False
        self._unpacked_bytes = 0

    def feed(self, data: bytes) -> None:
        """Take packed bytes; everything in those before must have been taken out."""
        self._packed, self._more = data, True

    def take(self) -> bytes:
        """Return the next piece; empty when more has to be fed. Raises BadStream."""
        if not self._more:
            return b""
        if self._encoding not in ("gzip", "x-gzip", "deflate"):
            raise BadStream(tr("an answer compressed as {encoding}, which was not asked for", encoding=self._encoding))
        try:
            piece = self._inflate.decompress(self._packed, PIECE_BYTES)
        except zlib.error as error:
            raise BadStream(tr("compressed data that is damaged: {error}", error=error)) from error
        self._packed = self._inflate.unconsumed_tail
        self._more = len(piece) == PIECE_BYTES
        self._unpacked_bytes += len(piece)
        if self._unpacked_bytes > MAX_UNPACKED_BYTES:
            raise BadStream(tr("a compressed answer of more than {limit} bytes", limit=MAX_UNPACKED_BYTES))
        return piece


class _Content(httpx.AsyncByteStream):
    """The content of a request in one piece; not a generator, which a cancelled request would leave unclosed."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Once(self._data)


class _Once:
    def __init__(self, data: bytes) -> None:
        self._pieces = [data] if data else []

    def __aiter__(self) -> _Once:
        return self

    async def __anext__(self) -> bytes:
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop()


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A whole answer that should be JSON."""

    response: httpx.Response
    content: bytes
    value: object
    """The content; None when it is not JSON."""


async def get_json(
    client: httpx.AsyncClient, path: str, *, seconds: float, headers: Mapping[str, str] | None = None
) -> JsonAnswer:
    """GET `path` within `seconds`; raise TimeoutError, httpx.HTTPError or BadStream."""
    return await exchange_json(client, client.build_request("GET", path, headers=headers), seconds=seconds)


async def exchange_json(client: httpx.AsyncClient, request: httpx.Request, *, seconds: float) -> JsonAnswer:
    """Send `request` and read the whole answer within `seconds`; raise as `get_json` does."""
    deadline = anyio.current_time() + seconds
    async with open_body(client, request, deadline=deadline) as body:
        content = await body.read_all(deadline=deadline)
    value: object = None
    with suppress(ValueError, RecursionError):
        value = json.loads(content)
    return JsonAnswer(body.response, content, value)
