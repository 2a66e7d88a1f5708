"""How long one reader may take nothing, without a timer for each thing that it is sent."""

from __future__ import annotations

from collections.abc import Awaitable
from itertools import count

import anyio

from voicebot.loop_clock import loop_clock


class Patience:
    """Knows since when something is being sent to a reader. Somebody has to look, four times in `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.look_seconds = seconds / 4
        """How often to look whether it has come to its end."""
        self._seconds = seconds
        self._now = loop_clock()
        self._numbers = count()
        self._begun: dict[int, float] = {}

    async def wait_for(self, sent: Awaitable[None]) -> None:
        """Wait until something is sent."""
        number = next(self._numbers)
        self._begun[number] = self._now()
        try:
            await sent
        finally:
            del self._begun[number]

    @property
    def exhausted(self) -> bool:
        """Whether the reader has taken nothing for too long."""
        oldest = next(iter(self._begun.values()), None)
        return oldest is not None and self._now() - oldest >= self._seconds

    async def run_out(self) -> None:
        """Return when it has come to its end."""
        while not self.exhausted:  # noqa: ASYNC110 - nobody tells that nothing happens
            await anyio.sleep(self.look_seconds)
