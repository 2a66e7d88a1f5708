"""`voicebot.open_voice`: what a program hears of its voice, on asyncio and trio."""

from __future__ import annotations

import logging
import wave
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

import voicebot
from voicebot import events
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat, typed

pytestmark = pytest.mark.anyio

REPLY = ["Hello", " there. ", "How are", " you today?"]
WHOLE = "".join(REPLY)
LONG = "This takes a while to say. " * 20


quick = partial(voicebot.open_voice, tts="tone", audio="silent")
"""A voice that takes no time."""
slow = partial(voicebot.open_voice, tts="tone", audio={"kind": "silent", "realtime": True})
"""One that takes as long as a loudspeaker."""


async def deltas() -> AsyncIterator[str | None]:
    """As a client of a chat server gives them."""
    yield None
    for delta in REPLY:
        await anyio.lowlevel.checkpoint()
        yield delta


async def started(stream: voicebot.EventStream) -> None:
    """Wait until something is heard."""
    async for event in stream:
        if isinstance(event, events.PlaybackStarted):
            return


async def test_text_and_deltas_of_every_kind_are_heard() -> None:
    async with quick() as voice:
        for text in (WHOLE, deltas(), REPLY, iter(REPLY), (delta for delta in REPLY)):
            outcome = await voice.speak(text)
            assert (outcome.kind, outcome.heard) == ("completed", WHOLE)
        assert (await voice.say("おはよう。")).heard == "おはよう。"
        assert not voice.speaking


async def test_it_begins_to_speak_while_the_text_is_still_written() -> None:
    async def written() -> AsyncIterator[str]:
        yield "This is the first sentence. And here "
        await started(stream)
        yield "is the second."

    async with quick() as voice:
        stream = voice.events()
        assert (await voice.speak(written())).kind == "completed"


async def test_what_is_not_text_is_told_with_the_cure() -> None:
    """An OpenAI client's chunks are not text, and nothing said so."""
    async with quick() as voice:
        with pytest.raises(TypeError, match=r"not dict: take the text out of it first"):
            await voice.speak([{"content": "Hello"}])  # type: ignore[list-item] # the mistake


async def test_what_the_deltas_raise_is_raised_here_and_the_voice_speaks_on() -> None:
    async def breaks_off() -> AsyncIterator[str]:
        yield "One. "
        raise LookupError("the model has gone")

    def breaks_off_too() -> Iterator[str]:
        yield "One. "
        raise LookupError("the model has gone")

    async with quick() as voice:
        for text in (breaks_off(), breaks_off_too()):
            with pytest.raises(LookupError, match="the model has gone"):
                await voice.speak(text)
        assert (await voice.say("Two.")).heard == "Two."


async def test_a_generator_is_closed_when_its_turn_ends() -> None:
    closed: list[str] = []

    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                yield "And so on. "
                await anyio.sleep(0.001)
        finally:
            closed.append("endless")

    async with slow() as voice, anyio.create_task_group() as tasks:
        stream = voice.events()
        tasks.start_soon(voice.speak, endless())
        await started(stream)
        assert voice.stop()
    assert closed == ["endless"]


async def test_stop_ends_what_is_said_and_what_waits() -> None:
    outcomes: list[voicebot.Outcome] = []

    async def say(text: str) -> None:
        outcomes.append(await voice.say(text))

    async with slow() as voice:
        assert not voice.stop()
        async with anyio.create_task_group() as tasks:
            stream = voice.events()
            tasks.start_soon(say, LONG)
            await started(stream)
            tasks.start_soon(say, "Later.")
            async for event in stream:
                if isinstance(event, events.TurnWaiting):
                    break
            assert voice.speaking
            assert voice.stop()
    assert [one.kind for one in outcomes] == ["interrupted"] * 2
    assert {one.heard == "" for one in outcomes if one.unsaid == "Later."} == {True}


async def test_barge_in_speaks_at_once() -> None:
    outcomes: dict[str, str] = {}

    async def say(text: str) -> None:
        outcomes[text] = (await voice.say(text)).kind

    async with slow() as voice, anyio.create_task_group() as tasks:
        stream = voice.events()
        tasks.start_soon(say, LONG)
        await started(stream)
        assert (await voice.say("Look out!", barge_in=True)).heard == "Look out!"
    assert outcomes == {LONG: "interrupted"}


async def test_a_pause_holds_the_sound() -> None:
    async with slow() as voice, anyio.create_task_group() as tasks:
        stream = voice.events()
        tasks.start_soon(voice.say, "Short.")
        await started(stream)
        voice.pause()
        with anyio.move_on_after(1.0) as waited:
            async for event in stream:
                assert not isinstance(event, events.TurnEnded)
        assert waited.cancelled_caught
        voice.resume()


