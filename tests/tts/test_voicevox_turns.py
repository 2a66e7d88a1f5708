"""Whole replies with a VOICEVOX engine that fails meanwhile, against a real server on loopback."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import anyio
import pytest

from tests.fake_voicevox import Answer, FakeVoicevox, fake_voicevox, tone_wav
from tests.fakes import pipeline
from voicebot import events
from voicebot.audio.silent import SilentOutput
from voicebot.config.models import TtsVoicevox
from voicebot.errors import VoiceUnavailable
from voicebot.events import TurnEvent
from voicebot.messages import Message
from voicebot.protocols import Emit
from voicebot.speech import Outcome
from voicebot.testing import EventRecorder, ScriptedChat
from voicebot.tts.voicevox import VoicevoxSynthesizer, open_voicevox
from voicebot.turn import speak_turn

pytestmark = pytest.mark.anyio

REPLY = "一つ目です。二つ目です。三つ目です。四つ目です。五つ目です。"


def settings(engine: FakeVoicevox) -> TtsVoicevox:
    return TtsVoicevox(kind="voicevox", base_url=engine.url)


async def spoken(voice: VoicevoxSynthesizer, emit: Emit) -> Outcome:
    given = pipeline(ScriptedChat([(0.0, REPLY)]), output=SilentOutput(realtime=False))
    return await speak_turn(
        [Message("user", "?")], replace(given, synthesizer=voice), emit=emit, scope=anyio.CancelScope()
    )


async def test_an_engine_that_is_killed_and_back_soon_loses_no_sentence() -> None:
    """Four of five sentences were lost, and the outcome was `completed` all the same."""
    with ExitStack() as servers:
        first = ExitStack()
        engine = servers.enter_context(first).enter_context(fake_voicevox())
        again = anyio.Event()

        def kill_after_the_second(event: TurnEvent) -> None:
            if isinstance(event, events.ClipReady) and event.index == 1:
                first.close()
                again.set()

        async def start_again() -> None:
            await again.wait()
            await anyio.sleep(1.0)
            servers.enter_context(fake_voicevox(port=engine.port))

        async with open_voicevox(settings(engine)) as voice, anyio.create_task_group() as tasks:
            tasks.start_soon(start_again)
            outcome = await spoken(voice, kill_after_the_second)
    assert (outcome.kind, outcome.heard, outcome.skipped) == ("completed", REPLY, "")


@pytest.mark.parametrize(
    "bad",
    [
        Answer(500, b'{"detail": "Internal Server Error"}'),
        Answer(200, b"", "audio/wav"),
        Answer(200, tone_wav(24_000, 24_000)[:24_000], "audio/wav"),
    ],
    ids=["500", "empty", "half"],
)
async def test_one_bad_answer_loses_no_sentence(bad: Answer) -> None:
    with fake_voicevox() as engine:

        def one_bad_answer(event: TurnEvent) -> None:
            if isinstance(event, events.UtteranceReady) and event.index == 2:
                engine.next_answers["/synthesis"] = [bad]

        async with open_voicevox(settings(engine)) as voice:
            outcome = await spoken(voice, one_bad_answer)
    assert (outcome.kind, outcome.heard, outcome.skipped) == ("completed", REPLY, "")
    assert engine.paths.count("/synthesis") == 6


async def test_an_engine_that_freezes_is_given_up_and_everything_is_shown() -> None:
    """Three time-outs of 60 s went by with nothing shown."""
    recorder = EventRecorder()
    with fake_voicevox() as engine:

        def freeze(event: TurnEvent) -> None:
            recorder(event)
            if isinstance(event, events.ClipReady) and event.index == 0:
                engine.delays = {"/audio_query": 600.0}

        async with open_voicevox(settings(engine)) as voice:
            outcome = await spoken(voice, freeze)
    assert isinstance(outcome.error, VoiceUnavailable)
    assert (outcome.heard, outcome.skipped) == ("一つ目です。", REPLY.removeprefix("一つ目です。"))
    assert "".join(event.text for event in recorder.of(events.PlaybackStarted)) == REPLY
    assert recorder.of(events.TurnEnded)[0].at < 30.0
