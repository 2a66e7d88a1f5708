"""Voices whose sound tells who speaks, and that can be waited for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import anyio
import numpy as np

from tests.server.running import TOKEN, RunningServer
from voicebot.errors import SynthesisError
from voicebot.speech import AS_CONFIGURED, Audio, Style
from voicebot.tts.tone import ToneSynthesizer

if TYPE_CHECKING:
    import openai  # half a second, which no worker without these tests has to take

RATE = 24_000
TEXT = "Good morning. It is a fine day, and the sun is shining. おはようございます。"


class HeldVoice(ToneSynthesizer):
    """A tone that comes only when it is let; `fails` is raised for texts that hold it."""

    def __init__(self, *, free: int = 0, sample_rate: int = RATE, fails: str = "") -> None:
        """The first `free` utterances need not be let."""
        super().__init__(sample_rate=sample_rate)
        self.let = anyio.Semaphore(free)
        self.asked: list[str] = []
        """The texts whose synthesis has begun."""
        self.working = 0
        """How many of them go on."""
        self._fails = fails

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Wait, then beep."""
        self.asked.append(text)
        self.working += 1
        try:
            await self.let.acquire()
            if self._fails and self._fails in text:
                raise SynthesisError("the engine has choked on it", hint="start it anew")
            async for audio in super().synthesize(text, style):
                yield audio
        finally:
            self.working -= 1


def client(running: RunningServer, **options: object) -> openai.AsyncOpenAI:
    """The official client; the caller closes it."""
    import openai

    return openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key=TOKEN, max_retries=0, **options)  # type: ignore[arg-type] # any of its options


def pitch(pcm: bytes, rate: int = RATE) -> int:
    """The loudest frequency of 16-bit mono frames, in hertz."""
    samples = np.frombuffer(pcm, "<i2")
    return round(float(np.argmax(np.abs(np.fft.rfft(samples)))) * rate / len(samples))
