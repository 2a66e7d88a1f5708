"""Answers read while they arrive, with deadlines that never span a yield."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

import anyio
import httpx

from voicebot.http.lines import BadStream

CLOSE_SECONDS = 2.0
DRAIN_SECONDS = 0.1
MAX_BODY_BYTES = 8 * 1024 * 1024

T = TypeVar("T")


class Decoder(Protocol[T]):
    """Bytes in, whole items out; a fault shows at the call after the last good item."""

    def feed(self, data: bytes) -> list[T]:
        """Return the items that `data` completes."""
        ...

    def flush(self) -> list[T]:
        """Return the item that came without its end, if any."""
        ...

    def check(self) -> None:
        """Raise what is wrong behind the items returned so far, if anything."""
        ...


class Body:
    """The body of a response that is still arriving."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.ended = False
        """True once the last byte was read."""
        self._pieces = response.aiter_bytes()

    async def next_items(self, decoder: Decoder[T], *, deadline: float) -> list[T]:
        """Return the next items, one at least; none at the end of the body.

        What completes no item (such as keep-alive comments) does not move the deadline. Raises TimeoutError,
        httpx.HTTPError and BadStream.
        """
        decoder.check()
        with anyio.fail_after(deadline - anyio.current_time()):
            async for piece in self._pieces:
                if items := decoder.feed(piece):
                    return items
                decoder.check()
        self.ended = True
        # An end inside a character is an end like any other: the caller sees that the answer is not whole.
        with suppress(BadStream):
            return decoder.flush()
        return []

    async def read_all(self, *, deadline: float, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """Return the whole body; raise TimeoutError, httpx.HTTPError, or BadStream when it is too long."""
        body = bytearray()
        with anyio.fail_after(deadline - anyio.current_time()):
            async for piece in self._pieces:
                body += piece
                if len(body) > max_bytes:
                    raise BadStream(f"an answer of more than {max_bytes} bytes")
        self.ended = True
        return bytes(body)

    async def drain(self) -> None:
        """Read over an end that should be here already, so that the connection can be used again."""
        with anyio.move_on_after(DRAIN_SECONDS), suppress(httpx.HTTPError):
            async for _ in self._pieces:
                pass

    async def aclose(self) -> None:
        """Hang up, or give the connection back if the body was read to its end."""
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
    """Send `request` and give its response as soon as the headers are here; hang up at the end of the block.

    Raises TimeoutError and httpx.HTTPError.
    """
    request.stream = _Content(await request.aread())
    with anyio.fail_after(deadline - anyio.current_time()):
        response = await client.send(request, stream=True)
    body = Body(response)
    try:
        yield body
    finally:
        await body.aclose()


class _Content(httpx.AsyncByteStream):
    """The content of a request in one piece; no generator: a cancelled request would leave it unclosed."""

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
    deadline = anyio.current_time() + seconds
    async with open_body(client, client.build_request("GET", path, headers=headers), deadline=deadline) as body:
        content = await body.read_all(deadline=deadline)
    value: object = None
    with suppress(ValueError, RecursionError):
        value = json.loads(content)
    return JsonAnswer(body.response, content, value)
