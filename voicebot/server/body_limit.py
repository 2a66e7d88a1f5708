"""What a request body may be: up to a number of bytes, and not compressed."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voicebot.config.models import ServerConfig
from voicebot.server.refusals import Refusal, refuse

_LEAST_BYTES = 1024 * 1024
_BYTES_OF_A_CHARACTER = 12
"""In JSON, where it is written as two escapes."""


def most_bytes(config: ServerConfig) -> int:
    """How many bytes a request may have: the longest message fits, however it is written."""
    return max(_LEAST_BYTES, config.max_characters * _BYTES_OF_A_CHARACTER + 64 * 1024)


class BodyLimit:
    """Refuses bodies that are too long, and compressed ones, whose length says nothing; range requests are ignored."""

    def __init__(self, app: ASGIApp, *, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused, pass on any other."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := self._refusal(Headers(scope=scope)):
            await refuse(refusal)(scope, receive, send)
            return
        headers = MutableHeaders(scope=scope)
        del headers["range"]  # nothing here is long, but a thousand ranges of it would be
        taken = 0

        async def receive_within_limit() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most_bytes:
                # not a Refusal: FastAPI would say instead that it cannot read the body
                raise HTTPException(413, self._too_long().message)
            return message

        await self._app(scope, receive_within_limit, send)

    def _refusal(self, headers: Headers) -> Refusal | None:
        if any(coding.strip().lower() not in ("", "identity") for coding in headers.getlist("content-encoding")):
            return Refusal(415, "this takes uncompressed bodies only", hint="do not compress what you send")
        if int(headers.get("content-length", "0")) > self._most_bytes:
            return self._too_long()
        return None

    def _too_long(self) -> Refusal:
        return Refusal(413, f"the body is longer than {self._most_bytes} bytes", hint="server.max_characters")
