"""The one door to the conversation, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.fakes import BreakingOutput, pipeline
from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.audio.silent import SilentOutput
from voicebot.conversation import Conversation
from voicebot.daemon.dispatcher import Dispatcher, open_dispatcher
from voicebot.daemon.requests import Kind, State
from voicebot.errors import ChatUnavailable, VoiceUnavailable
from voicebot.floor import Priority
from voicebot.memory.window import WindowMemory
from voicebot.speech import AS_CONFIGURED, Audio, Style
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat, typed

SENTENCE = "This sentence takes a while to be said to its very end."


@asynccontextmanager
async def opened(
    *, chat: ScriptedChat | None = None, output: SilentOutput | None = None, pause_seconds: float = 300.0
) -> AsyncIterator[tuple[Dispatcher, EventRecorder]]:
    made = pipeline(chat or ScriptedChat(typed("Hello there.")), CostingSynthesizer(), output)
    conversation = Conversation(made, memory=WindowMemory(system_prompt="", turns=5))
    recorder = EventRecorder()
    with conversation.broadcast.listen(recorder):
        async with open_dispatcher(conversation, pause_seconds=pause_seconds) as dispatcher:
            yield dispatcher, recorder


def test_callers_are_told_their_place_and_are_served_in_order() -> None:
    async def main() -> None:
        async with opened() as (dispatcher, recorder):
            asked = [await dispatcher.say(SENTENCE, source=name) for name in ("one", "two", "three")]
            assert [(one.id, one.position) for one in asked] == [("u1", 0), ("u2", 1), ("u3", 2)]
            await asked[2].ended.wait()
            assert [one.turn for one in recorder.of(events.TurnStarted)] == [one.turn for one in asked]
            assert {one.state for one in asked} == {State.FINISHED}

    in_virtual_time(main)


def test_an_important_one_cuts_what_is_spoken_and_says_why_in_the_history() -> None:
    async def main() -> None:
        async with opened() as (dispatcher, _):
            cut = await dispatcher.say(SENTENCE, priority=Priority.TEXT)
            await cut.began.wait()
            urgent = await dispatcher.say("Fire!", priority=Priority.IMPORTANT)
            await urgent.ended.wait()
            assert (cut.state, cut.reason, urgent.state) == (State.CANCELLED, "outranked", State.FINISHED)
            assert [one["reason"] for one in dispatcher.history()] == ["outranked", ""]

    in_virtual_time(main)


def test_stop_returns_when_it_is_silent_and_others_go_on_after_it() -> None:
    async def main() -> None:
        async with opened() as (dispatcher, _):
            mine = await dispatcher.say(SENTENCE)
            theirs = await dispatcher.say(SENTENCE, source="backup")
            await mine.began.wait()
            assert await dispatcher.stop() == 1
            assert mine.state is State.CANCELLED
            await theirs.ended.wait()
            assert theirs.state is State.FINISHED

    in_virtual_time(main)


def test_skip_goes_on_to_the_next_one_that_waits() -> None:
    async def main() -> None:
        async with opened() as (dispatcher, _):
            assert not await dispatcher.skip()
            first, second = await dispatcher.say(SENTENCE), await dispatcher.say(SENTENCE)
            assert await dispatcher.skip()
            await second.began.wait()
            assert (first.state, dispatcher.speaking) == (State.CANCELLED, second)

    in_virtual_time(main)


def test_a_pause_holds_the_sound_and_ends_with_its_lease() -> None:
    async def main() -> None:
        async with opened(pause_seconds=300) as (dispatcher, _):
            asked = await dispatcher.say(SENTENCE)
            await asked.began.wait()
            began = anyio.current_time()
            dispatcher.pause()
            await asked.ended.wait()
            assert anyio.current_time() - began > 300
            assert dispatcher.paused_until is None

    in_virtual_time(main)


def test_a_second_pause_begins_a_new_lease() -> None:
    async def main() -> None:
        async with opened(pause_seconds=300) as (dispatcher, _):
            asked = await dispatcher.say(SENTENCE)
            await asked.began.wait()
            dispatcher.pause()
            await anyio.sleep(200)
            dispatcher.pause()
            await anyio.sleep(200)
            assert not asked.ended.is_set()
            dispatcher.resume()
            await asked.ended.wait()
            assert asked.state is State.FINISHED

    in_virtual_time(main)


def test_everybody_who_listens_is_told_of_a_pause_and_of_its_end_once() -> None:
    async def main() -> None:
        async with opened(pause_seconds=300) as (dispatcher, recorder):
            asked = await dispatcher.say(SENTENCE)
            await asked.began.wait()
            dispatcher.resume()
            dispatcher.pause()
            dispatcher.pause()
            dispatcher.resume()
            dispatcher.pause()
            await dispatcher.stop()
            assert [one.turn for one in recorder.of(events.Paused)] == [asked.turn] * 2
            assert [one.turn for one in recorder.of(events.Resumed)] == [asked.turn] * 2

    in_virtual_time(main)


def test_what_was_heard_last_can_be_repeated_a_reply_too() -> None:
    async def main() -> None:
        async with opened() as (dispatcher, recorder):
            assert await dispatcher.repeat() is None
            await (await dispatcher.ask("Hi")).ended.wait()
            again = await dispatcher.repeat()
            assert again is not None
            await again.ended.wait()
            assert [one.heard for one in recorder.of(events.TurnEnded)] == ["Hello there."] * 2

    in_virtual_time(main)


def test_a_loudspeaker_that_goes_and_comes_back_is_told_once_each_time() -> None:
    async def main() -> None:
        async with opened(output=BreakingOutput(breaks_at=0)) as (dispatcher, recorder):
            for _ in range(2):
                failed = await dispatcher.say(SENTENCE)
                await failed.ended.wait()
                await anyio.sleep(1)
                assert (failed.state, failed.code) == (State.FAILED, "VB-AUDIO")
            dispatcher.conversation.pipeline = pipeline(ScriptedChat([]), CostingSynthesizer(), None)
            for _ in range(2):
                await (await dispatcher.say(SENTENCE)).ended.wait()
                await anyio.sleep(1)
            told = [notice.message.partition(":")[0] for notice in recorder.of(events.Notice)]
            assert told == ["the loudspeaker is gone", "the loudspeaker is back"]

    in_virtual_time(main)


def test_a_text_said_does_not_bring_the_chat_model_back() -> None:
    async def main() -> None:
        gone = ScriptedChat([], error=ChatUnavailable("nobody answers"))
        async with opened(chat=gone) as (dispatcher, recorder):
            failed = await dispatcher.ask("Hi")
            await failed.ended.wait()
            await (await dispatcher.say(SENTENCE)).ended.wait()
            await anyio.sleep(1)
            assert (failed.code, failed.reason) == ("VB-CHAT", "nobody answers")
            assert [notice.message for notice in recorder.of(events.Notice)] == [
                "the chat model is gone: nobody answers"
            ]

    in_virtual_time(main)


def test_what_cannot_be_prepared_is_told_to_the_caller() -> None:
    async def refuse(kind: Kind) -> None:
        raise VoiceUnavailable(f"no voice to {kind} it with", hint="start one")

    async def main() -> None:
        made = pipeline(ScriptedChat([]))
        conversation = Conversation(made, memory=WindowMemory(system_prompt="", turns=5))
        async with open_dispatcher(conversation, prepare=refuse) as dispatcher:
            failed = await dispatcher.say(SENTENCE)
            told = (failed.state, failed.reason, failed.hint, failed.code)
            assert told == (State.FAILED, "no voice to say it with", "start one", "VB-VOICE")

    in_virtual_time(main)


def test_before_the_end_the_sentence_is_finished_and_nothing_else_begins() -> None:
    async def main() -> None:
        async with opened() as (dispatcher, recorder):
            speaks, waits = await dispatcher.say("Short."), await dispatcher.say(SENTENCE)
            await speaks.began.wait()
            await dispatcher.finish(2.0)
            assert [one.index for one in recorder.of(events.PlaybackFinished)] == [0]
            assert (waits.state, waits.reason) == (State.CANCELLED, "stopped")

    in_virtual_time(main)


def test_a_long_sentence_is_given_up_after_two_seconds() -> None:
    async def main() -> None:
        async with opened() as (dispatcher, _):
            speaks = await dispatcher.say("word " * 100)
            await speaks.began.wait()
            began = anyio.current_time()
            await dispatcher.finish(2.0)
            assert anyio.current_time() - began == pytest.approx(2.0)

    in_virtual_time(main)


@pytest.mark.anyio
async def test_a_hundred_callers_at_once_are_all_placed() -> None:
    async with opened() as (dispatcher, _):
        placed = []

        async def call(number: int) -> None:
            placed.append(await dispatcher.say(f"{number}.", priority=Priority.PROGRESS))

        async with anyio.create_task_group() as callers:
            for number in range(100):
                callers.start_soon(call, number)
        assert len({one.id for one in placed}) == 100
        assert sum(not one.state.over for one in placed) <= 2


class _Noting(CostingSynthesizer):
    """Knows in what style each text was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.styles: list[Style] = []

    def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        self.styles.append(style)
        return super().synthesize(text, style)


