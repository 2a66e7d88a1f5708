"""A beep as long as the text would take to say: deterministic, for tests and experiments."""

from __future__ import annotations

import math
import zlib
from array import array
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import anyio

from voicebot.config.models import TtsTone
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.text.speech_length import speech_seconds

_LOUDNESS = 8_000
_FADE_SECONDS = 0.005
PITCHES = (440, 494, 523, 587, 659, 698, 784, 880)
"""Hertz; the text tells which one it is said at."""


class ToneSynthesizer:
    """One tone for a text; another text probably has another pitch."""

    name = identity = "tone"
    credit = ""
    capabilities = Capabilities(parallel=1_000_000, reads=("en", "ja"))

    def __init__(self, *, sample_rate: int = 24_000, delay_seconds: float = 0.0, rtf: float = 0.0) -> None:
        self.format = AudioFormat(sample_rate)
        self._delay = delay_seconds
        self._rtf = rtf

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Beep for the estimated time of `text`, after `delay_seconds` + `rtf` × that time.

        `style.voice` may be a pitch in hertz.
        """
        seconds = max(0.1, speech_seconds(text)) / style.speed
        work_seconds = self._delay + self._rtf * seconds
        await anyio.sleep(work_seconds)
        pitch = int(style.voice) if style.voice.isdecimal() else PITCHES[zlib.crc32(text.encode()) % len(PITCHES)]
        yield Audio(tone(pitch, seconds, self.format.sample_rate), self.format, work_seconds=work_seconds)


def tone(pitch: int, seconds: float, sample_rate: int) -> bytes:
    """A sine of `pitch` hertz, faded at both ends: 16-bit mono."""
    frames, fade = round(seconds * sample_rate), round(_FADE_SECONDS * sample_rate)
    second = _second(pitch, sample_rate)  # a whole number of periods: the next second is the same
    whole, rest = divmod(frames, sample_rate)
    samples = array("h", second * whole + second[: 2 * rest])
    for i in range(min(fade, frames // 2)):  # no clicks
        samples[i] = samples[i] * i // fade
        samples[-1 - i] = samples[-1 - i] * i // fade
    return samples.tobytes()


@cache
def _second(pitch: int, sample_rate: int) -> bytes:
    step = 2 * math.pi * pitch / sample_rate
    return array("h", (round(_LOUDNESS * math.sin(step * i)) for i in range(sample_rate))).tobytes()


@asynccontextmanager
async def open_tone(config: TtsTone) -> AsyncIterator[ToneSynthesizer]:
    """The tone voice."""
    yield ToneSynthesizer(sample_rate=config.sample_rate, delay_seconds=config.delay_seconds, rtf=config.rtf)
