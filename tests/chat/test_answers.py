"""What of an agent's writing is heard."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest

from voicebot.chat.answers import AnswersOnly
from voicebot.messages import Message, ReplyPart, ToolCall, Usage

CALL = Message("assistant", "", tool_calls=(ToolCall("1", "search", "{}"),))


class Agent:
    name = "agent"

    def __init__(self, *parts: ReplyPart) -> None:
        self.parts = parts

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # noqa: ARG002
        for part in self.parts:
            yield part


async def replies(*parts: ReplyPart) -> list[ReplyPart]:
    return [part async for part in AnswersOnly(Agent(*parts)).stream_reply([])]


@pytest.mark.anyio
@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_thoughts_and_actions_are_not_passed_on(size: int) -> None:
    text = "Thought: I should look.\nAction: search\nAction Input: 天気\nObservation: 晴れ\nFinal Answer: 晴れです。"
    deltas = [text[at : at + size] for at in range(0, len(text), size)]
    assert "".join(part for part in await replies(*deltas) if isinstance(part, str)).strip() == "晴れです。"


@pytest.mark.anyio
async def test_an_ordinary_reply_and_what_is_not_text_are_passed_on_as_they_are() -> None:
    parts = ("I think so. ", CALL, Message("tool", "x", tool_call_id="1"), "Yes.", Usage(reply_tokens=2))
    assert await replies(*parts) == list(parts)
