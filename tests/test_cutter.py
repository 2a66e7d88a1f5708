"""What is handed on of a reply while it comes, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from tests.fakes import ByTheClock, pipeline
from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.cutter import Cutter
from voicebot.messages import Message, ReplyPart, ToolCall
from voicebot.pacing import Pacer
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat
from voicebot.text.chunking import Chunker
from voicebot.turn import speak_turn
from voicebot.turn_account import TurnAccount


def cutter() -> Cutter:
    account = TurnAccount("turn", EventRecorder(), clock=None)
    return Cutter(Chunker(), Pacer(), account, idle_seconds=0.3, patience_seconds=2.0)


def segments_of(script: list[tuple[float, str]]) -> list[events.SegmentReady]:
    recorder = EventRecorder()

    async def body() -> None:
        given = pipeline(ScriptedChat(script))
        await speak_turn([Message("user", "?")], given, emit=recorder, scope=anyio.CancelScope())

    in_virtual_time(body)
    return recorder.of(events.SegmentReady)


def test_a_delta_that_ends_nothing_wakes_nobody() -> None:
    """Each was handed to another task, with a timer of its own: most of the time of a turn that is only read."""

    async def body() -> None:
        given = cutter()
        assert [given.feed(delta) for delta in ("Good", " mor", "ning")] == [[], [], []]
        cut = given.feed(". It ")
        assert [segment.text for segment in cut] == ["Good morning."]
        assert [segment.text for segment in given.end()] == [" It "]

    in_virtual_time(body)


def test_the_first_delta_after_a_pause_wakes_the_wait_for_the_next_pause() -> None:
    """They slept on until the second pause, two seconds after the delta before, or for ever behind that one."""

    async def body() -> None:
        given, found = cutter(), list[tuple[float, str]]()

        async def wait_for_pauses() -> None:
            while True:
                await given.wait_for_pause()
                found.extend((anyio.current_time() - began, one.text) for one in given.pause())

        async with anyio.create_task_group() as tasks:
            began = anyio.current_time()
            tasks.start_soon(wait_for_pauses)
            for seconds, delta in ((0.5, "Good"), (0.1, " morning."), (3.0, " It is"), (0.1, " late.")):
                await anyio.sleep(seconds)
                assert given.feed(delta) == []
            await anyio.sleep(5.0)
            tasks.cancel_scope.cancel()
        assert [text for _, text in found] == ["Good morning.", " It is late."]
        assert [seconds for seconds, _ in found] == pytest.approx([0.6 + 0.3, 3.7 + 0.3])

    in_virtual_time(body)


def test_a_pause_counts_from_the_last_delta() -> None:
    (first, _) = segments_of([(0.1, "Hello"), (0.25, " the"), (0.25, "re."), (5.0, " And on.")])
    assert (first.text, first.boundary) == ("Hello there.", "timeout")
    assert first.at == pytest.approx(0.6 + 0.3)


def test_a_finished_sentence_is_found_in_every_pause() -> None:
    said = segments_of([(1.0, "One."), (4.0, " Two."), (0.1, " Three."), (4.0, " Four.")])
    assert [segment.at for segment in said] == pytest.approx([1.3, 5.1, 5.4, 9.1])


def test_what_was_cut_in_a_pause_is_said_however_much_waits_before_it() -> None:
    """The reply ended while the queue was so full that what the pause had cut did not fit in yet."""

    async def body() -> None:
        for count in range(120, 140):
            reply = ["One more. "] * count + ["The last one."]
            given = pipeline(ScriptedChat([*((0.0, delta) for delta in reply), (1.0, "")]), CostingSynthesizer(rtf=5.0))
            outcome = await speak_turn([Message("user", "?")], given, emit=EventRecorder(), scope=anyio.CancelScope())
            assert outcome.heard == "".join(reply)

    in_virtual_time(body)


def test_others_have_their_turn_while_a_model_writes_that_never_waits() -> None:
    class AtHand(ScriptedChat):
        async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
            for _ in range(1000):
                self.sent += 1
                yield "la "

    chat, seen = AtHand([]), set[int]()

    async def body() -> None:
        async def watch() -> None:
            while chat.sent < 1000:
                seen.add(chat.sent)
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            await speak_turn([Message("user", "?")], pipeline(chat), emit=EventRecorder(), scope=anyio.CancelScope())

    in_virtual_time(body)
    assert len(seen) > 10


def read_in_batches(
    parts: Sequence[tuple[float, ReplyPart]], *, batch_seconds: float = 0.075
) -> list[tuple[float, events.Event]]:
    """The events of a turn that is only read, whose deltas are taken in batches, each with its second."""
    told: list[tuple[float, events.Event]] = []

    async def body() -> None:
        began = anyio.current_time()
        made = replace(pipeline(ByTheClock(parts)), synthesizer=None, batch_until=lambda now: now + batch_seconds)
        await speak_turn(
            [Message("user", "?")],
            made,
            emit=lambda event: told.append((anyio.current_time() - began, event)),
            scope=anyio.CancelScope(),
        )

    in_virtual_time(body)
    return told


def deltas_of(told: list[tuple[float, events.Event]]) -> tuple[list[str], list[float]]:
    """The texts and the seconds."""
    found = [(event.text, at) for at, event in told if isinstance(event, events.Delta)]
    return [text for text, _ in found], [at for _, at in found]


def test_what_comes_soon_after_a_batch_is_the_next_one() -> None:
    """Each delta went all the way by itself: with a thousand replies at once that was more than two cores can do."""
    texts, seconds = deltas_of(read_in_batches([(number / 30, f"{number} ") for number in range(8)]))
    assert texts == ["0 ", "1 2 3 ", "4 5 6 ", "7 "]
    assert seconds[:3] == pytest.approx([0, 3 / 30, 6 / 30])


def test_a_batch_that_nothing_completes_is_shown_in_the_next_pause() -> None:
    texts, seconds = deltas_of(read_in_batches([(0.0, "One"), (0.03, " two"), (9.0, " three.")]))
    assert texts == ["One", " two", " three."]
    assert seconds[1] <= 0.075 + 0.3


def test_what_is_written_before_a_call_stands_before_it() -> None:
    call = Message("assistant", "", tool_calls=(ToolCall("1", "clock", "{}"),))
    told = read_in_batches([(0.0, "Let me"), (0.03, " see."), (0.04, call), (0.05, " It is noon.")])
    order = [getattr(one, "text", "called") for _, one in told if isinstance(one, events.Delta | events.ToolCalled)]
    assert order == ["Let me", " see.", "called", " It is noon."]


def heard_of(told: list[tuple[float, events.Event]]) -> str:
    (ended,) = [event for _, event in told if isinstance(event, events.TurnEnded)]
    return ended.heard


@for_any(st.lists(st.tuples(st.floats(0, 0.5), st.text("abc. \n。、", max_size=5)), max_size=30), st.floats(0, 0.2))
def test_batches_lose_nothing_and_change_no_order(script: list[tuple[float, str]], batch_seconds: float) -> None:
    due, parts = 0.0, list[tuple[float, ReplyPart]]()
    for seconds, text in script:
        due += seconds
        parts.append((due, text))
    told = read_in_batches(parts, batch_seconds=batch_seconds)
    whole = "".join(text for _, text in script)
    assert "".join(deltas_of(told)[0]) == whole
    assert heard_of(told) == heard_of(read_in_batches(parts, batch_seconds=0.0))
