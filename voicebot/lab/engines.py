"""What a synthesis costs, as a model: a fixed part, and a part for each second of audio."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import anyio

from voicebot.errors import LabError
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.text.speech_length import speech_seconds
from voicebot.translation import tr

_FORMAT = AudioFormat(8000)
_SHORTEST_SECONDS = 0.05
"""Even a lone small kana takes an engine some time to say."""
_SIGMA = 0.15
"""Spread of the costs with a seed (log-normal)."""


@dataclass(frozen=True, slots=True)
class SynthesisCost:
    """A synthesis takes `fixed_seconds + rtf × audio seconds`."""

    name: str
    fixed_seconds: float
    rtf: float

    def seconds(self, audio_seconds: float) -> float:
        """How long a synthesis of `audio_seconds` of audio takes."""
        return self.fixed_seconds + self.rtf * audio_seconds


ENGINES = (
    SynthesisCost("cpu-fast", 0.15, 0.3),
    SynthesisCost("cpu-slow", 0.15, 0.6),
    SynthesisCost("gpu", 0.05, 0.05),
    SynthesisCost("cloud", 0.30, 0.10),
    SynthesisCost("instant", 0.0, 0.0),
)
"""VOICEVOX on a good CPU, on two weak cores and on a GPU; a service over the network; one that takes no time at all."""


def parse_engine(text: str) -> SynthesisCost:
    """The engine of that name, or one with its costs written as `0.2+0.4`: seconds + seconds for each second of audio.

    Raises LabError.
    """
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
            tr("unknown engine cost model {text!r}", text=text),
            hint=tr(
                "one of {names}, or your own as FIXED+RTF such as 0.2+0.4",
                names=tr(", ").join(engine.name for engine in ENGINES),
            ),
        )
    return SynthesisCost(wanted, *costs)


def audio_seconds(spoken: str) -> float:
    """How long the lab's engines take to say `spoken`; 0 if it is empty."""
    return max(_SHORTEST_SECONDS, speech_seconds(spoken)) if spoken else 0.0


class ReplayedSynthesizer:
    """Makes silence as long as the text would take to say, and takes as long as `engine` would, on the loop's clock.

    With a `seed` other than 0 each synthesis costs a little more or less, the same every time.
    """

    credit = ""
    format = _FORMAT
    capabilities = Capabilities(parallel=1_000_000, reads=("en", "ja"))

    def __init__(self, engine: SynthesisCost, *, seed: int = 0) -> None:
        self.name = self.identity = engine.name
        self._engine = engine
        self._random = random.Random(seed) if seed else None

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
        """Take the time that the engine would take."""
        seconds = audio_seconds(text)
        factor = self._random.lognormvariate(0.0, _SIGMA) if self._random else 1.0
        work_seconds = factor * self._engine.seconds(seconds)
        await anyio.sleep(work_seconds)
        pcm = bytes(_FORMAT.frame_bytes * round(seconds * _FORMAT.sample_rate))
        yield Audio(pcm, _FORMAT, work_seconds=work_seconds)
