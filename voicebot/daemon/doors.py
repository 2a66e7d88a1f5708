"""The doors beside the control socket: one for each protocol, open until the daemon closes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import anyio

from voicebot.config.models import DaemonConfig
from voicebot.daemon.address import Address
from voicebot.daemon.caller import cancel_after
from voicebot.daemon.dispatcher import Dispatcher
from voicebot.daemon.engines import EngineKeeper
from voicebot.daemon.ssip.door import serve_ssip
from voicebot.errors import VoicebotError
from voicebot.installation import extra_command

log = logging.getLogger(__name__)

Door = Callable[[anyio.Event], Coroutine[Any, Any, None]]  # Any: the event loop's
"""Serves callers of another protocol until the event, which says that the daemon closes."""


def configured_doors(
    config: DaemonConfig,
    dispatcher: Dispatcher,
    keeper: EngineKeeper,
    *,
    address: Address,
    voices: Callable[[], Awaitable[list[dict[str, object]]]],
) -> list[Door]:
    """Those that the configuration asks for; `voices` lists the engine's, and raises VoicebotError."""
    doors: list[Door] = []
    if config.ssip and not address.loopback:  # there are no Unix sockets where that is needed
        doors.append(partial(_alone, "ssip", partial(serve_ssip, dispatcher, address=address, voices=voices)))
    if config.mpris:
        from voicebot.daemon.mpris.door import serve_mpris

        doors.append(partial(_alone, "mpris", partial(serve_mpris, dispatcher)))
    if config.wyoming:
        doors.append(partial(_alone, "wyoming", partial(_serve_wyoming, config.wyoming, keeper)))
    return doors


async def _alone(name: str, door: Door, closing: anyio.Event) -> None:
    """Serve at `door`; a fault there is logged and closes that door alone."""
    try:
        await door(closing)
    except Exception:
        log.exception("%s has ended", name)


async def _serve_wyoming(uri: str, keeper: EngineKeeper, closing: anyio.Event) -> None:
    """Serve Home Assistant too, where that is possible."""
    try:
        from voicebot.daemon.wyoming.door import open_door
    except ImportError:
        log.warning("daemon.wyoming: the package wyoming is not installed → %s", extra_command("wyoming"))
        return
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cancel_after, closing, tasks.cancel_scope)
        try:
            await open_door(uri, keeper, log.info)
        except VoicebotError as error:
            log.warning("daemon.wyoming: %s", error.in_one_line)
        tasks.cancel_scope.cancel()
