"""Which doors stand beside the control socket: one a protocol, each open for the dispatcher until the daemon closes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import anyio

from voicebot.config.models import DaemonConfig
from voicebot.daemon.address import Address
from voicebot.daemon.dispatcher import Dispatcher
from voicebot.daemon.mpris.door import serve_mpris
from voicebot.daemon.ssip.door import serve_ssip

log = logging.getLogger(__name__)

Door = Callable[[Dispatcher, anyio.Event], Coroutine[Any, Any, None]]  # Any: the event loop's
"""Serves callers of another protocol until the event, which says that the daemon closes."""


def configured_doors(
    config: DaemonConfig, *, address: Address, voices: Callable[[], Awaitable[list[dict[str, object]]]]
) -> list[Door]:
    """Those that the configuration asks for; `voices` lists the engine's, and raises VoicebotError."""
    doors: list[Door] = []
    if config.ssip and not address.loopback:  # there are no Unix sockets where that is needed
        doors.append(partial(_alone, "ssip", partial(serve_ssip, address=address, voices=voices)))
    if config.mpris:
        doors.append(partial(_alone, "mpris", serve_mpris))
    return doors


async def _alone(name: str, door: Door, dispatcher: Dispatcher, closing: anyio.Event) -> None:
    """Serve at `door`; what goes wrong there is told and closes that door alone."""
    try:
        await door(dispatcher, closing)
    except Exception:
        log.exception("%s has ended", name)
