"""A loudspeaker that only keeps time: when each clip would start and end, and the outputs that go by it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from voicebot.speech import Clip


@dataclass(slots=True)
class PacedPlayback:
    """A clip that sounds from `start` to `end`, on the clock of `anyio.current_time`; a pause puts off both."""

    queue: PacedQueue
    seconds: float
    start: float
    end: float
    kept: float | None = None
    """What had been heard of it when the output was silenced."""

    async def started(self) -> float:
        """Wait for `start`."""
        return await self._reached(lambda: self.start)

    async def finished(self) -> float:
        """Wait for `end`."""
        return await self._reached(lambda: self.end)

    def heard_seconds(self) -> float:
        """The time since `start` without pauses, at most until the output was silenced."""
        if self.kept is not None:
            return self.kept
        if not self.queue.is_past(self.start):
            return 0.0
        return max(0.0, self.seconds - max(0.0, self.end - self.queue.now()))

    async def _reached(self, moment: Callable[[], float]) -> float:
        await checkpoint()
        while self.kept is None and not self.queue.is_past(moment()):
            with CancelScope(deadline=math.inf if self.queue.paused else moment()):
                await self.queue.wait_for_change()
        return moment()


class PauseTimer:
    """How long an output has been paused in all."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None

    @property
    def since(self) -> float | None:
        """When the pause began; None without a pause."""
        return self._since

    def pause(self) -> None:
        """A pause begins, unless there is one."""
        if self._since is None:
            self._since = anyio.current_time()

    def resume(self) -> float:
        """The pause ends; return how long it was."""
        pause = anyio.current_time() - self._since if self._since is not None else 0.0
        self._before, self._since = self._before + pause, None
        return pause

    def seconds(self) -> float:
        """All pauses, so far."""
        return self._before + (anyio.current_time() - self._since if self._since is not None else 0.0)


class PacedQueue:
    """Places clips one behind the other in time, as a loudspeaker does; if not `realtime`, they take no time."""

    def __init__(self, *, realtime: bool = True, latency_seconds: float = 0.0) -> None:
        self.end = 0.0
        """When the last clip has been heard, or was cut off; 0 before the first."""
        self._changed: anyio.Event | None = None
        """What somebody waits for: set when a pause ends or the clips are forgotten."""
        self._realtime = realtime
        self._latency = latency_seconds
        self._pauses = PauseTimer()
        self._playbacks: list[PacedPlayback] = []

    @property
    def paused(self) -> bool:
        """Whether time stands still here."""
        return self._pauses.since is not None

    def now(self) -> float:
        """The current moment; during a pause, the moment when it began."""
        return anyio.current_time() if self._pauses.since is None else self._pauses.since

    async def wait_for_change(self) -> None:
        """Wait until a pause ends or the clips are forgotten."""
        self._changed = self._changed or anyio.Event()
        await self._changed.wait()

    def is_past(self, moment: float) -> bool:
        """Whether `moment` was reached."""
        return moment <= self.now()

    def unheard_seconds(self) -> float:
        """How much of the queue has not been heard yet."""
        return sum(playback.seconds - playback.heard_seconds() for playback in self._playbacks)

    def append(self, seconds: float) -> PacedPlayback:
        """Place a clip behind the others, and not before now."""
        self._playbacks = [playback for playback in self._playbacks if not self.is_past(playback.end)]
        now = math.nextafter(self.now(), math.inf) if self.paused else self.now()  # what comes in a pause is behind it
        start = max(now + self._latency, self.end)
        self.end = start + seconds if self._realtime else start
        playback = PacedPlayback(self, seconds, start, self.end)
        self._playbacks.append(playback)
        return playback

    async def wait_for_room(self) -> None:
        """Wait until all clips but the last have begun to sound."""
        if len(self._playbacks) > 1:
            await self._playbacks[-2].started()

    async def drain(self) -> None:
        """Wait until the last clip has been heard."""
        if self._playbacks:
            await self._playbacks[-1].finished()

    def pause(self) -> None:
        """Let time stand still."""
        self._pauses.pause()

    def paused_seconds(self) -> float:
        """How long time has stood still in all."""
        return self._pauses.seconds()

    def resume(self) -> None:
        """Let time go on: whatever was not reached when it stopped comes that much later."""
        since = self._pauses.since
        if since is None:
            return
        away = self._pauses.resume()
        for playback in self._playbacks:
            playback.start += away if playback.start > since else 0.0
            playback.end += away if playback.end > since else 0.0
        self.end += away if self.end else 0.0
        self._tell()

    def abort(self) -> None:
        """Forget what was not heard, and any pause."""
        for playback in self._playbacks:
            playback.kept = playback.heard_seconds()
        self.resume()
        now = anyio.current_time()
        for playback in self._playbacks:
            playback.start, playback.end = min(playback.start, now), min(playback.end, now)
        self._playbacks = []
        self.end = min(now, self.end)
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None


class PacedOutput:
    """An audio output that plays nothing itself: each clip is written somewhere, and heard when its time has come."""

    def __init__(
        self,
        name: str,
        *,
        realtime: bool,
        latency_seconds: float = 0.0,
        write: Callable[[Clip, float], Awaitable[None]] | None = None,
        cut: Callable[[float], None] | None = None,
    ) -> None:
        """`write` takes each clip with the seconds of silence before it, which are 0 unless `realtime`.

        `cut` is told on `abort` how many seconds of what was written have not been heard.
        """
        self.name = name
        self.realtime = realtime
        self._write = write
        self._cut = cut
        self._queue = PacedQueue(realtime=realtime, latency_seconds=latency_seconds)

    async def play(self, clip: Clip) -> PacedPlayback:
        """Write `clip`; return no sooner than a loudspeaker would take the next one. Raises what `write` raises."""
        before = self._queue.end
        playback = self._queue.append(clip.seconds)
        if self._write is not None:
            await self._write(clip, max(0.0, playback.start - before) if self.realtime and before > 0 else 0.0)
        await self._queue.wait_for_room()
        return playback

    async def drain(self) -> None:
        """Wait until the last clip would have been heard."""
        await self._queue.drain()

    def pause(self) -> None:
        """Let time stand still."""
        self._queue.pause()

    def resume(self) -> None:
        """Let time go on."""
        self._queue.resume()

    def paused_seconds(self) -> float:
        """How long time has stood still in all."""
        return self._queue.paused_seconds()

    def abort(self) -> None:
        """Forget what was not heard, and any pause."""
        unheard_seconds = self._queue.unheard_seconds()
        self._queue.abort()
        if self._cut is not None:
            self._cut(unheard_seconds)
