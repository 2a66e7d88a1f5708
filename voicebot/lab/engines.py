"""What a voice engine costs, as a model: a fixed part, and a part for each second of audio."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import anyio

from voicebot.errors import LabError
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.text.speech_length import speech_seconds

_FORMAT = AudioFormat(8000)
_SHORTEST_SECONDS = 0.05
"""No engine says a lone small kana in no time."""
_SIGMA = 0.15
"""Spread of the costs with a seed (log-normal)."""


@dataclass(frozen=True, slots=True)
class SynthesisCost:
    """A synthesis takes `fixed_seconds + rtf × audio seconds`."""

    name: str
    fixed_seconds: float
    rtf: float

    def seconds(self, audio_seconds: float) -> float:
        """What a synthesis of so much audio takes."""
        return self.fixed_seconds + self.rtf * audio_seconds


ENGINES = (
    SynthesisCost("cpu-fast", 0.15, 0.3),
    SynthesisCost("cpu-slow", 0.15, 0.6),
    SynthesisCost("gpu", 0.05, 0.05),
    SynthesisCost("cloud", 0.30, 0.10),
    SynthesisCost("instant", 0.0, 0.0),
)
"""VOICEVOX on a good CPU, on two weak cores, on a GPU; a service over the network; the limit of them all."""


def parse_engine(text: str) -> SynthesisCost:
    """The engine of that name, or of the costs in `0.2+0.4` (seconds + seconds a second of audio); raises LabError."""
    wanted = text.strip()
    for engine in ENGINES:
        if engine.name == wanted:
            return engine
    fixed, plus, rtf = wanted.partition("+")
    try:
        costs = float(fixed), float(rtf)
    except ValueError:
        costs = (-1.0, -1.0)
    if not plus or not all(0 <= cost < math.inf for cost in costs):
        raise LabError(
            f"unknown engine cost model {text!r}",
            hint=f"one of {', '.join(engine.name for engine in ENGINES)}, or your own as FIXED+RTF such as 0.2+0.4",
        )
    return SynthesisCost(wanted, *costs)


def audio_seconds(spoken: str) -> float:
    """How long the lab's voices take to say `spoken`; 0 when it is empty."""
    return max(_SHORTEST_SECONDS, speech_seconds(spoken)) if spoken else 0.0


class ReplayedSynthesizer:
    """Silence as long as the text would take to say, at the price of `engine`, on the event loop's clock.

    With a `seed` other than 0 each synthesis costs a little more or less, the same every time.
    """

    credit = ""
    format = _FORMAT
    capabilities = Capabilities(parallel=1_000_000)

    def __init__(self, engine: SynthesisCost, *, seed: int = 0) -> None:
        self.name = engine.name
        self._engine = engine
        self._random = random.Random(seed) if seed else None

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002
        """Take the time that the engine would take."""
        seconds = audio_seconds(text)
        factor = self._random.lognormvariate(0.0, _SIGMA) if self._random else 1.0
        work_seconds = factor * self._engine.seconds(seconds)
        await anyio.sleep(work_seconds)
        pcm = bytes(_FORMAT.frame_bytes * round(seconds * _FORMAT.sample_rate))
        yield Audio(pcm, _FORMAT, work_seconds=work_seconds)
