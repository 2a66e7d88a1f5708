"""What a conversation promises, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from itertools import pairwise

import anyio
import pytest

from tests.fakes import pipeline
from tests.virtual_time import in_virtual_time
from voicebot.conversation import Conversation
from voicebot.errors import ChatError, SynthesisError
from voicebot.events import Broadcast, Delta, PlaybackStarted, TurnStarted
from voicebot.floor import Priority
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message
from voicebot.speech import Outcome
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat, typed

REPLY = "This is the first part of it. This is the second part of it."


def conversation(chat: ScriptedChat, memory: WindowMemory) -> Conversation:
    return Conversation(pipeline(chat, CostingSynthesizer(seconds=2.0)), memory=memory)


def test_history_keeps_only_what_was_heard() -> None:
    memory = WindowMemory(system_prompt="Be brief.", turns=5)

    async def body() -> None:
        talk = conversation(ScriptedChat(typed(REPLY)), memory)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(talk.speak, "Tell me")
            await anyio.sleep(4.0)
            assert talk.interrupt()

    in_virtual_time(body)
    system, question, reply = memory.messages()
    assert system == Message("system", "Be brief.")
    assert question == Message("user", "Tell me")
    assert reply.interrupted
    assert REPLY.startswith(reply.content)
    assert 0 < len(reply.content) < len(REPLY)


def test_a_turn_of_which_nothing_was_heard_is_not_remembered() -> None:
    memory = WindowMemory(system_prompt="", turns=5)

    async def body() -> None:
        talk = conversation(ScriptedChat(typed(REPLY, first=3.0)), memory)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(talk.speak, "Tell me")
            await anyio.sleep(1.0)
            talk.interrupt()

    in_virtual_time(body)
    assert memory.messages() == []


def test_the_chat_model_is_told_of_the_last_turns_only() -> None:
    memory = WindowMemory(system_prompt="S", turns=2)
    chat = ScriptedChat(typed("Yes."))

    async def body() -> None:
        talk = conversation(chat, memory)
        for number in range(6):
            await talk.speak(f"question {number}")

    in_virtual_time(body)
    assert [m.content for m in chat.asked[-1]] == ["S", "question 3", "Yes.", "question 4", "Yes.", "question 5"]


def test_what_has_been_sent_stays_as_it_is_until_the_window_is_full() -> None:
    """Whatever changes in front of the new message makes the server read all that follows it anew."""
    memory = WindowMemory(system_prompt="S", turns=3)
    chat = ScriptedChat(typed("Take the first one. Not the second. Good luck!"))
    voice = CostingSynthesizer(fails={"Not the second.": SynthesisError("no sound")})

    async def body() -> None:
        talk = Conversation(pipeline(chat, voice), memory=memory)
        for number in range(6):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(talk.speak, f"question {number}")
                await anyio.sleep(3.0)
                if number % 2:
                    talk.interrupt()

    in_virtual_time(body)
    assert len(chat.asked) == 6
    for before, after in pairwise(chat.asked):
        assert list(after[: len(before)]) == list(before)


@pytest.mark.parametrize(
    ("reply", "skipped", "note"),
    [
        ("Take the first one. Not the second. Good luck!", "Not the second.", "could read, but not hear"),
        ("一番目を選んで。二番目はだめ。がんばって。", "二番目はだめ。", "聞こえなかった部分"),
    ],
)
def test_the_chat_model_is_told_in_the_users_words_what_they_could_not_hear(
    reply: str, skipped: str, note: str
) -> None:
    """It took the sentence that was lost for said; a mark in its own words it would copy."""
    chat = ScriptedChat(typed(reply))
    memory = WindowMemory(system_prompt="S", turns=5)
    voice = CostingSynthesizer(fails={skipped: SynthesisError("no sound")})

    async def body() -> list[Outcome]:
        talk = Conversation(pipeline(chat, voice), memory=memory)
        return [await talk.speak(message) for message in ("Which?", "Why?", "Well?")]

    outcomes = in_virtual_time(body)
    assert [outcome.skipped.strip() for outcome in outcomes] == [skipped] * 3
    last = chat.asked[-1]
    assert [message.role for message in last] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert skipped not in last[2].content
    assert note not in last[1].content
    for message, asked in ((last[3], "Why?"), (last[5], "Well?")):
        assert note in message.content
        assert skipped in message.content
        assert message.content.endswith(f"\n\n{asked}")
    assert last[: len(chat.asked[1])] == chat.asked[1], "what a server has read already stays as it was"


def test_barge_in_ends_the_live_turn_and_takes_the_floor() -> None:
    memory = WindowMemory(system_prompt="", turns=5)
    outcomes: dict[str, Outcome] = {}

    async def body() -> None:
        talk = conversation(ScriptedChat(typed(REPLY)), memory)

        async def speak(name: str) -> None:
            outcomes[name] = await talk.speak(name)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speak, "first")
            await anyio.sleep(2.5)
            tasks.start_soon(speak, "second")

    in_virtual_time(body)
    assert outcomes["first"].kind == "interrupted"
    assert outcomes["second"].kind == "completed"


def test_an_announcement_waits_for_the_floor() -> None:
    memory = WindowMemory(system_prompt="", turns=5)
    order: list[tuple[str, str]] = []

    async def body() -> None:
        talk = conversation(ScriptedChat(typed(REPLY)), memory)

        async def speak(name: str, barge_in: bool) -> None:
            outcome = await talk.speak(name, barge_in=barge_in)
            order.append((name, outcome.kind))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speak, "reply", True)
            await anyio.sleep(1.5)
            tasks.start_soon(speak, "announcement", False)

    in_virtual_time(body)
    assert order == [("reply", "completed"), ("announcement", "completed")]


def test_an_announcement_waits_for_the_floor_and_is_not_remembered() -> None:
    async def body() -> tuple[list[str], list[Message]]:
        voice = CostingSynthesizer()
        memory = WindowMemory(system_prompt="", turns=5)
        conversation = Conversation(pipeline(ScriptedChat(typed("It is late.")), voice), memory=memory)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(conversation.speak, "Hm?")
            await anyio.sleep(0.1)
            await conversation.say("お茶の時間です。")
        return voice.said, memory.messages()

    said, told = in_virtual_time(body)
    assert said == ["It is late.", "お茶の時間です。"]
    assert [message.content for message in told] == ["Hm?", "It is late."]


def test_a_barge_in_overtakes_an_announcement_that_waits() -> None:
    """It used to wait behind it: a question asked at 2.5 s was answered from 6.6 s on."""

    async def body() -> tuple[float, list[str]]:
        voice, recorder = CostingSynthesizer(seconds=2.0), EventRecorder()
        talk = Conversation(
            pipeline(ScriptedChat(typed(REPLY)), voice),
            memory=WindowMemory(system_prompt="", turns=5),
            broadcast=Broadcast(recorder),
        )
        async with anyio.create_task_group() as tasks:
            began = anyio.current_time()
            tasks.start_soon(talk.speak, "first")
            await anyio.sleep(1.5)
            tasks.start_soon(talk.say, "The tea is ready.")
            await anyio.sleep(1.0)
            asked = anyio.current_time() - began
            with talk.broadcast.subscribe() as subscription:
                tasks.start_soon(talk.speak, "second")
                while not isinstance(event := await subscription.events.receive(), TurnStarted):
                    pass
            waited = anyio.current_time() - began - asked
            assert event.message == "second"
        return waited, [event.message for event in recorder.of(TurnStarted)]

    waited, order = in_virtual_time(body)
    assert waited < 0.1
    assert order == ["first", "second", ""], "and what waited is said afterwards"


def test_an_interruption_reaches_the_question_that_waits_too() -> None:
    """It used to end only what was being spoken, and the question behind it was answered all the same."""

    async def body() -> tuple[list[Outcome], list[list[Message]]]:
        chat = ScriptedChat(typed(REPLY))
        talk = conversation(chat, WindowMemory(system_prompt="", turns=5))
        outcomes: list[Outcome] = []

        async def speak(message: str) -> None:
            outcomes.append(await talk.speak(message))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(talk.say, "Fire! " * 5, priority=Priority.IMPORTANT))
            await anyio.sleep(0.5)
            tasks.start_soon(speak, "never mind")
            await anyio.sleep(0.5)
            assert talk.interrupt()
        return outcomes, chat.asked

    outcomes, asked = in_virtual_time(body)
    assert [outcome.kind for outcome in outcomes] == ["interrupted"]
    assert asked == []


def test_there_is_nothing_to_interrupt_where_nobody_speaks() -> None:
    async def body() -> bool:
        return conversation(ScriptedChat([]), WindowMemory(system_prompt="", turns=5)).interrupt()

    assert not in_virtual_time(body)


def test_what_was_dropped_while_it_waited_is_unsaid() -> None:
    async def body() -> Outcome:
        talk = conversation(ScriptedChat(typed(REPLY)), WindowMemory(system_prompt="", turns=5))
        dropped: list[Outcome] = []

        async def say() -> None:
            dropped.append(await talk.say("42 per cent", priority=Priority.NOTIFICATION))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(talk.speak, "first")
            await anyio.sleep(1)
            tasks.start_soon(say)
        return dropped[0]

    outcome = in_virtual_time(body)
    assert (outcome.kind, outcome.heard, outcome.unsaid) == ("interrupted", "", "42 per cent")


def test_a_turn_ends_with_the_pipeline_and_the_memory_that_it_began_with() -> None:
    before, after = (WindowMemory(system_prompt="", turns=5) for _ in range(2))
    chats = [ScriptedChat(typed(REPLY)), ScriptedChat(typed("Yes."))]

    async def body() -> None:
        talk = conversation(chats[0], before)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(talk.speak, "first")
            await anyio.sleep(1)
            talk.pipeline = pipeline(chats[1])
            talk.memory = after
        await talk.speak("second")

    in_virtual_time(body)
    assert [message.content for message in before.messages()] == ["first", REPLY]
    assert [message.content for message in after.messages()] == ["second", "Yes."]
    assert [len(chat.asked) for chat in chats] == [1, 1]


# ---------------------------------------------------------------- deltas that somebody else writes


class Writer:
    """Writes deltas, one after `pauses` seconds each, and may fail in the end."""

    def __init__(self, *deltas: str, pauses: float = 0.1, error: Exception | None = None) -> None:
        self.closed = False
        self._deltas, self._pauses, self._error = deltas, pauses, error

    async def write(self) -> AsyncGenerator[str, None]:
        try:
            for delta in self._deltas:
                await anyio.sleep(self._pauses)
                yield delta
            if self._error:
                raise self._error
        finally:
            self.closed = True


def test_deltas_are_said_while_they_come() -> None:
    memory, recorder = WindowMemory(system_prompt="", turns=5), EventRecorder()

    async def body() -> Outcome:
        talk = Conversation(pipeline(ScriptedChat([])), memory=memory, broadcast=Broadcast(recorder))
        writer = Writer("One. ", "こんにち", "は。Three.", pauses=3.0)
        return await talk.say(writer.write(), message="Count.", writer="somebody")

    outcome = in_virtual_time(body)
    assert (outcome.kind, outcome.heard) == ("completed", "One. こんにちは。Three.")
    first_heard = recorder.of(PlaybackStarted)[0]
    assert first_heard.at < recorder.of(Delta)[-1].at
    (started,) = recorder.of(TurnStarted)
    assert (started.message, started.chat) == ("Count.", "somebody")
    assert memory.messages() == []


def test_deltas_can_come_in_a_memory_object_stream_whose_closing_is_their_end() -> None:
    async def body() -> Outcome:
        talk = conversation(ScriptedChat([]), WindowMemory(system_prompt="", turns=5))
        deltas, written = anyio.create_memory_object_stream[str](1)

        async def write() -> None:
            with deltas:
                for delta in ("One. ", "Two. ", "Three."):
                    await deltas.send(delta)

        with written:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write)
                outcome = await talk.say(written)
        return outcome

    assert in_virtual_time(body).heard == "One. Two. Three."


def test_deltas_of_which_a_part_was_heard_are_closed_and_the_rest_is_unsaid() -> None:
    async def body() -> Outcome:
        talk = conversation(ScriptedChat([]), WindowMemory(system_prompt="", turns=5))
        writer = Writer(*["And on it goes. "] * 1000, pauses=0)  # it has to wait for the voice
        outcomes: list[Outcome] = []

        async def say() -> None:
            outcomes.append(await talk.say(writer.write()))
            assert writer.closed

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say)
            await anyio.sleep(5)
            talk.interrupt()
        return outcomes[0]

    outcome = in_virtual_time(body)
    assert outcome.kind == "interrupted"
    assert outcome.heard.startswith("And on it goes.")
    assert outcome.unsaid


def test_a_writer_that_breaks_off_is_heard_as_far_as_it_came() -> None:
    async def body() -> Outcome:
        talk = conversation(ScriptedChat([]), WindowMemory(system_prompt="", turns=5))
        return await talk.say(Writer("Half a sen", error=ChatError("it is gone")).write())

    outcome = in_virtual_time(body)
    assert (outcome.kind, outcome.heard) == ("failed", "Half a sen")


def test_an_error_of_the_writers_own_comes_out_as_it_is_and_the_floor_is_free() -> None:
    async def body() -> Outcome:
        talk = conversation(ScriptedChat([]), WindowMemory(system_prompt="", turns=5))
        with pytest.raises(ZeroDivisionError):
            await talk.say(Writer("Half a sen", error=ZeroDivisionError()).write())
        return await talk.say("Next.")

    assert in_virtual_time(body).heard == "Next."
