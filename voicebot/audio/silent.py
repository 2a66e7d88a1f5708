"""No sound: for machines, tests and experiments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voicebot.audio.paced import PacedOutput
from voicebot.config.models import AudioSilent


class SilentOutput(PacedOutput):
    """Takes clips and is silent: for as long as they would sound, or for no time at all."""

    def __init__(self, *, realtime: bool, latency_seconds: float = 0.0) -> None:
        super().__init__("silent", realtime=realtime, latency_seconds=latency_seconds)


@asynccontextmanager
async def open_silent(config: AudioSilent) -> AsyncIterator[SilentOutput]:
    """An output nobody hears."""
    yield SilentOutput(realtime=config.realtime)
