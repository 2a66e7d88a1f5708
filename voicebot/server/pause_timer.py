"""Shows what is finished of a reply that is only read when its model pauses."""

from __future__ import annotations

import asyncio
from types import TracebackType

from voicebot.cutter import SHORTEST_SLEEP_SECONDS, Cutter
from voicebot.showing import Screen


class PauseTimer:
    """A timer of one turn, until the block ends.

    It is asyncio's own: the task that does this elsewhere, where a voice may have to be waited for, takes 6 KiB more.
    """

    __slots__ = ("_cutter", "_failure", "_loop", "_screen", "_timer")

    def __init__(self, cutter: Cutter, screen: Screen) -> None:
        self._cutter = cutter
        self._screen = screen
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._failure: Exception | None = None

    def __enter__(self) -> None:
        self._cutter.resumed = self._set
        self._set()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stop()
        if self._failure is not None and error is None:
            raise self._failure

    def _set(self) -> None:
        self._stop()
        pause = self._cutter.next_pause
        if pause < float("inf") and self._failure is None:
            self._timer = self._loop.call_at(max(pause, self._loop.time() + SHORTEST_SLEEP_SECONDS), self._show)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _show(self) -> None:
        self._timer = None
        try:
            if cut := self._cutter.pause():
                self._screen.show_now(cut)
        except Exception as failure:  # noqa: BLE001 - it is raised in the task of the turn, at its end
            self._failure = failure
        self._set()
