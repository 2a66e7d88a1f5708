"""A whole turn, from the question to the first sound, and what each step took. Nobody hears it: it is silence."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import anyio

from voicebot.app import open_conversation, open_engines
from voicebot.audio import device_of
from voicebot.config.models import AudioAuto, AudioDevice, AudioSilent, ChatDemo, Config
from voicebot.conversation import Conversation
from voicebot.doctor.checkup import Finding, fails, fine, warns
from voicebot.doctor.voice import language_of
from voicebot.events import ClipReady, Event, PlaybackStarted, SegmentReady, TurnEvent
from voicebot.metrics import MetricsFold
from voicebot.protocols import Synthesizer, synthesize_within
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.translation import about, tr

_QUESTIONS = {"en": "Say hello in one short sentence.", "ja": "短い一文であいさつしてください。"}
_COMMAND = "voicebot ask --debug Hello"


class _Muted:
    """A synthesizer whose audio is as long as it should be, and silent."""

    def __init__(self, synthesizer: Synthesizer) -> None:
        self._synthesizer = synthesizer
        self.name, self.identity, self.credit = synthesizer.name, synthesizer.identity, synthesizer.credit

    @property
    def format(self) -> AudioFormat:
        """The format that its audio usually has."""
        return self._synthesizer.format

    @property
    def capabilities(self) -> Capabilities:
        """What it can do now."""
        return self._synthesizer.capabilities

    async def synthesize(
        self, text: str, style: Style = AS_CONFIGURED, *, within_seconds: float = math.inf
    ) -> AsyncGenerator[Audio, None]:
        """Yield silence for the audio of `text`."""
        async with aclosing(synthesize_within(self._synthesizer, text, style, within_seconds)) as pieces:
            async for piece in pieces:
                yield replace(piece, pcm=bytes(len(piece.pcm)))


class _Waterfall:
    """When each step of a turn was reached first, in seconds after the question."""

    def __init__(self) -> None:
        self.heard = anyio.Event()
        self._metrics = MetricsFold()
        self._segment: float | None = None
        self._clip: float | None = None

    def note(self, event: Event) -> None:
        """Take one event into account."""
        if not isinstance(event, TurnEvent):
            return
        self._metrics.feed(event)
        match event:
            case SegmentReady() if self._segment is None:
                self._segment = event.at
            case ClipReady() if self._clip is None and event.audio_seconds:
                self._clip = event.at
            case PlaybackStarted() if event.audio_seconds:
                self.heard.set()
            case _:
                pass

    def __str__(self) -> str:
        metrics = self._metrics.metrics()
        steps = [
            (metrics.ttft, tr("first text")),
            (self._segment, tr("first segment")),
            (self._clip, tr("first clip")),
            (metrics.ttfa, tr("first sound")),
        ]
        return " → ".join(tr("{name} {seconds:.2f} s", name=name, seconds=at) for at, name in steps if at is not None)


async def rehearse(config: Config, *, chat_works: bool, audio_works: bool, seconds: float) -> Finding:
    """Ask for one short sentence, up to its first sound; the demo and silence stand in for what does not work.

    Nothing is kept, and no tool runs. Raises VoicebotError.
    """
    waterfall = _Waterfall()
    question = _QUESTIONS["ja" if (japanese := language_of(config).startswith("ja")) else "en"]
    failure = None
    with anyio.move_on_after(seconds) as waiting:
        rehearsed = _for_rehearsal(config, chat_works=chat_works, audio_works=audio_works)
        async with open_engines(rehearsed, notify=_nobody, japanese_expected=japanese) as engines:
            assert engines.synthesizer is not None
            muted = replace(engines, synthesizer=_Muted(engines.synthesizer))
            async with open_conversation(muted, rehearsed, notify=_nobody, listener=waterfall.note) as conversation:
                failure = await _up_to_first_sound(conversation, question, waterfall)
    steps = str(waterfall)
    if waiting.cancelled_caught:
        told = tr("no sound within {seconds:g} s", seconds=round(seconds, 1))
        return fails(about(told, steps) if steps else told, _COMMAND)
    if not waterfall.heard.is_set():
        return fails(failure or tr("the reply had nothing to say aloud"), _COMMAND)
    if not chat_works:
        return warns(tr("{steps} (with the built-in demo in place of the chat model)", steps=steps))
    if not audio_works:
        return warns(tr("{steps} (without the loudspeaker)", steps=steps))
    return fine(steps)


async def _up_to_first_sound(conversation: Conversation, question: str, waterfall: _Waterfall) -> str:
    """Ask, and interrupt the reply as soon as it sounds; return what went wrong."""
    async with anyio.create_task_group() as tasks:

        async def interrupt() -> None:
            await waterfall.heard.wait()
            conversation.interrupt()

        tasks.start_soon(interrupt)
        outcome = await conversation.speak(question)
        tasks.cancel_scope.cancel()
    return outcome.error.message if outcome.error is not None else ""


def _for_rehearsal(config: Config, *, chat_works: bool, audio_works: bool) -> Config:
    audio = device_of(config.audio) if isinstance(config.audio, AudioAuto) else config.audio
    return config.model_copy(
        update={
            "chat": config.chat if chat_works else ChatDemo(kind="demo"),
            "audio": audio
            if audio_works and isinstance(audio, AudioDevice)
            else AudioSilent(kind="silent", realtime=True),
            "memory": config.memory.model_copy(update={"store": False}),
            "tools": config.tools.model_copy(update={"enabled": (), "mcp": {}}),
        }
    )


def _nobody(text: str) -> None:
    """Whatever is said on the way, the other checks say it too."""
