"""Answers that are sent while they are written, and given up when nobody reads them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager

import anyio
from anyio.lowlevel import checkpoint
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from voicebot.errors import VoicebotError, without_groups
from voicebot.server.patience import Patience
from voicebot.server.reader_watch import ReaderWatch
from voicebot.server.refusals import Refusal, refuse, upstream_error, without_words

log = logging.getLogger(__name__)
SEND_SECONDS = 30.0
"""How long a reader may leave what was sent unread."""
UNBUFFERED = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
"""Headers of an answer that no proxy may hold back, also not to compress it: some hold events until they end."""

_UNBROKEN = 16
"""Others have their turn after this many parts, where all of them are at hand."""
_OUTSIDE = "voicebot.outside"
"""In the scope of a request: the list of what is to be sent from outside."""

Parts = Callable[[], AbstractAsyncContextManager[AsyncIterator[bytes]]]


class SendsFromOutside:
    """Sends streamed answers itself, when everything within has returned.

    The web framework handles a request in a dozen calls, one inside the other, each with what it knows of the request:
    all that would be held as long as somebody reads, and gone through for each part.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, then send what that leaves."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outside: list[StreamedResponse] = []
        inner = {**scope, _OUTSIDE: outside}  # a copy, for the framework puts into it what it knows of the request
        await self._app(inner, receive, send)
        scope["route"] = inner.get("route")
        del inner
        for response in outside:
            await response.stream(scope, receive, send)


class StreamedResponse(Response):
    """Sends each part as soon as it is there.

    Nothing is sent before the first part, so that a failure until then has an error status; a later one breaks the
    connection off, since a proper end would claim that this was all. It ends when the reader leaves.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        timing: str = "first",
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        """`parts` opens what is sent; leaving it ends whatever makes the parts.

        A reader that takes nothing for `send_seconds` is given up. `timing` is what the browser's tools call the time
        to the first part (the header Server-Timing).
        """
        self._timing = timing
        self._begun = False
        self._send_head: Send | None = None
        """What puts into it what belongs into each answer; None when it is sent, and where `send` does that."""
        self._made = anyio.current_time()
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self._parts = parts
        self._patience = Patience(send_seconds)
        self.init_headers({**UNBUFFERED, **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, from outside where that is possible."""
        if _OUTSIDE in scope:
            self._send_head = send
            scope[_OUTSIDE].append(self)
        else:
            await self.stream(scope, receive, send)

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it from here."""
        try:
            with without_groups(), anyio.CancelScope() as reading:
                watch = ReaderWatch(receive, self._patience, reading.cancel)
                try:
                    async with self._parts() as parts:
                        await self._send(parts, send)
                finally:
                    await watch.end()
            if watch.exhausted:
                raise TimeoutError
        except Refusal as refusal:
            if not self._begun:
                await refuse(refusal)(scope, receive, self._send_head or send)
            else:  # an answer without an end: the server closes the connection
                log.warning("an answer at %s broke off: %s", scope["path"], refusal.code)
        except VoicebotError as error:
            if self._begun:
                raise
            log.error("a reply failed: %s", without_words(error))
            await refuse(upstream_error(error.message, error.hint))(scope, receive, self._send_head or send)
        except TimeoutError:
            if not self._begun:
                raise
            log.warning("an answer at %s was not taken", scope["path"])

    async def _send(self, parts: AsyncIterator[bytes], send: Send) -> None:
        number = 0
        async for part in parts:
            if not self._begun:
                await self._begin(send)
            await self._patience.wait_for(send({"type": "http.response.body", "body": part, "more_body": True}))
            del part  # it is not kept while the next one is waited for
            number += 1
            if number % _UNBROKEN == 0:
                await checkpoint()  # uvicorn's send returns at once, even when nobody reads
        if not self._begun:
            await self._begin(send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _begin(self, send: Send) -> None:
        self._begun, send, self._send_head = True, self._send_head or send, None
        milliseconds = 1000 * (anyio.current_time() - self._made)
        timing = (b"server-timing", f"{self._timing};dur={milliseconds:.1f}".encode())
        headers = [*self.raw_headers, timing]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
