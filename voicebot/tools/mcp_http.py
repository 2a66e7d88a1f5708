"""An MCP server at an address, within bounds.

The SDK reads a body of any size and unpacks it too, and asks again without a pause where a server says so. So it is
given a client of ours. That has to be one of httpx2, which the SDK brings and takes in its public signature: the bound
on `mcp` in pyproject.toml holds both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio
import httpx2
from mcp.client.streamable_http import streamable_http_client

from voicebot.http.lines import MAX_LINE_BYTES
from voicebot.http.streaming import MAX_BODY_BYTES
from voicebot.translation import tr

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams  # the SDK exports Transport, but not what one yields

_MAX_STREAM_BYTES = 4 * MAX_BODY_BYTES
"""Of an answer that comes as events, of which each line has a limit of its own."""
_SECONDS = 30.0
_SILENT_SECONDS = 300.0
"""A server may keep an answer open while its tool works."""
_PAUSE_SECONDS = 1.0
"""Between two requests for what the server has to say by itself, at least."""


@asynccontextmanager
async def open_http(url: str) -> AsyncIterator[TransportStreams]:
    """What the server at `url` says and what it is told, until the block ends.

    An answer that is too long, or compressed without having been asked to, is an error of the request that it answers.
    """
    async with (
        httpx2.AsyncClient(
            headers={"accept-encoding": "identity"},
            timeout=httpx2.Timeout(_SECONDS, read=_SILENT_SECONDS),
            event_hooks={"request": [_Pacing().wait], "response": [_bound]},
        ) as client,
        streamable_http_client(url, http_client=client, max_sse_event_size=None) as (said, told),
    ):
        yield said, told


class _Pacing:
    """Keeps a server from being asked over and over for what it has to say by itself."""

    def __init__(self) -> None:
        self._next = 0.0

    async def wait(self, request: httpx2.Request) -> None:
        """Return when `request` may be sent."""
        if request.method == "GET":
            await anyio.sleep_until(self._next)
            self._next = anyio.current_time() + _PAUSE_SECONDS


async def _bound(response: httpx2.Response) -> None:
    """Let no more of the body come than is sensible."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    encoding = response.headers.get("content-encoding", "").strip().lower()
    packed = encoding if encoding != "identity" else ""
    response.stream = _Bounded(response.stream, events=_is_events(response), packed=packed)


def _is_events(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").lower().startswith("text/event-stream")


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error where it is too long."""

    def __init__(self, body: httpx2.AsyncByteStream, *, events: bool, packed: str) -> None:
        self._body = body
        self._events = events
        self._packed = packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Its pieces. Raises the error that the SDK expects of such a body, so that only this request fails."""
        if self._packed:
            raise self._fault(tr("an answer compressed as {encoding}, which was not asked for", encoding=self._packed))
        limit = _MAX_STREAM_BYTES if self._events else MAX_BODY_BYTES
        total = line = 0
        pieces = aiter(self._body)
        async for piece in pieces:
            total += len(piece)
            line = len(piece) - end if (end := piece.rfind(b"\n") + 1) else line + len(piece)
            too_long = ""
            if total > limit:
                too_long = tr("an answer of more than {limit} bytes", limit=limit)
            elif line > MAX_LINE_BYTES and self._events:
                too_long = tr("a line of more than {limit} bytes", limit=MAX_LINE_BYTES)
            if too_long:
                await self._end(pieces)
                raise self._fault(too_long)
            yield piece

    async def aclose(self) -> None:
        """Hang up."""
        await self._body.aclose()

    async def _end(self, pieces: AsyncIterator[bytes]) -> None:
        """Hang up, and let the generators that `pieces` is made of end here, in a task that runs."""
        await self._body.aclose()
        with suppress(httpx2.HTTPError, httpx2.StreamError):
            async for _ in pieces:
                pass

    def _fault(self, words: str) -> Exception:
        return httpx2.SSEError(words) if self._events else httpx2.StreamError(words)
