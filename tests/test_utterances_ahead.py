"""What a turn promises where several engines work on it: the order, how far ahead, and what becomes of failures."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import QUESTION, UrgentSynthesizer, adaptive, failure, pipeline, turn
from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.audio.silent import SilentOutput
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.speech import AS_CONFIGURED, Audio, Capabilities, Style
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat, typed
from voicebot.text.speech_length import speech_seconds
from voicebot.turn import Pipeline, speak_turn

FOUR = "The first is here. The second follows. Then the third. And the fourth."
REPLY = f"{FOUR} " * 5


def at_once(text: str) -> ScriptedChat:
    """A chat model that has written all of `text` before anything is said."""
    return ScriptedChat(typed(text, rate=5000))


Make = Callable[[ScriptedChat, CostingSynthesizer], Pipeline]


class Uneven(CostingSynthesizer):
    """Takes as many seconds more as `late` says for a part of a text, and notes what runs and what was given up."""

    def __init__(
        self,
        late: Mapping[str, float] | None = None,
        *,
        ahead: int = 4,
        seconds: float = 1.0,
        fails: Mapping[str, SynthesisError] | None = None,
        piece_seconds: float | None = None,
    ) -> None:
        super().__init__(rtf=0.0, seconds=seconds, fails=fails, piece_seconds=piece_seconds, parallel=9, ahead=ahead)
        self.late = late or {}
        self.asked: list[str] = []
        self.running: list[str] = []
        self.given_up: list[str] = []

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        self.asked.append(text)
        self.running.append(text)
        try:
            await anyio.sleep(sum(seconds for part, seconds in self.late.items() if part in text))
            async with aclosing(super().synthesize(text, style)) as pieces:
                async for audio in pieces:
                    yield audio
        except anyio.get_cancelled_exc_class():
            self.given_up.append(text)
            raise
        finally:
            self.running.remove(text)


def begun(recorder: EventRecorder) -> list[int]:
    return [event.index for event in recorder.of(events.PlaybackStarted)]


def test_utterances_are_heard_in_order_whichever_is_made_first() -> None:
    outcome, recorder = turn(pipeline(at_once(FOUR), Uneven({"first": 3.0, "third": 1.0})))
    assert [event.index for event in recorder.of(events.ClipReady)] == [1, 3, 2, 0]
    assert begun(recorder) == [event.index for event in recorder.of(events.PlaybackFinished)] == [0, 1, 2, 3]
    assert (outcome.kind, outcome.heard, outcome.exact) == ("completed", FOUR, True)
    assert outcome.metrics.gaps == 0


def test_each_is_heard_as_soon_as_it_is_there_if_it_is_the_next() -> None:
    _, recorder = turn(pipeline(at_once(FOUR), Uneven({"second": 5.0})))
    asked = recorder.of(events.UtteranceReady)[0].at
    first, second, *_ = recorder.of(events.PlaybackStarted)
    assert first.at == pytest.approx(asked + 0.1)
    assert second.at == pytest.approx(asked + 5.1, abs=0.01)


@pytest.mark.parametrize("ahead", [1, 2, 3, 5])
def test_never_more_are_made_at_once_than_the_voice_says(ahead: int) -> None:
    voice = CostingSynthesizer(parallel=ahead, ahead=ahead, delay=1.0)
    outcome, _ = turn(pipeline(at_once(REPLY), voice, SilentOutput(realtime=False)))
    assert voice.most_at_once == ahead
    assert len(voice.said) == 20
    assert outcome.heard == REPLY


@settings(max_examples=60)
@given(
    words=st.lists(st.integers(1, 8), min_size=5, max_size=30),
    delay=st.floats(0.0, 0.5),
    rtf=st.floats(0.0, 0.5),
    ahead=st.integers(2, 8),
    rate=st.sampled_from([20, 100, 5000]),
    piece_seconds=st.sampled_from([None, 0.3]),
    joins=st.booleans(),
)
def test_no_more_than_four_seconds_and_a_sentence_are_made_or_being_made_beyond_what_is_heard(
    words: list[int], delay: float, rtf: float, ahead: int, rate: int, piece_seconds: float | None, joins: bool
) -> None:
    sentences = [f"So {'talk ' * count}on." for count in words]
    text, longest = " ".join(sentences), max(map(speech_seconds, sentences))
    voice = CostingSynthesizer(delay=delay, rtf=rtf, parallel=ahead, ahead=ahead, piece_seconds=piece_seconds)
    make = adaptive if joins else pipeline
    outcome, recorder = turn(make(ScriptedChat(typed(text, rate=rate)), voice))
    asked = recorder.of(events.UtteranceReady)
    assert max(speech_seconds(event.spoken) + (event.lead or 0.0) for event in asked) <= 4.0 + longest + 1e-6
    assert max(event.lead or 0.0 for event in asked) < 4.0 + 1e-6
    assert outcome.heard == text
    assert begun(recorder) == [event.index for event in asked]


@pytest.mark.parametrize("make", [adaptive, pipeline])
def test_two_engines_leave_no_gaps_where_one_is_too_slow(make: Make) -> None:
    def gap_seconds(engines: int) -> float:
        voice = CostingSynthesizer(delay=0.1, rtf=1.6, parallel=engines, ahead=engines)
        outcome, _ = turn(make(at_once("This is one of many sentences. " * 12), voice))
        assert outcome.kind == "completed"
        return outcome.metrics.gap_seconds

    assert gap_seconds(1) > 5.0
    assert gap_seconds(2) == 0.0


@pytest.mark.parametrize("make", [adaptive, pipeline])
def test_an_engine_that_is_too_slow_for_the_sentences_is_asked_earlier(make: Make) -> None:
    """With four seconds of audio at most before it, a sentence that takes six to make always came too late."""
    sentence = "A sentence that somebody who does not think of those who listen has made much too long for anyone. "

    def gap_seconds(engines: int) -> float:
        voice = CostingSynthesizer(delay=0.1, rtf=1.6, parallel=engines, ahead=engines)
        return turn(make(at_once(sentence * 8), voice))[0].metrics.gap_seconds

    assert gap_seconds(3) < 0.2 * gap_seconds(1)  # the first one cannot be in time


@pytest.mark.parametrize("ahead", [2, 4])
@pytest.mark.parametrize("rtf", [0.05, 0.6, 1.5])
@pytest.mark.parametrize("rate", [10, 100])
@pytest.mark.parametrize(
    "text", [FOUR * 3, "はい、わかりました。明日の朝、もう一度電話してみます。それでいいですか？" * 3]
)
def test_everything_is_said_once_however_slow_model_and_voice_are(text: str, rate: int, rtf: float, ahead: int) -> None:
    voice = CostingSynthesizer(delay=0.15, rtf=rtf, parallel=ahead, ahead=ahead)
    outcome, recorder = turn(adaptive(ScriptedChat(typed(text, rate=rate, size=2)), voice))
    assert (outcome.kind, outcome.heard) == ("completed", text)
    assert "".join(event.text for event in recorder.of(events.UtteranceReady)) == text


def test_nothing_more_is_asked_for_while_the_sound_is_held() -> None:
    output = SilentOutput(realtime=True)
    voice = Uneven(ahead=2, seconds=2.0)
    recorder, asked = EventRecorder(), []

    async def hold() -> None:
        await anyio.sleep(2.0)
        output.pause()
        asked.append(len(voice.asked))
        await anyio.sleep(60.0)
        asked.append(len(voice.asked))
        output.resume()

    async def body() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hold)
            given = pipeline(at_once(REPLY), voice, output)
            await speak_turn(QUESTION, given, emit=recorder, scope=anyio.CancelScope())

    in_virtual_time(body)
    assert recorder.of(events.TurnEnded)[0].heard == REPLY
    assert asked[1] <= asked[0] + 2


def test_pieces_of_the_next_one_wait_for_their_turn_and_those_of_the_first_do_not() -> None:
    voice = Uneven({"first": 1.0}, seconds=2.0, piece_seconds=0.5)
    outcome, recorder = turn(pipeline(at_once(FOUR), voice))
    asked = recorder.of(events.UtteranceReady)[0].at
    assert recorder.of(events.ClipReady)[0].index == 1
    assert begun(recorder) == [0, 1, 2, 3]
    assert recorder.of(events.PlaybackStarted)[0].at == pytest.approx(asked + 1.1)
    assert (outcome.heard, outcome.metrics.gaps) == (FOUR, 0)
    assert outcome.metrics.audio_seconds == pytest.approx(8.0)


def test_the_urgency_of_each_counts_what_is_being_made_before_it() -> None:
    voice = UrgentSynthesizer(delay=1.0, rtf=0.0, seconds=1.2)
    voice.capabilities = Capabilities(parallel=3, ahead=3)
    _, recorder = turn(pipeline(at_once(FOUR), voice))
    first, second, third, _ = (speech_seconds(event.spoken) for event in recorder.of(events.UtteranceReady))
    assert voice.within[:3] == pytest.approx([0.0, first, first + second])
    assert voice.within[3] <= first + second + third
    voice.within.clear()
    turn(pipeline(at_once(FOUR), voice, SilentOutput(realtime=False)))
    assert voice.within == [math.inf] * 4


# ---------------------------------------------------------------- interruptions


def test_barge_in_keeps_what_was_heard_and_leaves_nothing_running() -> None:
    voice = Uneven({"third": 50.0}, seconds=1.0)
    outcome, _ = turn(pipeline(at_once(FOUR), voice), interrupt_at=2.0)
    assert outcome.kind == "interrupted"
    assert FOUR.startswith(outcome.heard)
    assert outcome.heard.startswith("The first is here. The")
    assert outcome.heard + outcome.unsaid == FOUR
    assert voice.running == []
    assert voice.given_up == ["Then the third."]


@pytest.mark.anyio
async def test_barge_in_at_any_moment_leaves_nothing_running_on_any_event_loop() -> None:
    voice = Uneven({"first": 0.003, "third": 0.002}, seconds=0.001)
    voice.delay = 0.0
    for steps in range(2, 80, 3):
        scope = anyio.CancelScope()

        async def interrupt(scope: anyio.CancelScope = scope, steps: int = steps) -> None:
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
            scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(interrupt)
            chat = ScriptedChat([(0.0, FOUR)])
            outcome = await speak_turn(QUESTION, pipeline(chat, voice), emit=EventRecorder(), scope=scope)
            tasks.cancel_scope.cancel()
        assert outcome.kind in {"interrupted", "completed"}
        assert voice.running == []
    outcome = await speak_turn(QUESTION, pipeline(chat, voice), emit=EventRecorder(), scope=anyio.CancelScope())
    assert (outcome.kind, outcome.heard) == ("completed", FOUR)


@pytest.mark.anyio
async def test_a_bug_in_a_voice_is_not_dressed_up_as_an_outcome() -> None:
    class Buggy(Uneven):
        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
            if "second" in text:
                raise ZeroDivisionError
            async with aclosing(super().synthesize(text, style)) as pieces:
                async for audio in pieces:
                    yield audio

    chat = ScriptedChat([(0.0, FOUR)])
    with pytest.raises(ZeroDivisionError):
        await speak_turn(QUESTION, pipeline(chat, Buggy()), emit=EventRecorder(), scope=anyio.CancelScope())


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize("late", [{}, {"first": 2.0}, {"second": 2.0}], ids=["together", "early", "late"])
def test_one_that_cannot_be_said_is_shown_reported_and_skipped_in_its_place(late: dict[str, float]) -> None:
    voice = Uneven(late, fails={"second": failure()})
    outcome, recorder = turn(pipeline(at_once(FOUR), voice))
    assert begun(recorder) == [0, 1, 2, 3]
    assert outcome.kind == "completed"
    assert outcome.heard == "The first is here. Then the third. And the fourth."
    assert (outcome.skipped, outcome.unsaid) == (" The second follows.", "")
    assert len(recorder.of(events.TurnWarning)) == 1
    told = recorder.events.index(recorder.of(events.TurnWarning)[0])
    assert told < recorder.events.index(recorder.of(events.PlaybackStarted)[1])


def test_a_voice_that_is_gone_is_given_up_and_what_is_under_way_behind_is_cancelled() -> None:
    voice = Uneven({"third": 60.0}, fails={"second": VoiceUnavailable("the engine is gone")})
    outcome, recorder = turn(pipeline(at_once(f"{FOUR} 🎉\nAnd more. And still more. This is all."), voice))
    assert isinstance(outcome.error, VoiceUnavailable)
    assert outcome.heard == "The first is here."
    assert "".join(event.text for event in recorder.of(events.PlaybackStarted)).startswith(FOUR)
    assert voice.given_up == ["Then the third."]
    assert "And still more." not in voice.asked
    assert len(recorder.of(events.TurnWarning)) == 1
    assert recorder.events[-1].at < 10.0


def test_three_failures_in_a_row_give_the_voice_up_and_fewer_do_not() -> None:
    bad = failure()
    outcome, recorder = turn(pipeline(at_once(FOUR), Uneven(fails={"first": bad, "second": bad, "third": bad})))
    assert (outcome.kind, outcome.error, outcome.heard, outcome.skipped) == ("failed", bad, "", FOUR)
    assert len(recorder.of(events.TurnWarning)) == 3
    outcome, recorder = turn(pipeline(at_once(FOUR), Uneven(fails={"first": bad, "third": bad, "fourth": bad})))
    assert (outcome.kind, outcome.heard) == ("completed", " The second follows.")
    assert len(recorder.of(events.TurnWarning)) == 3


def test_one_bad_answer_loses_no_sentence() -> None:
    class OnceBad(Uneven):
        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
            bad = text not in self.asked
            async with aclosing(super().synthesize(text, style)) as pieces:
                async for audio in pieces:
                    if bad:
                        raise failure()
                    yield audio

    voice = OnceBad()
    outcome, recorder = turn(pipeline(at_once(FOUR), voice))
    assert (outcome.kind, outcome.heard, outcome.skipped) == ("completed", FOUR, "")
    assert len(voice.asked) == 8
    assert not recorder.of(events.TurnWarning)


def test_what_is_only_shown_has_its_place_among_what_is_said() -> None:
    reply = "Hello there.\n…!?\nOne more line.\n🎉\nBye now.\n"
    outcome, recorder = turn(pipeline(at_once(reply), Uneven({"Hello": 2.0})))
    assert "".join(event.text for event in recorder.of(events.PlaybackStarted)) == reply.rstrip()
    assert outcome.heard == reply.rstrip()
