"""Stand-ins for what a turn is made with: they keep time on the event loop's clock, so virtual time is exact."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import anyio

from voicebot.audio.paced import PacedPlayback
from voicebot.audio.silent import SilentOutput
from voicebot.budoux_phrases import split_japanese
from voicebot.errors import AudioError, SynthesisError, VoicebotError
from voicebot.events import TurnEvent
from voicebot.messages import Message
from voicebot.pacing import Pacer, Pacing
from voicebot.speech import AudioFormat, Clip, Utterance
from voicebot.text.chunking import Chunker
from voicebot.text.speech_length import speech_seconds
from voicebot.turn import Pipeline

E = TypeVar("E")

FORMAT = AudioFormat(1000)


class ScriptedChat:
    """Sends (seconds to wait, delta) pairs, then ends or raises."""

    name = "scripted"

    def __init__(self, script: Iterable[tuple[float, str]], error: VoicebotError | None = None) -> None:
        self.script = list(script)
        self.error = error
        self.asked: list[list[Message]] = []
        self.sent = 0
        self.closed = False

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
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
    """`text` as a model would send it: pieces of `size` characters, `rate` a second."""
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    return [(first if i == 0 else 1 / rate, piece) for i, piece in enumerate(pieces)]


class CostingVoice:
    """Takes `delay` + `rtf` × audio seconds for an utterance; what `fails` says for its text is raised instead."""

    name = "costing"
    credit = ""
    format = FORMAT

    def __init__(
        self,
        *,
        delay: float = 0.1,
        rtf: float = 0.1,
        seconds: float | None = None,
        fails: dict[str, VoicebotError] | None = None,
    ) -> None:
        self.delay, self.rtf, self.seconds = delay, rtf, seconds
        self.fails = fails or {}
        self.said: list[str] = []
        self.busy = 0

    def length(self, text: str) -> float:
        return round(self.seconds or max(0.2, speech_seconds(text)), 3)

    async def synthesize(self, utterance: Utterance) -> Clip:
        assert utterance.spoken, "nothing unspeakable reaches an engine"
        self.busy += 1
        assert self.busy == 1, "one synthesis at a time"
        try:
            seconds = self.length(utterance.spoken)
            await anyio.sleep(self.delay + self.rtf * seconds)
            for part, error in self.fails.items():
                if part in utterance.text:
                    raise error
            self.said.append(utterance.spoken)
            return Clip(utterance, bytes(2 * round(seconds * FORMAT.sample_rate)), FORMAT)
        finally:
            self.busy -= 1


class BreakingOutput(SilentOutput):
    """Goes away with its `breaks_at`-th clip."""

    def __init__(self, *, breaks_at: int) -> None:
        super().__init__(realtime=True)
        self._left = breaks_at

    async def play(self, clip: Clip) -> PacedPlayback:
        self._left -= 1
        if self._left < 0:
            raise AudioError("the audio device went away", hint="plug it in")
        return await super().play(clip)


class Recorder:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[TurnEvent] = []

    def __call__(self, event: TurnEvent) -> None:
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def adaptive(chat: ScriptedChat, voice: CostingVoice | None = None, output: SilentOutput | None = None) -> Pipeline:
    """The same with the adaptive chunker and pacer."""
    return replace(
        pipeline(chat, voice, output),
        new_chunker=partial(Chunker, strategy="adaptive"),
        new_pacer=partial(Pacer, split_japanese=split_japanese),
    )


def pipeline(chat: ScriptedChat, voice: CostingVoice | None = None, output: SilentOutput | None = None) -> Pipeline:
    """Everything a turn needs, in real (or virtual) time; each segment is an utterance."""
    return Pipeline(
        chat=chat,
        synthesizer=voice or CostingVoice(),
        output=output or SilentOutput(realtime=True),
        new_chunker=Chunker,
        new_pacer=partial(Pacer, Pacing(joins=False)),
    )


def failure(message: str = "cannot say that") -> SynthesisError:
    return SynthesisError(message)
