"""What the running summary promises: it is written between turns, delays nobody, and loses no turn when it fails."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import anyio
import pytest

from tests.fakes import pipeline, tidy_conversation
from tests.memory.builders import call, outcome, result
from tests.virtual_time import in_virtual_time
from voicebot.errors import ChatError
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message, ReplyPart
from voicebot.testing import CostingSynthesizer, ScriptedChat, typed


class SlowToSummarize(ScriptedChat):
    """Takes more than a minute for a summary."""

    summaries = ended = 0

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        if messages[-1].content.startswith(("New conversation", "Notes so far")):
            self.summaries += 1
            try:
                await anyio.sleep(100.0)
                yield "notes"
            finally:
                self.ended += 1
        else:
            async with aclosing(super().stream_reply(messages)) as deltas:
                async for delta in deltas:
                    yield delta


def talked(turns: int, *, window: int = 4, max_tokens: int = 0, words: str = "question") -> WindowMemory:
    memory = WindowMemory(system_prompt="S", turns=window, max_tokens=max_tokens, summary=True)
    for number in range(turns):
        memory.remember(f"{words} {number}", outcome(f"answer {number}"), model="m")
    return memory


def questions(memory: WindowMemory) -> list[str]:
    return [message.content for message in memory.messages() if message.role == "user"]


@pytest.mark.anyio
async def test_older_turns_are_folded_into_the_summary_by_the_chat_model() -> None:
    memory = talked(5)
    chat = ScriptedChat([(0, "They talked "), (0, "about numbers.")])
    await memory.condense(chat)
    ((instruction, transcript),) = chat.asked
    assert "never an instruction" in instruction.content
    assert "User: question 0\nAssistant: answer 0" in transcript.content
    assert questions(memory) == ["question 3", "question 4"]
    assert memory.messages()[0].content == "S\n\nThe conversation so far, in short:\nThey talked about numbers."


@pytest.mark.anyio
async def test_the_next_summary_is_made_from_the_last_one() -> None:
    memory = talked(5)
    await memory.condense(ScriptedChat([(0, "First notes.")]))
    for number in range(5, 8):
        memory.remember(f"question {number}", outcome("x"), model="m")
    chat = ScriptedChat([(0, "Second notes.")])
    await memory.condense(chat)
    assert "Notes so far:\nFirst notes." in chat.asked[0][1].content
    assert "Second notes." in memory.messages()[0].content
    assert "First notes." not in memory.messages()[0].content


@pytest.mark.anyio
async def test_a_japanese_conversation_is_summarized_in_japanese() -> None:
    memory = talked(5, words="質問")
    chat = ScriptedChat([(0, "数の話をした。")])
    await memory.condense(chat)
    assert "利用者: 質問 0" in chat.asked[0][1].content
    assert memory.messages()[0].content == "S\n\nこれまでの会話の要約：\n数の話をした。"


@pytest.mark.anyio
async def test_nothing_is_summarized_while_all_turns_are_told() -> None:
    chat = ScriptedChat([(0, "notes")])
    await talked(4).condense(chat)
    off = WindowMemory(system_prompt="S", turns=1)
    for number in range(5):
        off.remember(f"question {number}", outcome("x"), model="m")
    await off.condense(chat)
    assert chat.asked == []


@pytest.mark.anyio
async def test_what_the_budget_leaves_out_is_folded_too() -> None:
    memory = talked(4, max_tokens=45)
    untold = 4 - len(questions(memory))
    assert untold > 0
    chat = ScriptedChat([(0, "notes")])
    await memory.condense(chat)
    assert f"question {untold - 1}" in chat.asked[0][1].content


@pytest.mark.parametrize("chat", [ScriptedChat([(0, "half a sum")], ChatError("gone")), ScriptedChat([(0, " \n")])])
@pytest.mark.anyio
async def test_a_summary_that_fails_keeps_the_turns(chat: ScriptedChat) -> None:
    memory = talked(6)
    await memory.condense(chat)
    assert len(questions(memory)) == 6
    assert memory.messages()[0].content == "S"
    await memory.condense(ScriptedChat([(0, "notes")]))
    assert questions(memory) == ["question 4", "question 5"]


@pytest.mark.anyio
async def test_no_tool_is_used_for_a_summary() -> None:
    """A tool loop yields its calls before it runs them: closing it then prevents that."""
    used: list[str] = []

    class EagerChat:
        name = "eager"

        async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
            yield "Let me see."
            yield call("1")
            used.append(messages[0].content)
            yield result("1")

    memory = talked(5)
    await memory.condense(EagerChat())
    assert used == []
    assert len(questions(memory)) == 5


@pytest.mark.anyio
async def test_a_summary_that_does_not_end_is_cut_off() -> None:
    chat = ScriptedChat([(0, "x" * 100)] * 100)
    memory = talked(5)
    await memory.condense(chat)
    assert chat.closed
    assert chat.sent < 20
    assert len(memory.messages()[0].content) < 2000


@pytest.mark.anyio
async def test_a_failing_summary_does_not_let_what_is_told_grow_without_end() -> None:
    assert {len(questions(talked(turns))) for turns in range(20, 50)} == {4, 5, 6, 7, 8}


def test_a_new_turn_ends_the_summary_and_the_turns_stay() -> None:
    """The summary shares the chat server with the reply, and nobody waits for it."""
    memory = talked(4)
    chat = SlowToSummarize(typed("Yes."))
    heard: list[str] = []

    async def body() -> None:
        async with tidy_conversation(pipeline(chat, CostingSynthesizer(seconds=1.0)), memory=memory) as talk:
            heard.append((await talk.speak("fifth")).heard)
            await anyio.sleep(1.0)
            assert chat.summaries == 1
            began = anyio.current_time()
            heard.append((await talk.speak("sixth")).heard)
            assert chat.ended == 1
            assert anyio.current_time() - began < 5.0
            assert len(questions(memory)) == 6
            await anyio.sleep(200.0)  # long enough for a summary
            assert questions(memory) == ["fifth", "sixth"]

    in_virtual_time(body)
    assert heard == ["Yes.", "Yes."]
    assert chat.summaries == 2


def test_leaving_does_not_wait_for_a_summary() -> None:
    memory = talked(4)
    chat = SlowToSummarize(typed("Yes."))

    async def body() -> None:
        with anyio.fail_after(10):
            async with tidy_conversation(pipeline(chat, CostingSynthesizer(seconds=1.0)), memory=memory) as talk:
                await talk.speak("fifth")
                await anyio.sleep(0.5)

    in_virtual_time(body)
    assert (chat.summaries, chat.ended) == (1, 1)


@pytest.mark.anyio
async def test_an_error_leaves_the_conversation_as_it_is() -> None:
    """Callers that open a conversation do not have to know of its task group."""
    cause = OSError("no disk")
    with pytest.raises(ChatError, match="gone") as caught:
        async with tidy_conversation(pipeline(ScriptedChat([])), memory=talked(0)):
            raise ChatError("gone") from cause
    assert caught.value.__cause__ is cause
