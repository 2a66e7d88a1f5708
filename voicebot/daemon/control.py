"""Serves the control socket: many callers at once."""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
from anyio import BrokenResourceError, CancelScope, ClosedResourceError
from anyio.abc import SocketAttribute, SocketListener, SocketStream

from voicebot.daemon.caller import Caller, Controls, cancel_after
from voicebot.daemon.client import is_ours
from voicebot.daemon.dispatcher import Dispatcher

log = logging.getLogger(__name__)

_LAST_ANSWERS_SECONDS = 0.5
"""For those who are still told how it ended when the daemon closes."""
_CONNECTIONS = 4096
_OTHER_FILES = 64
"""Descriptors that the engines, the device and the history need."""
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_AGAIN_SECONDS = 0.1


async def serve(
    listener: SocketListener, dispatcher: Dispatcher, controls: Controls, closing: anyio.Event, *, token: str = ""
) -> None:
    """Serve whoever connects until `closing`, then give those who wait their last answers.

    With `token` only those are served who know it.
    """
    serve_one = partial(_serve_one, dispatcher=dispatcher, controls=controls, closing=closing, token=token)
    await let_in(listener, serve_one, closing, most=_connections(), anybody=bool(token))


async def let_in(
    listener: SocketListener,
    serve_one: Callable[[SocketStream], Awaitable[None]],
    closing: anyio.Event,
    *,
    most: int,
    anybody: bool = False,
) -> None:
    """Have `serve_one` serve each caller that connects until `closing`, `most` of them at once; then wait for them.

    Only programs of the same user come in, or `anybody`. A caller that goes, or for whom something fails, takes
    nobody else along.
    """
    slots = anyio.Semaphore(most)
    async with anyio.create_task_group() as callers:
        accepting = CancelScope()
        callers.start_soon(cancel_after, closing, accepting)
        with accepting:
            while True:
                await slots.acquire()
                try:
                    stream = await listener.accept()
                except OSError as error:
                    slots.release()
                    if error.errno not in _NO_ROOM:
                        raise
                    await anyio.sleep(_AGAIN_SECONDS)  # until somebody leaves
                    continue
                callers.start_soon(_let_in_one, stream, serve_one, slots, anybody)


async def _let_in_one(
    stream: SocketStream, serve_one: Callable[[SocketStream], Awaitable[None]], slots: anyio.Semaphore, anybody: bool
) -> None:
    try:
        async with stream:
            if anybody or is_ours(stream.extra(SocketAttribute.raw_socket)):
                await serve_one(stream)
    except* (BrokenResourceError, ClosedResourceError, OSError):
        pass  # it has gone in the middle of something
    except* Exception:
        log.exception("a connection failed")
    finally:
        slots.release()


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
