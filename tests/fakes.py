"""Pipelines of test doubles, and doubles that only our own tests need."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial

import anyio

from tests.virtual_time import in_virtual_time
from voicebot.audio.paced import PacedPlayback
from voicebot.audio.silent import SilentOutput
from voicebot.budoux_phrases import split_japanese
from voicebot.conversation import Conversation
from voicebot.errors import AudioError, SynthesisError, without_groups
from voicebot.messages import Message, ReplyPart
from voicebot.pacing import Pacer, Pacing
from voicebot.protocols import Memory
from voicebot.speech import AS_CONFIGURED, Audio, Clip, Outcome, Style
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat
from voicebot.text.chunking import Chunker
from voicebot.turn import Pipeline, speak_turn

QUESTION = [Message("user", "Well?")]


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


class ByTheClock(ScriptedChat):
    """Has each part at hand when it is due, however late it is asked for."""

    def __init__(self, parts: Sequence[tuple[float, ReplyPart]]) -> None:
        """`parts` with the seconds since the beginning at which they are due."""
        super().__init__([])
        self.parts = parts

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # type: ignore[override] # more than text
        self.asked.append(list(messages))
        began = anyio.current_time()
        for due, part in self.parts:
            if (seconds := began + due - anyio.current_time()) > 0:
                await anyio.sleep(seconds)
            yield part


class GatedChat:
    """Yields `first`, and `rest` only when the gate is opened."""

    name = "gated"

    def __init__(self, first: str, rest: str) -> None:
        self._first, self._rest = first, rest
        self.gate = anyio.Event()

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
        """Yield both parts."""
        yield self._first
        await self.gate.wait()
        yield self._rest


class UrgentSynthesizer(CostingSynthesizer):
    """Notes how soon each text was needed."""

    def __init__(self, *, delay: float = 0.1, rtf: float = 0.1, seconds: float | None = None) -> None:
        super().__init__(delay=delay, rtf=rtf, seconds=seconds)
        self.within: list[float] = []
        """Seconds, in the order in which it was asked."""

    async def synthesize(
        self, text: str, style: Style = AS_CONFIGURED, *, within_seconds: float = math.inf
    ) -> AsyncGenerator[Audio, None]:
        self.within.append(within_seconds)
        async with aclosing(super().synthesize(text, style)) as pieces:
            async for audio in pieces:
                yield audio


def adaptive(
    chat: ScriptedChat, voice: CostingSynthesizer | None = None, output: SilentOutput | None = None
) -> Pipeline:
    """The same with the adaptive chunker and pacer."""
    return replace(
        pipeline(chat, voice, output),
        new_chunker=partial(Chunker, strategy="adaptive"),
        new_pacer=partial(Pacer, split_japanese=split_japanese),
    )


def pipeline(
    chat: ScriptedChat, voice: CostingSynthesizer | None = None, output: SilentOutput | None = None
) -> Pipeline:
    """Everything a turn needs, in real (or virtual) time; each segment is an utterance."""
    return Pipeline(
        chat=chat,
        synthesizer=voice or CostingSynthesizer(),
        output=output or SilentOutput(realtime=True),
        new_chunker=Chunker,
        new_pacer=partial(Pacer, Pacing(joins=False)),
    )


def turn(given: Pipeline, *, interrupt_at: float | None = None) -> tuple[Outcome, EventRecorder]:
    """Speak the reply in virtual time; `interrupt_at` is when somebody barges in."""
    recorder = EventRecorder()

    async def body() -> Outcome:
        scope = anyio.CancelScope()
        if interrupt_at is not None:
            scope.deadline = anyio.current_time() + interrupt_at
        return await speak_turn(QUESTION, given, emit=recorder, scope=scope)

    return in_virtual_time(body), recorder


def failure(message: str = "cannot say that") -> SynthesisError:
    return SynthesisError(message)


@asynccontextmanager
async def tidy_conversation(given: Pipeline, *, memory: Memory) -> AsyncIterator[Conversation]:
    """A conversation that tidies its memory between turns."""
    with without_groups():
        async with anyio.create_task_group() as background:
            yield Conversation(given, memory=memory, background=background)
            background.cancel_scope.cancel()
