"""What a turn promises, in virtual time: seconds of speech in milliseconds, the same numbers every run."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import anyio
import anyio.lowlevel
import pytest
from anyio import CancelScope

from tests.fakes import QUESTION, BreakingOutput, UrgentSynthesizer, adaptive, failure, pipeline, turn
from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.audio.paced import PacedPlayback
from voicebot.audio.silent import SilentOutput
from voicebot.errors import ChatError, VoicebotError, VoiceUnavailable
from voicebot.messages import Message, ReplyData, ReplyPart, ToolCall, Usage
from voicebot.pacing import Pacer, Pacing, VoiceCost
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Clip, Outcome, Style, Timing
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat, typed
from voicebot.text.redaction import StreamRedactor
from voicebot.text.speech_length import speech_seconds
from voicebot.turn import speak_turn

THREE = "The first sentence is here. The second one follows it. And this is the third."


def test_a_pause_that_was_asked_for_is_not_a_gap() -> None:
    """A pause between two clips was reported as a gap, and as waiting for the voice."""
    output = SilentOutput(realtime=True)
    given = pipeline(ScriptedChat(typed(THREE, rate=1000)), CostingSynthesizer(seconds=1.0, delay=1.4, rtf=0), output)
    recorder = EventRecorder()

    async def body() -> None:
        scope, one_is_over = anyio.CancelScope(), anyio.Event()

        def emit(event: events.TurnEvent) -> None:
            recorder(event)
            if isinstance(event, events.PlaybackFinished):
                one_is_over.set()

        async def pause() -> None:
            """0.1 s after the first clip has ended, until long after the second one is there."""
            await one_is_over.wait()
            await anyio.sleep(0.1)
            output.pause()
            await anyio.sleep(5.0)
            output.resume()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pause)
            await speak_turn(QUESTION, given, emit=emit, scope=scope)

    in_virtual_time(body)
    (ended,) = recorder.of(events.TurnEnded)
    assert ended.outcome == "completed"
    assert ended.metrics.gap_seconds == pytest.approx(0.1)
    assert recorder.of(events.PlaybackStarted)[1].at > 5.0


def test_the_reply_is_heard_in_full_and_in_order() -> None:
    voice = CostingSynthesizer()
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE)), voice))
    assert outcome.kind == "completed"
    assert outcome.heard == THREE
    assert outcome.unsaid == ""
    assert voice.said == ["The first sentence is here.", "The second one follows it.", "And this is the third."]
    assert [e.index for e in recorder.of(events.PlaybackFinished)] == [0, 1, 2]


def test_first_audio_comes_exactly_with_the_first_segment_its_synthesis_and_the_outputs_latency() -> None:
    output = SilentOutput(realtime=True, latency_seconds=0.05)
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE)), CostingSynthesizer(delay=0.2, rtf=0.1), output))
    first = recorder.of(events.SegmentReady)[0].at
    synthesis = 0.2 + 0.1 * recorder.of(events.ClipReady)[0].audio_seconds
    assert outcome.metrics.ttfa == pytest.approx(first + synthesis + 0.05, abs=1e-9)
    assert outcome.metrics.ttft == pytest.approx(0.5)


def test_one_sentence_plays_while_the_next_is_synthesized_and_the_one_after_is_written() -> None:
    given = pipeline(ScriptedChat(typed(THREE, rate=10)), CostingSynthesizer(seconds=1.5, delay=0.3, rtf=0))
    _, recorder = turn(given)
    playing = recorder.of(events.PlaybackStarted)[0].at, recorder.of(events.PlaybackFinished)[0].at
    assert playing[0] < recorder.of(events.ClipReady)[1].at < playing[1]
    assert any(playing[0] < delta.at < playing[1] for delta in recorder.of(events.Delta))


def test_there_is_no_gap_that_the_engines_speed_does_not_force() -> None:
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE, rate=200)), CostingSynthesizer(delay=0.05, rtf=0.3)))
    assert outcome.metrics.gaps == 0
    starts, ends = recorder.of(events.PlaybackStarted), recorder.of(events.PlaybackFinished)
    assert [s.at for s in starts[1:]] == pytest.approx([e.at for e in ends[:-1]], abs=1e-9)


def test_a_gap_is_as_long_as_the_engine_is_late_and_the_metrics_say_who_was_late() -> None:
    voice = CostingSynthesizer(seconds=1.0, delay=1.4, rtf=0)
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), voice))
    assert [gap.seconds for gap in recorder.of(events.Gap)] == pytest.approx([0.4, 0.4])
    assert outcome.metrics.gap_seconds == pytest.approx(0.8)
    assert outcome.metrics.waited_for_voice == pytest.approx(0.8)
    assert outcome.metrics.rtf == pytest.approx(1.4)
    slow_model = [(0.1, "The first one. "), (0.1, "S"), (5.0, "econd one here. "), (0.1, "End")]
    outcome, _ = turn(pipeline(ScriptedChat(slow_model), CostingSynthesizer(seconds=1.0)))
    assert outcome.metrics.gaps >= 1
    assert outcome.metrics.waited_for_chat > 0.9 * outcome.metrics.gap_seconds


def test_a_finished_sentence_does_not_wait_for_a_model_that_pauses() -> None:
    _, recorder = turn(pipeline(ScriptedChat([(0.5, "Hello there."), (60.0, " And on.")])))
    assert recorder.of(events.SegmentReady)[0].at == pytest.approx(0.5 + 0.3)
    assert recorder.of(events.SegmentReady)[0].text == "Hello there."


def test_events_never_go_back_in_time_and_end_with_the_turn() -> None:
    _, recorder = turn(pipeline(ScriptedChat(typed(THREE))))
    moments = [event.at for event in recorder.events]
    assert moments == sorted(moments)
    assert isinstance(recorder.events[0], events.TurnStarted)
    assert isinstance(recorder.events[-1], events.TurnEnded)


def test_barge_in_keeps_exactly_what_was_heard() -> None:
    given = pipeline(ScriptedChat(typed(THREE, rate=1000)), CostingSynthesizer(seconds=2.0, delay=0.1, rtf=0))
    uncut, recorder = turn(given)
    second = recorder.of(events.PlaybackStarted)[1].at
    chat = ScriptedChat(typed(THREE, rate=1000))
    outcome, _ = turn(pipeline(chat, CostingSynthesizer(seconds=2.0, delay=0.1, rtf=0)), interrupt_at=second + 1.0)
    assert outcome.kind == "interrupted"
    assert outcome.heard.startswith("The first sentence is here. The second")
    assert outcome.heard in uncut.heard
    assert not outcome.heard.endswith("it. ")
    assert outcome.heard + outcome.unsaid == THREE
    assert not outcome.exact
    assert chat.closed


def test_barge_in_before_the_first_sound_means_nothing_was_heard() -> None:
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE))), interrupt_at=0.7)
    assert (outcome.kind, outcome.heard) == ("interrupted", "")
    assert THREE.startswith(outcome.unsaid)
    assert recorder.of(events.TurnEnded)[0].outcome == "interrupted"


def test_a_reply_that_breaks_off_is_spoken_as_far_as_it_came() -> None:
    chat = ScriptedChat(typed("The first sentence. The second is cu"), ChatError("the connection broke"))
    outcome, _ = turn(pipeline(chat))
    assert outcome.kind == "failed"
    assert isinstance(outcome.error, ChatError)
    assert outcome.heard == "The first sentence. The second is cu"


def test_hours_of_sound_for_one_sentence_are_refused() -> None:
    """An engine that named a wrong sample rate, or sent sound without end, filled the memory when it was resampled."""
    outcome, _ = turn(pipeline(ScriptedChat(typed("Just this.")), CostingSynthesizer(rtf=0, seconds=36_000.0)))
    assert (outcome.heard, outcome.skipped) == ("", "Just this.")
    assert outcome.error is not None
    assert outcome.error.message == "costing made 600 minutes of sound for one utterance"


def test_a_sentence_that_cannot_be_said_is_shown_reported_and_skipped() -> None:
    voice = CostingSynthesizer(fails={"second": failure()})
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE)), voice))
    assert outcome.kind == "completed"
    assert voice.said == ["The first sentence is here.", "And this is the third."]
    assert "The second one follows it." in "".join(e.text for e in recorder.of(events.PlaybackStarted))
    assert "cannot say that" in recorder.of(events.TurnWarning)[0].message
    assert outcome.heard == "The first sentence is here. And this is the third."
    assert (outcome.skipped, outcome.unsaid) == (" The second one follows it.", "")
    assert recorder.of(events.TurnEnded)[0].skipped == outcome.skipped


def test_a_turn_in_which_nothing_could_be_said_has_failed() -> None:
    outcome, _ = turn(pipeline(ScriptedChat(typed("Just this.")), CostingSynthesizer(fails={"": failure()})))
    assert outcome.kind == "failed"
    assert outcome.error is not None
    assert outcome.heard == ""


def test_a_voice_that_is_gone_is_given_up_and_the_rest_is_shown() -> None:
    voice = CostingSynthesizer(fails={"second": VoiceUnavailable("the engine is gone")})
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE)), voice))
    assert isinstance(outcome.error, VoiceUnavailable)
    assert voice.said == ["The first sentence is here."]
    assert outcome.heard == "The first sentence is here."
    assert "".join(e.text for e in recorder.of(events.PlaybackStarted)) == THREE
    assert len(recorder.of(events.TurnWarning)) == 1


def test_a_device_that_goes_away_ends_the_turn_and_keeps_what_was_heard() -> None:
    outcome, _ = turn(pipeline(ScriptedChat(typed(THREE)), output=BreakingOutput(breaks_at=1)))
    assert outcome.kind == "failed"
    assert outcome.error is not None
    assert outcome.error.hint == "plug it in"
    assert THREE.startswith(outcome.heard)


def test_text_without_letters_or_digits_is_shown_and_never_synthesized() -> None:
    outcome, recorder = turn(
        pipeline(ScriptedChat([(0.1, "Hello.\n"), (0.1, "…!?\n"), (0.1, "🎉\n"), (0.1, "Bye.\n")]))
    )
    assert outcome.kind == "completed"
    assert "🎉" in "".join(e.text for e in recorder.of(events.PlaybackStarted))


def test_without_a_voice_the_reply_is_shown() -> None:
    given = replace(pipeline(ScriptedChat(typed(THREE)), output=SilentOutput(realtime=False)), synthesizer=None)
    outcome, _ = turn(given)
    assert (outcome.kind, outcome.heard) == ("completed", THREE)


def test_an_endless_reply_is_held_back_by_what_is_still_to_be_played() -> None:
    class Endless(ScriptedChat):
        async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
            while True:
                self.sent += 1
                yield "Another sentence of a reply that never ends. "

    chat = Endless([])
    outcome, recorder = turn(pipeline(chat), interrupt_at=30.0)
    assert outcome.kind == "interrupted"
    assert len(recorder.of(events.PlaybackFinished)) > 5
    assert chat.sent < 500


def test_an_empty_reply_completes_with_nothing_heard() -> None:
    outcome, _ = turn(pipeline(ScriptedChat([])))
    assert (outcome.kind, outcome.heard) == ("completed", "")


def test_forty_sentences_of_speech_take_no_real_time() -> None:
    text = "This sentence is one of many. " * 40
    outcome, _ = turn(pipeline(ScriptedChat(typed(text))))
    assert outcome.heard == text.rstrip() or outcome.heard == text
    assert outcome.metrics.audio_seconds > 40


def test_audio_that_was_heard_is_not_kept() -> None:
    """A text that is piped in for hours must not fill the memory."""
    text = "This sentence is one of many. " * 100
    voice = CostingSynthesizer(seconds=500.0, delay=0.0, rtf=0.0)  # a megabyte each
    tracemalloc.start()
    try:
        outcome, _ = turn(pipeline(ScriptedChat(typed(text)), voice))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome.metrics.audio_seconds == 100 * 500
    assert peak < 20_000_000


@pytest.mark.anyio
async def test_the_turn_runs_on_every_event_loop() -> None:
    recorder = EventRecorder()
    given = pipeline(
        ScriptedChat(typed(THREE, first=0.01, rate=2000)), CostingSynthesizer(seconds=0.02, delay=0.001, rtf=0)
    )
    outcome = await speak_turn(QUESTION, given, emit=recorder, scope=anyio.CancelScope())
    assert outcome.heard == THREE


@pytest.mark.anyio
async def test_cancelling_from_outside_passes_through() -> None:
    chat = ScriptedChat([(0.0, "Hello there. "), (60.0, "never")])
    with anyio.move_on_after(0.05) as outer:
        await speak_turn(QUESTION, pipeline(chat), emit=EventRecorder(), scope=anyio.CancelScope())
    assert outer.cancelled_caught
    assert chat.closed


@pytest.mark.anyio
async def test_barge_in_at_any_moment_of_a_fast_reply_without_a_voice_is_an_interruption() -> None:
    """The task that follows what is shown closed its queue as it was cancelled, while the other one still filled it:
    in two of five runs Ctrl-C ended the program with an "unexpected BrokenResourceError"."""
    output = SilentOutput(realtime=False)
    given = replace(pipeline(ScriptedChat([(0, "One more sentence. ")] * 100)), synthesizer=None, output=output)
    for steps in range(40, 140):
        scope = anyio.CancelScope()
        recorder = EventRecorder()
        async with anyio.create_task_group() as tasks:

            async def interrupt(scope: anyio.CancelScope = scope, steps: int = steps) -> None:
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()

            tasks.start_soon(interrupt)
            outcome = await speak_turn(QUESTION, given, emit=recorder, scope=scope)
            tasks.cancel_scope.cancel()
        assert outcome.kind == "interrupted"
        assert outcome.heard == "".join(event.text for event in recorder.of(events.PlaybackStarted))


@pytest.mark.anyio
async def test_a_bug_in_a_stage_is_not_dressed_up_as_an_outcome() -> None:
    class Buggy(CostingSynthesizer):
        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
            raise ZeroDivisionError
            yield

    with pytest.raises(ZeroDivisionError):
        await speak_turn(
            QUESTION,
            pipeline(ScriptedChat(typed(THREE, rate=5000)), Buggy()),
            emit=EventRecorder(),
            scope=anyio.CancelScope(),
        )


# ---------------------------------------------------------------- a voice with faults


class Faulty(CostingSynthesizer):
    """Does at each call what `faults` says, once those are used up what it should."""

    def __init__(self, *faults: VoicebotError | float | None, seconds: float = 2.0) -> None:
        super().__init__(seconds=seconds)
        self.faults = list(faults)
        """An error to raise, seconds to say nothing at all for, or None for the right answer."""
        self.tries: list[str] = []

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        self.tries.append(text)
        match self.faults.pop(0) if self.faults else None:
            case VoicebotError() as error:
                raise error
            case float(seconds):
                await anyio.sleep(seconds)
            case _:
                pass
        async with aclosing(super().synthesize(text, style)) as pieces:
            async for audio in pieces:
                yield audio


@pytest.mark.parametrize("at", [0, 1, 2])
def test_one_bad_answer_loses_no_sentence(at: int) -> None:
    """A 500 in the middle of a reply lost its sentence, though there were seconds of audio to be heard meanwhile."""
    voice = Faulty(*[None] * at, failure())
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), voice))
    assert (outcome.kind, outcome.heard, outcome.skipped) == ("completed", THREE, "")
    assert outcome.metrics.gaps == 0
    assert not recorder.of(events.TurnWarning)


def test_a_text_that_can_never_be_said_is_tried_a_few_times_while_there_is_audio_to_hear() -> None:
    def tries(*faults: VoicebotError | None) -> int:
        voice = Faulty(*faults, *[failure()] * 3)
        turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), voice))
        return voice.tries.count("The first sentence is here." if not faults else "The second one follows it.")

    assert tries() == 2, "somebody waits"
    assert tries(None) == 3


@pytest.mark.parametrize("at", [0, 1])
def test_an_engine_that_is_back_within_three_seconds_loses_no_sentence(at: int) -> None:
    """Four of five sentences were lost to an engine that was started anew."""

    class Restarted(CostingSynthesizer):
        gone_at: float | None = None
        calls = 0

        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
            self.calls += 1
            now = anyio.current_time()
            if self.calls > at and self.gone_at is None:
                self.gone_at = now
                raise failure("the connection broke")
            if self.gone_at is not None and now < self.gone_at + 3.0:
                raise VoiceUnavailable("nobody answers")
            async with aclosing(super().synthesize(text, style)) as pieces:
                async for audio in pieces:
                    yield audio

    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), Restarted()))
    assert (outcome.kind, outcome.heard, outcome.skipped) == ("completed", THREE, "")
    assert not recorder.of(events.TurnWarning)


def test_an_engine_that_stays_away_is_given_up_after_five_seconds_of_silence() -> None:
    voice = Faulty(*[VoiceUnavailable("nobody answers")] * 100)
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), voice))
    asked = recorder.of(events.UtteranceReady)[0].at
    assert recorder.of(events.TurnWarning)[0].at == pytest.approx(asked + 5.0, abs=0.3)
    assert (outcome.kind, outcome.heard, outcome.skipped, outcome.unsaid) == ("failed", "", THREE, "")


def test_an_engine_that_is_gone_is_waited_for_as_long_as_there_is_something_to_hear() -> None:
    voice = Faulty(None, *[VoiceUnavailable("nobody answers")] * 100, seconds=8.0)
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), voice))
    heard = recorder.of(events.PlaybackFinished)[0].at
    assert recorder.of(events.TurnWarning)[0].at == pytest.approx(heard, abs=0.3)
    assert outcome.heard == "The first sentence is here."


@pytest.mark.parametrize(
    ("of", "seconds"), [(VoiceCost(fixed=0.1, rate=0.1), 5.0), (VoiceCost(fixed=2.0, rate=0.0), 8.0)]
)
def test_a_frozen_engine_is_given_up_after_four_times_what_was_expected(of: VoiceCost, seconds: float) -> None:
    """It used to cost three time-outs of 60 s, with nothing shown meanwhile."""
    voice = Faulty(*[1000.0] * 10)
    given = pipeline(ScriptedChat(typed(THREE, rate=1000)), voice)
    outcome, recorder = turn(replace(given, new_pacer=partial(Pacer, Pacing(joins=False), of)))
    asked = recorder.of(events.UtteranceReady)[0].at
    (warning,) = recorder.of(events.TurnWarning)
    assert warning.at == pytest.approx(asked + seconds)
    assert "did not answer within" in warning.message
    assert len(voice.tries) == 1
    assert recorder.of(events.TurnEnded)[0].at == pytest.approx(asked + seconds, abs=0.1)
    assert "".join(event.text for event in recorder.of(events.PlaybackStarted)) == THREE
    assert (outcome.kind, outcome.skipped) == ("failed", THREE)


def test_an_engine_that_others_keep_busy_is_not_frozen() -> None:
    """Ten conversations share one engine that takes 2 s for a sentence."""
    voice = CostingSynthesizer(delay=2.0, rtf=0.0)
    of = VoiceCost(fixed=2.0, rate=0.0)

    async def body() -> list[Outcome]:
        outcomes: list[Outcome] = []

        async def one() -> None:
            given = replace(
                pipeline(ScriptedChat(typed(THREE)), voice), new_pacer=partial(Pacer, Pacing(joins=False), of)
            )
            outcomes.append(await speak_turn(QUESTION, given, emit=EventRecorder(), scope=anyio.CancelScope()))

        async with anyio.create_task_group() as turns:
            for _ in range(10):
                turns.start_soon(one)
        return outcomes

    assert {(outcome.kind, outcome.heard) for outcome in in_virtual_time(body)} == {("completed", THREE)}
    assert of.calls == 0


def test_an_engine_that_is_back_may_take_its_time_to_load() -> None:
    voice = Faulty(None, VoiceUnavailable("nobody answers"), 20.0)
    outcome, _ = turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), voice))
    assert (outcome.kind, outcome.heard) == ("completed", THREE)


def test_barge_in_reaches_a_turn_that_waits_for_its_engine() -> None:
    voice = Faulty(*[VoiceUnavailable("nobody answers")] * 100)
    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), voice), interrupt_at=2.0)
    assert (outcome.kind, outcome.heard, outcome.skipped, outcome.unsaid) == ("interrupted", "", "", THREE)
    assert recorder.of(events.TurnEnded)[0].at == pytest.approx(2.0)


# ---------------------------------------------------------------- beside the deltas


class Telling(ScriptedChat):
    """Tells more than deltas."""

    def __init__(self, *parts: ReplyPart) -> None:
        super().__init__([])
        self.parts = parts

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # type: ignore[override]  # more than text  # noqa: ARG002 - the protocol has it
        for part in self.parts:
            await anyio.sleep(0.1)
            yield part


def test_what_the_server_counts_is_told_and_summed_up() -> None:
    chat = Telling("Hello.", Usage(10, 2), Usage(20, 3, finish_reason="stop"))
    outcome, recorder = turn(pipeline(chat))
    assert [event.prompt_tokens for event in recorder.of(events.ChatUsage)] == [10, 20]
    assert (outcome.metrics.prompt_tokens, outcome.metrics.reply_tokens) == (30, 5)


def test_what_is_not_spoken_of_a_reply_that_is_an_object_is_told_as_an_event() -> None:
    outcome, recorder = turn(pipeline(Telling("Hello.", ReplyData('{"mood": "happy"}'))))
    assert [event.content for event in recorder.of(events.ReplyData)] == ['{"mood": "happy"}']
    assert outcome.heard == "Hello."


def test_a_secret_is_not_in_the_data_of_a_reply() -> None:
    given = replace(
        pipeline(Telling("Hello.", ReplyData('{"key": "sk-canary-0123456789"}'))),
        new_redactor=partial(StreamRedactor, ("sk-canary-0123456789",)),
    )
    _, recorder = turn(given)
    (event,) = recorder.of(events.ReplyData)
    assert "canary" not in event.content


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_a_reply_that_the_server_cut_short_is_spoken_and_told(reason: str) -> None:
    outcome, recorder = turn(pipeline(Telling("Once upon a", Usage(finish_reason=reason))))
    assert (outcome.kind, outcome.heard) == ("completed", "Once upon a")
    assert len(recorder.of(events.TurnWarning)) == 1


def test_a_tool_loop_is_told_and_kept_and_never_spoken() -> None:
    call = ToolCall("1", "calculator", '{"expression": "12*9"}')
    asked = Message("assistant", "", tool_calls=(call,))
    answered = Message("tool", "108", tool_call_id="1", tool_name="calculator")
    outcome, recorder = turn(pipeline(Telling("Let me see. ", asked, answered, "It is one hundred and eight.")))
    assert outcome.heard == "Let me see. It is one hundred and eight."
    assert outcome.exchanged == (asked, answered)
    (called,), (told,) = recorder.of(events.ToolCalled), recorder.of(events.ToolAnswered)
    assert (called.name, called.arguments, told.content) == ("calculator", '{"expression": "12*9"}', "108")


def test_a_call_that_nobody_runs_is_a_warning() -> None:
    outcome, recorder = turn(pipeline(Telling("Hm.", ToolCall("1", "calculator", "{}"))))
    assert outcome.kind == "completed"
    assert "calculator" in recorder.of(events.TurnWarning)[0].message


# ---------------------------------------------------------------- adaptive


JAPANESE = (
    "それは大変でしたね。一週間に二回も同じことが起きたら、誰だって腹が立ちますよ。もう一度電話する前に、日付と注文番号、"
    "それから担当者の名前をメモしておくといいと思います。短く、落ち着いて伝えるのがコツです。"
)
ENGLISH = (
    "That sounds really frustrating, and I'm sorry it happened twice. Before you call them again, it might help to "
    "write down the dates, the order number, and the name of the person you spoke to. Keep it short; that helps."
)


@pytest.mark.parametrize("reply", [JAPANESE, ENGLISH], ids=["ja", "en"])
@pytest.mark.parametrize("rtf", [0.05, 0.6, 1.5])
@pytest.mark.parametrize("rate", [10, 30, 100])
def test_everything_is_said_once_however_slow_model_and_voice_are(reply: str, rtf: float, rate: float) -> None:
    outcome, recorder = turn(
        adaptive(ScriptedChat(typed(reply, rate=rate, size=2)), CostingSynthesizer(delay=0.15, rtf=rtf))
    )
    assert (outcome.kind, outcome.heard) == ("completed", reply)
    assert "".join(event.text for event in recorder.of(events.UtteranceReady)) == reply


def test_the_first_clause_is_said_while_its_sentence_is_being_written() -> None:
    outcome, recorder = turn(adaptive(ScriptedChat(typed(ENGLISH, rate=30))))
    first = recorder.of(events.UtteranceReady)[0]
    assert first.text == "That sounds really frustrating,"
    whole, _ = turn(pipeline(ScriptedChat(typed(ENGLISH, rate=30))))
    assert outcome.metrics.ttfa is not None
    assert whole.metrics.ttfa is not None
    assert outcome.metrics.ttfa < whole.metrics.ttfa - 0.5


def test_later_utterances_grow_with_the_audio_still_queued() -> None:
    _, recorder = turn(adaptive(ScriptedChat(typed(JAPANESE * 2, rate=100)), CostingSynthesizer(delay=0.1, rtf=0.1)))
    said = recorder.of(events.UtteranceReady)
    assert said[0].rule == "least"
    assert not {"least", "phrase"} & {event.rule for event in said[2:]}
    assert any(event.text.count("。") > 1 for event in said)
    assert not recorder.of(events.Gap)


def test_a_pause_of_the_model_in_a_clause_does_not_leave_its_words_unsaid() -> None:
    script = [(0.1, "Let me look up what the weather will be like"), (20.0, " in Kyoto.")]
    _, recorder = turn(adaptive(ScriptedChat(script)))
    said = recorder.of(events.UtteranceReady)
    assert said[0].at < 3.0
    assert "".join(event.text for event in said) == "Let me look up what the weather will be like in Kyoto."


def test_the_chat_server_meets_back_pressure_with_the_adaptive_pacer_too() -> None:
    class Endless(ScriptedChat):
        async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
            while True:
                self.sent += 1
                yield "Another sentence, of a reply that never ends. "

    chat = Endless([])
    outcome, _ = turn(adaptive(chat), interrupt_at=30.0)
    assert outcome.kind == "interrupted"
    assert chat.sent < 500


def test_what_was_heard_of_a_joined_utterance_maps_back_to_the_reply() -> None:
    reply = "**Note:** it *rains* today. See https://www.example.com/a for more. " * 4
    outcome, _ = turn(adaptive(ScriptedChat(typed(reply, rate=1000))), interrupt_at=6.0)
    assert outcome.kind == "interrupted"
    assert outcome.heard
    assert reply.startswith(outcome.heard)
    assert outcome.heard + outcome.unsaid == reply


def test_thoughts_and_tags_are_neither_shown_nor_said() -> None:
    reply = "<think>hm, what now</think>[happy] Sure! **Here** it is.\n- one\n- two\n"
    _, recorder = turn(adaptive(ScriptedChat(typed(reply))))
    shown = "".join(event.text for event in recorder.of(events.PlaybackStarted))
    said = " ".join(event.spoken for event in recorder.of(events.UtteranceReady))
    assert "hm, what" not in shown + said
    assert "happy" not in shown + said
    assert "Here it is.\n- one\n- two" in shown
    assert "Here it is. one. two." in said


def test_no_space_beside_a_japanese_character_reaches_a_japanese_voice() -> None:
    """Each was a pause of 0.3 s that nobody had written."""
    reply = "今日は Python 3.13 と OpenAI API を使って話します。"
    voice = CostingSynthesizer()
    voice.capabilities = Capabilities(languages=("ja",), reads=("ja",))
    outcome, _ = turn(pipeline(ScriptedChat(typed(reply)), voice))
    assert voice.said == ["今日はPython 3.13とOpenAI APIを使って話します。"]
    assert outcome.heard == reply


def test_nothing_waits_for_a_lead_that_nobody_hears() -> None:
    output = SilentOutput(realtime=False)
    _, recorder = turn(adaptive(ScriptedChat(typed(ENGLISH, rate=30)), output=output))
    assert {event.rule for event in recorder.of(events.UtteranceReady)} <= {"sentences", "clauses"}
    assert all(event.lead is None for event in recorder.of(events.UtteranceReady))


def test_what_a_voice_costs_is_learned_during_the_turn() -> None:
    cost = VoiceCost()
    given = replace(adaptive(ScriptedChat(typed(JAPANESE))), new_pacer=partial(Pacer, cost=cost))
    turn(given)
    assert len(cost.observed) > 2
    assert cost.seconds(3.0) == pytest.approx(0.1 + 0.1 * 3.0, rel=0.3)


# ---------------------------------------------------------------- listeners elsewhere


def test_what_a_listener_elsewhere_never_reported_is_not_heard() -> None:
    """The turn goes on behind a clip that was given up, and the history must not keep it."""

    class Unreported(PacedPlayback):
        def heard_seconds(self) -> float:
            return 0.0

    class Deaf(SilentOutput):
        async def play(self, clip: Clip) -> PacedPlayback:
            made = await super().play(clip)
            return (
                Unreported(made.queue, made.seconds, made.start, made.end) if "second" in clip.utterance.text else made
            )

    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE)), output=Deaf(realtime=True)))
    assert outcome.heard == "The first sentence is here. And this is the third."
    assert [event.index for event in recorder.of(events.PlaybackFinished)] == [0, 2]


# ---------------------------------------------------------------- engines that stream

ONE = "This is one sentence that takes a while to say."


def test_the_first_sound_comes_with_the_first_piece_of_a_voice_that_streams() -> None:
    given = partial(CostingSynthesizer, delay=0.1, rtf=0.5, seconds=6.0)
    _, whole = turn(pipeline(ScriptedChat(typed(ONE)), given()))
    outcome, pieces = turn(pipeline(ScriptedChat(typed(ONE)), given(piece_seconds=0.5)))
    asked = pieces.of(events.UtteranceReady)[0].at
    assert whole.of(events.PlaybackStarted)[0].at == pytest.approx(asked + 0.1 + 0.5 * 6.0)
    assert pieces.of(events.PlaybackStarted)[0].at == pytest.approx(asked + 0.1 + 0.5 * 0.5)
    assert len(pieces.of(events.PlaybackStarted)) == len(pieces.of(events.PlaybackFinished)) == 1
    assert [event.audio_seconds for event in pieces.of(events.ClipReady)] == pytest.approx([0.5] * 12)
    assert (outcome.kind, outcome.heard, outcome.exact) == ("completed", ONE, True)
    assert outcome.metrics.audio_seconds == pytest.approx(6.0)
    assert outcome.metrics.synthesis_seconds == pytest.approx(0.1 + 0.5 * 6.0)
    assert outcome.metrics.gaps == 0


def test_a_voice_that_falls_behind_within_an_utterance_leaves_gaps_of_the_voice() -> None:
    voice = CostingSynthesizer(delay=0.1, rtf=1.5, seconds=2.0, piece_seconds=0.5)
    outcome, recorder = turn(pipeline(ScriptedChat(typed(ONE)), voice))
    gaps = recorder.of(events.Gap)
    assert [(gap.index, gap.within) for gap in gaps] == [(0, True)] * 3
    assert [gap.seconds for gap in gaps] == pytest.approx([0.25] * 3)
    assert outcome.metrics.waited_for_voice == pytest.approx(0.75)
    assert outcome.metrics.waited_for_chat == 0
    assert outcome.heard == ONE


def test_barge_in_between_two_pieces_keeps_about_what_was_heard() -> None:
    voice = CostingSynthesizer(delay=0.1, rtf=0.5, seconds=4.0, piece_seconds=0.5)
    _, recorder = turn(pipeline(ScriptedChat(typed(ONE)), voice))
    began = recorder.of(events.PlaybackStarted)[0].at
    voice = CostingSynthesizer(delay=0.1, rtf=0.5, seconds=4.0, piece_seconds=0.5)
    outcome, _ = turn(pipeline(ScriptedChat(typed(ONE)), voice), interrupt_at=began + 2.1)
    assert outcome.kind == "interrupted"
    assert ONE.startswith(outcome.heard)
    assert 0.3 < len(outcome.heard) / len(ONE) < 0.7
    assert outcome.heard + outcome.unsaid == ONE
    assert not outcome.exact


def test_a_voice_that_fails_in_the_middle_of_an_utterance_is_told_and_the_next_one_is_said() -> None:
    class Breaking(CostingSynthesizer):
        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
            async with aclosing(super().synthesize(text, style)) as pieces:
                async for audio in pieces:
                    yield audio
                    if "second" in text:
                        raise failure("it broke off")

    outcome, recorder = turn(pipeline(ScriptedChat(typed(THREE)), Breaking(seconds=2.0, piece_seconds=0.5)))
    assert outcome.kind == "completed"
    assert "it broke off" in recorder.of(events.TurnWarning)[0].message
    assert [event.index for event in recorder.of(events.PlaybackFinished)] == [0, 1, 2]
    assert outcome.heard.startswith("The first sentence is here.")
    assert "The second one follows it." not in outcome.heard
    assert outcome.heard.endswith("And this is the third.")


def test_pieces_may_differ_in_format() -> None:
    class Changing(CostingSynthesizer):
        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
            for rate, channels in ((1000, 1), (8000, 2), (500, 1)):
                yield Audio(bytes(2 * channels * rate), AudioFormat(rate, channels))

        def __init__(self) -> None:
            super().__init__()
            self.capabilities = Capabilities(streams=True)

    outcome, recorder = turn(pipeline(ScriptedChat(typed(ONE)), Changing()))
    assert outcome.metrics.audio_seconds == pytest.approx(3.0)
    assert [event.sample_rate for event in recorder.of(events.ClipReady)] == [1000, 8000, 500]
    (begun,), (ended,) = recorder.of(events.PlaybackStarted), recorder.of(events.PlaybackFinished)
    assert ended.at - begun.at == pytest.approx(3.0)


def test_a_voice_that_tells_its_timings_says_exactly_what_was_heard() -> None:
    """Speech is not even: here the first word takes most of the time."""

    class Timed(CostingSynthesizer):
        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
            timings = (Timing("Well", 0.0, 3.0, 4), Timing("then", 3.0, 3.5, 9), Timing("go", 3.5, 4.0, 13))
            yield Audio(bytes(2 * 4000), self.format, timings=timings, work_seconds=0.1)

    def heard(after: float) -> str:
        outcome, _ = turn(pipeline(ScriptedChat([(0.5, "Well then go.")]), Timed()), interrupt_at=0.5 + after)
        return outcome.heard

    assert [heard(after) for after in (2.9, 3.1, 3.6, 3.9)] == ["", "Well", "Well then", "Well then"]
    assert heard(10.0) == "Well then go."


def test_a_voice_is_asked_for_one_utterance_at_a_time() -> None:
    voice = CostingSynthesizer(delay=0.5, rtf=0.5)
    turn(pipeline(ScriptedChat(typed((THREE + " ") * 5, rate=1000)), voice))
    assert voice.most_at_once == 1
    assert len(voice.said) == 15


def test_no_more_than_three_utterances_are_made_ahead_of_the_output() -> None:
    """Audio is expensive: what is interrupted should not have been synthesized."""
    reply = "One sentence. " * 30
    voice = CostingSynthesizer(delay=0.01, rtf=0.0, seconds=2.0)
    outcome, _ = turn(pipeline(ScriptedChat(typed(reply, rate=5000)), voice), interrupt_at=9.0)
    heard = outcome.heard.count("One")
    assert len(voice.said) <= heard + 6  # three, one that sounds, one behind it, one that is being taken


def test_a_voice_is_told_how_soon_the_listener_would_hear_silence() -> None:
    voice = UrgentSynthesizer(delay=0.5, rtf=0.0, seconds=2.0)
    turn(pipeline(ScriptedChat(typed(THREE, rate=1000)), voice))
    assert voice.within == pytest.approx([0.0, 2.0, 3.5])


def test_nothing_is_urgent_for_an_output_to_which_nobody_listens() -> None:
    voice = UrgentSynthesizer()
    turn(pipeline(ScriptedChat(typed(THREE)), voice, SilentOutput(realtime=False)))
    assert voice.within == [math.inf] * 3


class LoadingSynthesizer(CostingSynthesizer):
    """Notes what it is told is coming, among the texts that it says."""

    def expect(self, language: str) -> None:
        self.said.append(f"expect {language}")


def test_the_voice_is_told_of_the_first_japanese_delta_before_its_clause_is_whole() -> None:
    """Under another locale than a Japanese one the first Japanese reply began 0.6 s later."""
    voice = LoadingSynthesizer()
    turn(pipeline(ScriptedChat([(0.1, "Yes. "), (1.0, "はい、"), (2.0, "今日は晴れです。"), (0.1, "明日も。")]), voice))
    assert voice.said == ["Yes.", "expect ja", "はい、今日は晴れです。", "明日も。"]


def test_the_voice_is_told_of_a_japanese_message_before_the_reply_begins() -> None:
    voice = LoadingSynthesizer()

    async def body() -> None:
        given = pipeline(ScriptedChat([(1.0, "OK.")]), voice)
        await speak_turn([Message("user", "元気？")], given, emit=EventRecorder(), scope=anyio.CancelScope())

    in_virtual_time(body)
    assert voice.said == ["expect ja", "OK."]


def test_an_english_reply_lets_the_voice_load_nothing_more() -> None:
    voice = LoadingSynthesizer()
    turn(pipeline(ScriptedChat([(0.1, "Yes, it is.")]), voice))
    assert voice.said == ["Yes, it is."]


def test_an_output_that_is_heard_elsewhere_gets_the_first_clause_first_and_waits_for_nobody() -> None:
    """Sent as fast as it is made, a reply either was cut to pieces or began with a whole sentence."""
    first_clause = "Well, this is how it begins,"
    text = f"{first_clause} and this is how the long first sentence of it goes on and on. " + "And so on. " * 20

    async def ended(heard_as_it_comes: bool) -> tuple[list[str], float, float]:
        voice = CostingSynthesizer(rtf=0.05)
        told = EventRecorder()
        given = adaptive(ScriptedChat(typed(text, rate=60)), voice, SilentOutput(realtime=False))
        given = replace(given, heard_as_it_comes=heard_as_it_comes)
        outcome = await speak_turn([], given, emit=told, scope=CancelScope())
        assert outcome.heard == text
        assert outcome.metrics.ttfa is not None
        return voice.said, outcome.metrics.ttfa, told.events[-1].at

    async def body() -> None:
        paced, paced_ttfa, paced_end = await ended(True)
        unpaced, unpaced_ttfa, _ = await ended(False)
        assert first_clause.startswith(paced[0])
        assert unpaced[0].endswith("on and on.")
        assert paced_ttfa < unpaced_ttfa
        assert max(len(one) for one in paced) > 2 * len("And so on.")  # those behind are joined by the lead
        assert paced_end < sum(map(speech_seconds, paced)) / 2  # it did not wait until all was heard

    in_virtual_time(body)
