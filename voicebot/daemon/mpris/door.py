"""Media keys, headset buttons and desktop widgets: a media player (MPRIS 2) while something is spoken or paused."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import anyio
from anyio import EndOfStream

from voicebot.daemon.caller import end_after
from voicebot.daemon.dispatcher import Dispatcher
from voicebot.daemon.mpris.state import BusGone, NowPlaying, Shown
from voicebot.errors import without_groups
from voicebot.events import Subscription
from voicebot.installation import extra_command

log = logging.getLogger(__name__)

_LINGER_SECONDS = 5.0
"""The keys stay ours for this long, so that the last sentence can be repeated."""


class Player(Protocol):
    """What a desktop sees."""

    def show(self, shown: Shown) -> None:
        """Show this from now on."""
        ...


OpenPlayer = Callable[[Dispatcher, Shown], AbstractAsyncContextManager[Player]]
"""Takes its place on the bus and gives it back with the block. Raises BusGone."""


async def serve_mpris(dispatcher: Dispatcher, closing: anyio.Event) -> None:
    """Be a media player whenever something is spoken or paused, until `closing`.

    Where that is not possible the log says so, once, and speech goes on without.
    """
    try:
        from voicebot.daemon.mpris.bus import open_player
    except ImportError:
        log.warning("no media keys: dbus-fast is missing → %s", extra_command("desktop"))
        return
    await show_what_is_spoken(dispatcher, closing, open_player=open_player)


async def show_what_is_spoken(dispatcher: Dispatcher, closing: anyio.Event, *, open_player: OpenPlayer) -> None:
    """The same on any bus. One that has gone is tried again with the next sentence."""
    now = NowPlaying()
    told = False
    async with anyio.create_task_group() as tasks:
        with dispatcher.subscribe(capacity=math.inf) as subscription:  # losing a FloorFree would keep the keys
            tasks.start_soon(end_after, closing, subscription)
            async for event in subscription.events:
                if not (now.hear(event) and now.active):
                    continue
                try:
                    with without_groups():
                        async with open_player(dispatcher, now.shown) as player:
                            told = False
                            await _show(now, player, subscription)
                except BusGone as error:
                    if not told:
                        log.warning("%s → %s", error.message, error.hint)
                    told = True
        tasks.cancel_scope.cancel()


async def _show(now: NowPlaying, player: Player, subscription: Subscription) -> None:
    """Show what happens until nothing has been spoken for a while, or nothing happens any more."""
    deadline = math.inf
    while True:
        with anyio.CancelScope(deadline=deadline) as waiting:
            try:
                event = await subscription.events.receive()
            except EndOfStream:
                return
        if waiting.cancelled_caught:
            return
        if now.hear(event):
            player.show(now.shown)
        if now.active:
            deadline = math.inf
        elif deadline == math.inf:
            deadline = anyio.current_time() + _LINGER_SECONDS
