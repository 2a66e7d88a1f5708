"""Serves the control socket: many callers at once."""

from __future__ import annotations

import sys
from functools import partial

import anyio
from anyio.abc import SocketListener, SocketStream

from voicebot.daemon.accepting import let_in
from voicebot.daemon.caller import Caller, Controls
from voicebot.daemon.dispatcher import Dispatcher

_LAST_ANSWERS_SECONDS = 0.5
"""For answers that are still sent when the daemon closes."""
_CONNECTIONS = 4096
_OTHER_FILES = 64
"""Descriptors that the engines, the device and the history need."""


async def serve(
    listener: SocketListener, dispatcher: Dispatcher, controls: Controls, closing: anyio.Event, *, token: str = ""
) -> None:
    """Serve callers until `closing`, then give those who wait their last answers.

    With `token`, only callers that know it are served.
    """
    serve_one = partial(_serve_one, dispatcher=dispatcher, controls=controls, closing=closing, token=token)
    await let_in(listener, serve_one, closing, most=_connections(), anybody=bool(token))


def _connections() -> int:
    """How many callers there may be at once: as many as there are descriptors for."""
    if sys.platform == "win32":
        return _CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(_CONNECTIONS, soft - _OTHER_FILES))


async def _serve_one(
    stream: SocketStream, *, dispatcher: Dispatcher, controls: Controls, closing: anyio.Event, token: str
) -> None:
    async with anyio.create_task_group() as waiting:
        caller = Caller(stream, dispatcher, controls, waiting, closing)
        try:
            await caller.serve(token)
        finally:
            caller.leave()
        last_answers_seconds = _LAST_ANSWERS_SECONDS if closing.is_set() else 0.0
        waiting.cancel_scope.deadline = anyio.current_time() + last_answers_seconds
