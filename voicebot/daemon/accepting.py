"""Lets callers in: many at once, each on its own."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from collections.abc import Awaitable, Callable

import anyio
from anyio import BrokenResourceError, CancelScope, ClosedResourceError
from anyio.abc import SocketAttribute, SocketListener, SocketStream

from voicebot.daemon.caller import cancel_after
from voicebot.daemon.client import is_ours
from voicebot.daemon.unix_stream import UnixStream

log = logging.getLogger(__name__)

_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_GONE_AGAIN = {errno.ECONNABORTED, errno.EAGAIN}
"""The caller left before it was let in."""
_AGAIN_SECONDS = 0.1


async def let_in(
    listener: SocketListener,
    serve_one: Callable[[SocketStream], Awaitable[None]],
    closing: anyio.Event,
    *,
    most: int,
    anybody: bool = False,
) -> None:
    """Have `serve_one` serve each caller that connects until `closing`, `most` of them at once; then wait for them.

    Only programs of the same user come in, or `anybody`.
    """
    slots = anyio.Semaphore(most)

    async def let_in_one(stream: SocketStream) -> None:
        try:
            if anybody or is_ours(stream.extra(SocketAttribute.raw_socket)):
                await serve_one(stream)
        finally:
            slots.release()

    async with anyio.create_task_group() as callers:
        accepting = CancelScope()
        callers.start_soon(cancel_after, closing, accepting)
        with accepting:
            while True:
                await slots.acquire()
                callers.start_soon(serve_alone, await accept(listener), let_in_one)


async def accept(listener: SocketListener) -> SocketStream:
    """The next caller; where there is no room for one more connection, wait until somebody leaves."""
    listening = listener.extra(SocketAttribute.raw_socket)
    while True:
        try:
            if sys.platform == "win32" or listening.family != socket.AF_UNIX:
                return await listener.accept()
            await anyio.wait_readable(listening)
            return UnixStream(listening.accept()[0])
        except OSError as error:
            if error.errno in _NO_ROOM:
                await anyio.sleep(_AGAIN_SECONDS)
            elif error.errno not in _GONE_AGAIN:
                raise


async def serve_alone(stream: SocketStream, serve_one: Callable[[SocketStream], Awaitable[None]]) -> None:
    """Serve one caller. If it goes, or something fails for it, nobody else is affected."""
    try:
        async with stream:
            await serve_one(stream)
    except* (BrokenResourceError, ClosedResourceError, OSError):
        pass  # it left in the middle of something
    except* Exception:
        log.exception("a connection failed")