def test_a_caller_may_have_a_voice_and_a_speed_of_its_own() -> None:
    async def main() -> None:
        voice = _Noting()
        made = pipeline(ScriptedChat([]), voice)
        async with open_dispatcher(Conversation(made, memory=WindowMemory(system_prompt="", turns=5))) as dispatcher:
            await (await dispatcher.say("One.", style=Style("ja", 1.5))).ended.wait()
            await (await dispatcher.say("Two.")).ended.wait()
        assert voice.styles == [Style("ja", 1.5), AS_CONFIGURED]

    in_virtual_time(main)


def test_a_clock_that_is_set_or_sleeps_does_not_change_how_long_a_pause_lasts() -> None:
    """The end of the lease was kept by the wall clock: set back by an hour, the status promised an hour more."""
    seconds_since_1970 = 1_000_000.0

    async def main() -> None:
        nonlocal seconds_since_1970
        made = pipeline(ScriptedChat([]), CostingSynthesizer(), None)
        conversation = Conversation(made, memory=WindowMemory(system_prompt="", turns=5))
        async with open_dispatcher(conversation, pause_seconds=60, wall_clock=lambda: seconds_since_1970) as dispatcher:
            dispatcher.pause()
            assert dispatcher.paused_until == pytest.approx(1_000_060)
            for step in (-3600, 7200):
                seconds_since_1970 += step
                assert dispatcher.paused_until == pytest.approx(seconds_since_1970 + 60)
            await anyio.sleep(59)
            assert dispatcher.status()["paused_until"] == pytest.approx(seconds_since_1970 + 1)
            await anyio.sleep(2)
            assert dispatcher.paused_until is None

    in_virtual_time(main)
