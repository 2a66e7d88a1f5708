"""A beep as long as the text would take to say: deterministic, for tests and experiments."""

from __future__ import annotations

import math
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from voicebot.config.models import TtsTone
from voicebot.speech import AudioFormat, Clip, Utterance
from voicebot.text.speech_length import speech_seconds

_LOUDNESS = 8_000
_FADE_SECONDS = 0.005
_PITCHES = (440.0, 494.0, 523.0, 587.0, 659.0, 698.0, 784.0, 880.0)


class ToneVoice:
    """One tone an utterance; the next utterance has the next pitch."""

    name = "tone"
    credit = ""

    def __init__(self, *, sample_rate: int = 24_000, delay_seconds: float = 0.0, rtf: float = 0.0) -> None:
        self.format = AudioFormat(sample_rate)
        self._delay = delay_seconds
        self._rtf = rtf

    async def synthesize(self, utterance: Utterance) -> Clip:
        """Beep for the estimated time of `utterance.spoken`, after `delay_seconds` + `rtf` × that time."""
        seconds = max(0.1, speech_seconds(utterance.spoken))
        await anyio.sleep(self._delay + self._rtf * seconds)
        return Clip(utterance, self._tone(_PITCHES[utterance.index % len(_PITCHES)], seconds), self.format)

    def _tone(self, pitch: float, seconds: float) -> bytes:
        rate = self.format.sample_rate
        frames, fade = round(seconds * rate), round(_FADE_SECONDS * rate)
        step = 2 * math.pi * pitch / rate
        samples = array("h", (round(_LOUDNESS * math.sin(step * i)) for i in range(frames)))
        for i in range(min(fade, frames // 2)):  # no clicks
            samples[i] = samples[i] * i // fade
            samples[-1 - i] = samples[-1 - i] * i // fade
        return samples.tobytes()


@asynccontextmanager
async def open_tone(config: TtsTone) -> AsyncIterator[ToneVoice]:
    """The tone voice."""
    yield ToneVoice(sample_rate=config.sample_rate, delay_seconds=config.delay_seconds, rtf=config.rtf)
