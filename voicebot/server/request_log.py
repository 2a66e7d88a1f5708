"""One line for each request, without anybody's words, and the answer to a request that hits a bug."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from traceback import extract_tb

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voicebot.server.refusals import answer_to_a_bug

log = logging.getLogger(__name__)
_INTERNAL_ERROR = 1011
_STARTS = {"http.response.start", "websocket.http.response.start"}


class RequestLog:
    """Wraps everything else, so that no exception reaches anything that would log its message."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and write down how it ended."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        begun, status = time.monotonic(), 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] in _STARTS:
                status = message["status"]
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            pass  # in the middle of what it wanted to say
        except Exception as error:  # noqa: BLE001 - the last place before uvicorn, which writes down its message
            log.error("a bug: %s, for route=%s", _where(error), _route(scope))
            if not status:
                await answer_to_a_bug()(scope, receive, send_noting)
            elif status == 101:
                await send({"type": "websocket.close", "code": _INTERNAL_ERROR})
        finally:
            milliseconds = 1000 * (time.monotonic() - begun)
            method = scope.get("method", "WEBSOCKET") if _route(scope) != "-" else "-"
            log.info("method=%s route=%s status=%d ms=%.0f", method, _route(scope), status, milliseconds)


def _route(scope: Scope) -> str:
    """The template of the path: the path itself may contain what somebody wrote."""
    return getattr(scope.get("route"), "path", "-")


def _where(error: Exception) -> str:
    """The kinds and places of an exception, or of those in a group."""
    return ", ".join(_kinds(error))


def _kinds(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _kinds(inner)
        return
    frames = extract_tb(error.__traceback__, limit=-1)
    yield type(error).__name__ + "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in frames)