async def test_the_chat_model_answers_and_remembers_what_was_heard() -> None:
    chat = ScriptedChat(typed("I am well.", first=0.0, rate=5000))
    async with quick(chat=chat) as voice:
        assert (await voice.ask("How are you?")).heard == "I am well."
        await voice.ask("Really?")
    assert [(one.role, one.content) for one in chat.asked[1][-3:]] == [
        ("user", "How are you?"),
        ("assistant", "I am well."),
        ("user", "Really?"),
    ]


async def test_without_a_chat_model_a_question_says_what_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    async with quick() as voice:
        with caplog.at_level(logging.WARNING, "voicebot"):
            outcome = await voice.ask("Anybody there?")
        assert outcome.kind == "failed"
        with pytest.raises(voicebot.ChatError, match="there is no chat model") as caught:
            outcome.raise_if_failed()
        assert "open_voice(chat=" in caught.value.hint
        assert "there is no chat model" in caplog.text
        assert (await voice.say("I go on.")).raise_if_failed().heard == "I go on."


async def test_a_chat_model_that_is_asked_for_and_not_there_is_an_error_and_one_of_a_file_is_not(
    empty_home: Path,
) -> None:
    gone = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "x", "retries": 0}
    file = empty_home / "mine.toml"
    file.write_text('[chat]\nkind = "auto"\nbase_url = "http://127.0.0.1:9"\n', encoding="utf-8")
    with pytest.raises(voicebot.ChatUnavailable):
        async with quick(chat={"base_url": "http://127.0.0.1:9"}):
            pass
    async with quick(file) as voice:
        assert (await voice.say("Hello.")).kind == "completed"
        assert (await voice.ask("Hello?")).kind == "failed"
    async with quick({"chat": gone}) as voice:
        assert isinstance((await voice.ask("Hello?")).error, voicebot.ChatError)


