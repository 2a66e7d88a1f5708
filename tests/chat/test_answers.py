"""What of an agent's writing is heard."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from tests.chat.dialects import CALCULATOR, HELLO, OLLAMA, OPENAI
from tests.fault_server import serve
from voicebot.chat import open_chat
from voicebot.chat.answers import answers_only
from voicebot.config.models import ChatConfig, ChatDemo, ChatOllama, ChatOpenAI
from voicebot.errors import ChatError
from voicebot.messages import Message, ReplyData, ReplyPart, ToolCall, ToolSpec, Usage

CALL = Message("assistant", "", tool_calls=(ToolCall("1", "search", "{}"),))


class Agent:
    name = "agent"

    def __init__(self, *parts: ReplyPart) -> None:
        self.parts = parts

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # noqa: ARG002 - the protocol has it
        for part in self.parts:
            yield part


class ToolAgent(Agent):
    """One that can be offered tools."""

    async def stream_reply(
        self,
        messages: Sequence[Message],  # noqa: ARG002 - the protocol has it
        *,
        tools: Sequence[ToolSpec] = (),
    ) -> AsyncGenerator[ReplyPart, None]:
        for part in self.parts:
            yield part.replace("TOOL", tools[0].name) if isinstance(part, str) else part


class Broken(Agent):
    """One that breaks off."""

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        async for part in super().stream_reply(messages):
            yield part
        raise ChatError("it broke off")


async def replies(*parts: ReplyPart, **options: Any) -> list[ReplyPart]:  # Any: the options of `answers_only`
    return [part async for part in answers_only(Agent(*parts), **options).stream_reply([])]


@pytest.mark.anyio
@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_thoughts_and_actions_are_not_passed_on(size: int) -> None:
    text = "Thought: I should look.\nAction: search\nAction Input: 天気\nObservation: 晴れ\nFinal Answer: 晴れです。"
    deltas = [text[at : at + size] for at in range(0, len(text), size)]
    parts = await replies(*deltas, runs_tools=True)
    assert "".join(part for part in parts if isinstance(part, str)).strip() == "晴れです。"


@pytest.mark.anyio
async def test_where_no_tool_is_in_play_nothing_is_taken_for_a_thought() -> None:
    """The heading of an ordinary reply may be called as the label of an agent is."""
    script = "Action: the hero runs.\nObservation: it rains."
    assert await replies(script) == [script]
    asked = [Message("tool", "x", tool_call_id="1")]
    with pytest.raises(ChatError, match="its thoughts but no answer"):
        assert [part async for part in answers_only(Agent(script)).stream_reply(asked)] == []


@pytest.mark.anyio
async def test_an_ordinary_reply_and_what_is_not_text_are_passed_on_as_they_are() -> None:
    parts = ("I think so. ", CALL, Message("tool", "x", tool_call_id="1"), "Yes.", Usage(reply_tokens=2))
    assert await replies(*parts) == list(parts)


WRITTEN = '{"name": "weather", "arguments": {"city": "Oslo"}}'


@pytest.mark.anyio
async def test_a_call_that_is_written_as_text_is_a_call() -> None:
    """It was read aloud where no tools were configured."""
    assert await replies("Let me see. ", WRITTEN[:20], WRITTEN[20:]) == [
        "Let me see. ", ToolCall("", "weather", '{"city": "Oslo"}'),
    ]  # fmt: skip
    assert await replies("Let me see. ", WRITTEN, runs_tools=True) == ["Let me see. "]


@pytest.mark.anyio
async def test_a_tool_that_is_offered_is_known_by_its_name_alone() -> None:
    chat = answers_only(ToolAgent('{"name": "TOOL"}'))
    async with aclosing(chat.stream_reply([], tools=[CALCULATOR])) as reply:
        assert [part async for part in reply] == [ToolCall("", "calculator", "{}")]


@pytest.mark.anyio
async def test_what_is_held_comes_before_what_ends_it_and_before_an_error() -> None:
    assert await replies("Hi <tool", Usage(1, 2)) == ["Hi ", "<tool", Usage(1, 2)]
    heard: list[ReplyPart] = []
    with pytest.raises(ChatError, match="it broke off"):  # noqa: PT012 - it is a loop
        async for part in answers_only(Broken("Hi <tool")).stream_reply([]):
            heard.append(part)  # noqa: PERF401 - what came before counts
    assert heard == ["Hi ", "<tool"]


@pytest.mark.anyio
async def test_thoughts_without_an_answer_are_an_error() -> None:
    for parts in (["Thought: hm"], ["Thought: hm", Usage(1, 2)], ["Thought: hm", CALL, "\n"]):
        with pytest.raises(ChatError, match="agent wrote down its thoughts but no answer"):
            await replies(*parts, runs_tools=True)
    chat = answers_only(ToolAgent("Thought: hm\n", "Action:\n", WRITTEN))
    assert [part async for part in chat.stream_reply([], tools=[CALCULATOR])] == [
        ToolCall("", "weather", '{"city": "Oslo"}')
    ]


REPLY = '{"mood": "happy", "say": "Hello."}'


async def opened(config: ChatConfig, *, speak: bool = True) -> tuple[list[ReplyPart], list[str]]:
    """What the reply is made of, and what the person is told."""
    told: list[str] = []
    async with open_chat(config, notify=told.append, speak=speak) as chat:
        parts = [part async for part in chat.stream_reply(HELLO)]
    return [part for part in parts if not isinstance(part, Usage)], told


@pytest.mark.anyio
async def test_the_spoken_field_is_that_of_the_configuration() -> None:
    async with serve() as server:
        server.answer(OPENAI.path, OPENAI.reply(REPLY[:30], REPLY[30:]))
        server.answer(OLLAMA.path, OLLAMA.reply(REPLY[:30], REPLY[30:]))
        openai = ChatOpenAI(kind="openai", base_url=f"{server.url}/v1", model="m", response_format="json_object")
        ollama = ChatOllama(kind="ollama", base_url=server.url, model="m", format="json")
        for config in (openai, ollama):
            spoken = config.model_copy(update={"spoken_field": "say"})
            assert await opened(spoken) == (["Hell", "o.", ReplyData('{"mood": "happy"}')], [])
            code, (notice,) = await opened(config)
            assert code == [f"```json\n{REPLY}\n```\n"]
            assert "chat.spoken_field" in notice
            # Who reads it, perhaps with a program, is not spared the JSON.
            assert await opened(config, speak=False) == ([REPLY], [])


@pytest.mark.anyio
async def test_the_demo_writes_no_calls_and_may_say_what_it_likes() -> None:
    parts, _ = await opened(ChatDemo(kind="demo", deltas_per_second=10_000))
    assert "".join(map(str, parts)).startswith("Hello")
