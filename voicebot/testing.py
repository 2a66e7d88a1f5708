"""Test doubles for those who build on voicebot, and for voicebot's own tests.

They keep time on the event loop's clock, so that under a virtual clock (trio's `MockClock`) every moment is exact.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import TypeVar

import anyio

from voicebot.errors import VoicebotError
from voicebot.events import Event
from voicebot.messages import Message
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.text.speech_length import speech_seconds

E = TypeVar("E")


class ScriptedChat:
    """A chat model that sends (seconds to wait, delta) pairs, then ends or raises; the same at each request."""

    name = "scripted"

    def __init__(self, script: Iterable[tuple[float, str]], error: VoicebotError | None = None) -> None:
        self.script = list(script)
        self.error = error
        self.asked: list[list[Message]] = []
        """The messages of each request."""
        self.sent = 0
        """How many deltas it has sent."""
        self.closed = False
        """Whether the last reply was read to its end or given up."""

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield each delta when its time has come."""
        self.asked.append(list(messages))
        try:
            for seconds, delta in self.script:
                await anyio.sleep(seconds)
                self.sent += 1
                yield delta
            if self.error:
                raise self.error
        finally:
            self.closed = True


def typed(text: str, *, first: float = 0.5, rate: float = 30.0, size: int = 3) -> list[tuple[float, str]]:
    """`text` as a model would send it: after `first` seconds pieces of `size` characters, `rate` a second."""
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    return [(first if i == 0 else 1 / rate, piece) for i, piece in enumerate(pieces)]


class CostingSynthesizer:
    """A synthesizer that works for `delay` + `rtf` × audio seconds on each text, on `parallel` texts at once.

    The audio is silence of 1 kHz mono, as long as the text would take to say or `seconds` each. `fails` maps a part of
    a text to the error that is raised for it. With `piece_seconds` it streams pieces of that length, each when its
    share of the work is done. `ahead` utterances of a turn are asked for at once.
    """

    name = identity = "costing"
    credit = ""
    format = AudioFormat(1000)

    def __init__(
        self,
        *,
        delay: float = 0.1,
        rtf: float = 0.1,
        seconds: float | None = None,
        fails: Mapping[str, VoicebotError] | None = None,
        piece_seconds: float | None = None,
        parallel: int = 1,
        ahead: int = 1,
    ) -> None:
        self.delay, self.rtf, self.seconds = delay, rtf, seconds
        self.fails = fails or {}
        self.piece_seconds = piece_seconds
        self.capabilities = Capabilities(streams=piece_seconds is not None, parallel=parallel, ahead=ahead)
        self.said: list[str] = []
        """The texts it has finished."""
        self.most_at_once = 0
        """The largest number of calls that ran or waited at the same time."""
        self._calls = 0
        self._engines = anyio.Semaphore(parallel)

    def length(self, text: str) -> float:
        """Seconds of audio that `text` becomes."""
        return round(self.seconds or max(0.2, speech_seconds(text)), 3)

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
        """Work, then yield silence."""
        assert text, "nothing unspeakable reaches an engine"
        self._calls += 1
        self.most_at_once = max(self.most_at_once, self._calls)
        try:
            left = self.length(text)
            work_seconds = self.delay
            while left > 0:
                seconds = min(left, self.piece_seconds or left)
                left -= seconds
                work_seconds += self.rtf * seconds
                async with self._engines:
                    await anyio.sleep(work_seconds)
                for part, error in self.fails.items():
                    if part in text:
                        raise error
                pcm = bytes(self.format.frame_bytes * round(seconds * self.format.sample_rate))
                yield Audio(pcm, self.format, work_seconds=work_seconds)
                work_seconds = 0.0
            self.said.append(text)
        finally:
            self._calls -= 1


class EventRecorder:
    """A subscriber that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep `event`."""
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]
