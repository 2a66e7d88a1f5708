"""What is handed on of a reply while it comes, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import anyio
import anyio.lowlevel
import pytest

from tests.fakes import pipeline
from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.cutter import Cutter
from voicebot.messages import Message
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


def test_the_first_delta_after_a_pause_wakes_whoever_waits_for_the_next_pause() -> None:
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