async def test_no_file_and_no_environment_is_read_that_is_not_named(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = empty_home / "config" / "voicebot"
    own.mkdir(parents=True)
    for folder in (own, empty_home):
        (folder / "config.toml").write_text('[tts]\nkind = "voicevox"\n[audio]\nkind = "wav"\n', encoding="utf-8")
    monkeypatch.setenv("VOICEBOT_TTS__KIND", "nonsense")
    async with quick() as voice:
        await voice.say("Hello.")
    monkeypatch.delenv("VOICEBOT_TTS__KIND")
    assert voicebot.load_config().tts.kind == "voicevox"
    assert not (empty_home / "voicebot.wav").exists()


async def test_settings_lie_on_top_of_the_configuration(empty_home: Path) -> None:
    file, wav = empty_home / "mine.toml", empty_home / "said.wav"
    file.write_text('[tts]\nkind = "tone"\nsample_rate = 8000\n[audio]\nkind = "silent"\n', encoding="utf-8")
    for source in (file, str(file), voicebot.load_config(file), {"tts": {"kind": "tone", "sample_rate": 8000}}):
        async with voicebot.open_voice(source, audio={"kind": "wav", "path": str(wav)}) as voice:
            await voice.say("Hello.")
        with wave.open(str(wav)) as written:
            assert written.getframerate() == 8000
        wav.unlink()


async def test_a_mistake_in_the_settings_is_named() -> None:
    with pytest.raises(
        voicebot.ConfigError, match=r"open_voice: tts.sample_rat: unknown key; did you mean sample_rate"
    ):
        async with voicebot.open_voice(tts={"kind": "tone", "sample_rat": 1}):
            pass
    with pytest.raises(voicebot.ConfigError, match="unknown kind 'toen'; did you mean tone"):
        async with voicebot.open_voice(tts="toen"):
            pass


async def test_nothing_is_kept_of_conversations_unless_it_is_asked_for(empty_home: Path) -> None:
    chat = ScriptedChat(typed("Yes.", first=0.0, rate=5000))
    async with quick(chat=chat) as voice:
        await voice.ask("Are you there?")
    assert not (empty_home / "data").exists()
    async with quick(chat=chat, memory={"store": True, "path": str(empty_home / "kept.db")}) as voice:
        await voice.ask("Are you there?")
    assert (empty_home / "kept.db").exists()


async def test_a_synthesizer_and_an_output_of_ones_own_are_used() -> None:
    clips: list[voicebot.Clip] = []

    def speech(text: str) -> bytes:
        return bytes(2 * len(text)) + b"\0"  # half a frame too much

    own = voicebot.FunctionSynthesizer(speech, sample_rate=8000)
    assert own.name.endswith("speech")
    async with voicebot.open_voice(tts=own, audio=voicebot.FunctionOutput(clips.append, realtime=False)) as voice:
        outcome = await voice.say("One. Two.")
    assert outcome.heard == "One. Two."
    assert sum(clip.frames for clip in clips) == len("One.Two.")

    async def slowly(text: str) -> bytes:
        await anyio.lowlevel.checkpoint()
        return bytes(2 * len(text))

    async def keep(clip: voicebot.Clip) -> None:
        await anyio.lowlevel.checkpoint()
        clips.append(clip)

    clips.clear()
    made = voicebot.FunctionSynthesizer(slowly, sample_rate=8000, name="mine")
    async with voicebot.open_voice(tts=made, audio=voicebot.FunctionOutput(keep)) as voice:
        await voice.say("One.")
    assert [clip.frames for clip in clips] == [4]


async def test_a_function_that_does_not_return_bytes_is_named() -> None:
    """What an async one returned was taken as it came, and failed later without a name."""

    async def later(text: str) -> str:
        return text

    class Speaker:
        async def __call__(self, text: str) -> str:
            return text

    wrong: list[Any] = [lambda text: text, later, Speaker()]  # Any: what the types forbid
    for speech in wrong:
        made = voicebot.FunctionSynthesizer(speech, sample_rate=8000, name="mine")
        with pytest.raises(TypeError, match="mine returned str, not 16-bit PCM as bytes"):
            async with voicebot.open_voice(tts=made, audio="silent"):
                pass


async def test_an_output_of_ones_own_is_given_nothing_more_once_it_is_stopped() -> None:
    clips: list[voicebot.Clip] = []
    async with voicebot.open_voice(tts="tone", audio=voicebot.FunctionOutput(clips.append)) as voice:
        async with anyio.create_task_group() as tasks:
            stream = voice.events()
            tasks.start_soon(voice.say, LONG)
            await started(stream)
            voice.stop()
        assert len(clips) == 1


async def test_a_voice_that_fails_is_an_outcome_and_told() -> None:
    told: list[str] = []
    broken = CostingSynthesizer(delay=0, rtf=0, fails={"": voicebot.VoiceUnavailable("no voice", hint="find it")})
    async with voicebot.open_voice(tts=broken, audio="silent", notify=told.append) as voice:
        outcome = await voice.say("Hello.")
    assert outcome.kind == "failed"
    assert told == ["no voice → find it"]


# ---------------------------------------------------------------- events


async def test_every_event_from_the_call_on_is_there_in_order() -> None:
    seen = EventRecorder()
    async with quick(on_event=seen) as voice:
        stream = voice.events()
        await voice.speak(deltas())
        await voice.say("And more.")
    assert [event async for event in stream] == seen.events
    assert stream.missed == 0
    assert [event async for event in stream] == []


async def test_a_slow_reader_loses_the_oldest_and_is_told_how_many() -> None:
    seen = EventRecorder()
    async with quick(on_event=seen) as voice:
        stream = voice.events(capacity=3)
        await voice.say(WHOLE)
    assert [event async for event in stream] == seen.events[-3:]
    assert stream.missed == len(seen.events) - 3


async def test_a_reader_is_woken_when_the_voice_is_closed() -> None:
    async with anyio.create_task_group() as tasks, quick() as voice:
        stream = voice.events()
        tasks.start_soon(started, stream)
        await anyio.wait_all_tasks_blocked()


# ---------------------------------------------------------------- its end


async def test_what_is_being_said_ends_with_the_block() -> None:
    outcomes: list[voicebot.Outcome] = []

    async def say() -> None:
        outcomes.append(await voice.say(LONG))

    async with anyio.create_task_group() as tasks, slow() as voice:
        stream = voice.events()
        tasks.start_soon(say)
        await started(stream)
    assert [one.kind for one in outcomes] == ["interrupted"]
    with pytest.raises(voicebot.VoiceClosed):
        await voice.say("Too late.")
    with pytest.raises(voicebot.VoiceClosed):
        voice.events()


async def test_an_error_in_the_block_is_raised_as_it_is() -> None:
    async def speak_and_fail() -> None:
        async with quick() as voice:
            await voice.say("Hello.")
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await speak_and_fail()


async def test_cancelling_ends_the_speech_and_the_voice_speaks_on() -> None:
    async with slow() as voice:
        with anyio.move_on_after(0.2) as scope:
            await voice.speak([LONG])
        assert scope.cancelled_caught
        assert (await voice.say("Hi.")).heard == "Hi."


async def test_two_voices_in_one_program_share_nothing() -> None:
    one, other = EventRecorder(), EventRecorder()
    async with quick(on_event=one) as a, quick(on_event=other) as b, anyio.create_task_group() as tasks:
        tasks.start_soon(a.say, "I am A.")
        tasks.start_soon(b.say, "I am B.")
    (ended,) = one.of(events.TurnEnded)
    assert ended.heard == "I am A."
    assert {event.turn for event in one.events}.isdisjoint({event.turn for event in other.events})
