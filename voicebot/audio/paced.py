"""A loudspeaker that only keeps time: when each clip would start and end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import anyio


@dataclass(slots=True)
class PacedPlayback:
    """A clip that sounds from `start` to `end`, on the clock of `anyio.current_time`."""

    start: float
    end: float
    stopped: float = math.inf
    """When the output was silenced."""

    async def started(self) -> float:
        """Wait for `start`."""
        await anyio.sleep_until(self.start)
        return self.start

    async def finished(self) -> float:
        """Wait for `end`."""
        await anyio.sleep_until(self.end)
        return self.end

    def heard_seconds(self) -> float:
        """The time since `start`, at most until the output was silenced."""
        return max(0.0, min(anyio.current_time(), self.end, self.stopped) - self.start)


class PacedQueue:
    """Places clips one behind the other in time, as a loudspeaker does."""

    def __init__(self, *, latency_seconds: float = 0.0) -> None:
        self._latency = latency_seconds
        self._playbacks: list[PacedPlayback] = []
        self._silent_since = 0.0

    @property
    def end(self) -> float:
        """When the last clip has been heard, or was cut off; 0 before the first."""
        return self._playbacks[-1].end if self._playbacks else self._silent_since

    def unheard_seconds(self) -> float:
        """How much of the queue has not been heard yet."""
        return max(0.0, self.end - max(anyio.current_time(), self._playbacks[0].start)) if self._playbacks else 0.0

    def append(self, seconds: float) -> PacedPlayback:
        """Place a clip behind the others, at the earliest now."""
        now = anyio.current_time()
        self._playbacks = [playback for playback in self._playbacks if playback.end > now]
        start = max(now + self._latency, self.end)
        self._playbacks.append(PacedPlayback(start, start + seconds))
        return self._playbacks[-1]

    async def wait_for_room(self) -> None:
        """Wait until only the last clip has not begun to sound."""
        if len(self._playbacks) > 1:
            await self._playbacks[-2].started()

    def abort(self) -> None:
        """Forget what was not heard."""
        now = anyio.current_time()
        self._silent_since = min(now, self.end)
        for playback in self._playbacks:
            playback.stopped = now
        self._playbacks = []
