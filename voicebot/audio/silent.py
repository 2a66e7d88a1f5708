"""No sound: for machines, tests and experiments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voicebot.audio.paced import PacedPlayback, PacedQueue
from voicebot.config.models import AudioSilent
from voicebot.speech import Clip


class SilentOutput:
    """Takes clips and is silent: for as long as they would sound, or for no time at all."""

    name = "silent"

    def __init__(self, *, realtime: bool, latency_seconds: float = 0.0) -> None:
        self.realtime = realtime
        self._queue = PacedQueue(realtime=realtime, latency_seconds=latency_seconds)

    async def play(self, clip: Clip) -> PacedPlayback:
        """Place `clip` behind the others."""
        playback = self._queue.append(clip.seconds)
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
        self._queue.abort()


@asynccontextmanager
async def open_silent(config: AudioSilent) -> AsyncIterator[SilentOutput]:
    """An output nobody hears."""
    yield SilentOutput(realtime=config.realtime)
