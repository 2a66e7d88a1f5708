"""Notices when the reader of an answer goes away, or takes nothing for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anyio
from starlette.types import Receive

from voicebot.server.patience import Patience


class ReaderWatch:
    """Calls `give_up` once, as soon as the answer is for nobody any more, until it is ended.

    It is asyncio's own, as uvicorn is: a task group, its task and a timer in it take four times the memory, and each
    answer has one as long as it is being written.
    """

    __slots__ = ("_give_up", "_gone", "_patience", "_timer", "exhausted")

    def __init__(self, receive: Receive, patience: Patience, give_up: Callable[[], None]) -> None:
        self._patience = patience
        self._give_up = give_up
        self._gone = asyncio.create_task(_disconnected(receive))
        self._gone.add_done_callback(self._left)
        self._timer = self._look_later()
        self.exhausted = False
        """Whether it was given up because nothing was taken."""

    async def end(self) -> None:
        """Watch no longer."""
        self._timer.cancel()
        self._gone.cancel()
        with anyio.CancelScope(shield=True):  # it ends at once
            await asyncio.wait([self._gone])

    def _left(self, gone: asyncio.Task[None]) -> None:
        if not gone.cancelled():
            self._give_up()

    def _look_later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._patience.look_seconds, self._look)

    def _look(self) -> None:
        if self._patience.exhausted:
            self.exhausted = True
            self._give_up()
        else:
            self._timer = self._look_later()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
