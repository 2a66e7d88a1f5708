"""A conversation with a tool is heard correctly on each dialect, with what real servers send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest

from tests.chat.dialects import CONTRACTS, OLLAMA, OPENAI, Dialect
from tests.fakes import pipeline
from tests.fault_server import chunked, serve
from voicebot.audio.silent import SilentOutput
from voicebot.chat.answers import answers_only
from voicebot.conversation import Conversation
from voicebot.memory.window import WindowMemory
from voicebot.speech import Outcome
from voicebot.testing import CostingSynthesizer, ScriptedChat
from voicebot.tools.calculator import calculator
from voicebot.tools.functions import function_tool
from voicebot.tools.loop import ToolUsingChat
from voicebot.tools.toolbox import Toolbox

pytestmark = pytest.mark.anyio


def calculate(expr: str) -> str:
    """Work out an expression."""
    return calculator(expr)


def get_weather(city: str, days: int = 1) -> str:
    """Tell the weather."""
    return f"{city}は{days}日間晴れ"


TOOLBOX = Toolbox([function_tool(calculate, name="calculator"), function_tool(get_weather)])


async def talk(dialect: Dialect, file: str, answer: str, *, size: int) -> tuple[list[Outcome], list[Any]]:
    """Three turns, the second of which begins with the recorded call; also the requests."""
    recorded = (CONTRACTS / dialect.kind / file).read_bytes()
    pieces = [recorded[place : place + size] for place in range(0, len(recorded), size)]
    async with serve() as server:
        server.answer(
            dialect.path,
            dialect.reply("はい。"),
            chunked(pieces, dialect.content_type),
            dialect.reply(answer),
            dialect.reply("では", "また。"),
        )
        async with dialect.open(server) as chat:
            given = replace(
                pipeline(ScriptedChat([]), CostingSynthesizer(delay=0, rtf=0), SilentOutput(realtime=False)),
                chat=ToolUsingChat(answers_only(chat), TOOLBOX),
            )
            conversation = Conversation(given, memory=WindowMemory(system_prompt="", turns=5))
            with anyio.fail_after(30):
                outcomes = [await conversation.speak(question) for question in ("いい？", "お願い", "ありがとう")]
        return outcomes, [request.json() for request in server.requests]


@pytest.mark.parametrize("size", [7, 1400])
@pytest.mark.parametrize(
    ("dialect", "file", "worked_out"),
    [
        (OLLAMA, "chat-tool-call.ndjson", "35"),
        (OLLAMA, "chat-tool-call-old-no-id-no-index.ndjson", "3"),
        (OPENAI, "tool-call.sse", "35"),
        (OPENAI, "tool-finish-reason-stop.sse", "1"),
        (OPENAI, "captured-llama-server/stream-tool-auto.sse", "35"),
        (OPENAI, "captured-llama-cpp-python/stream-tool-auto.sse", "35"),
    ],
)
async def test_three_turns_with_a_call_are_heard(dialect: Dialect, file: str, worked_out: str, size: int) -> None:
    outcomes, requests = await talk(dialect, file, f"{worked_out}です。", size=size)
    assert [(outcome.kind, outcome.heard.strip()) for outcome in outcomes] == [
        ("completed", "はい。"),
        ("completed", f"{worked_out}です。"),
        ("completed", "ではまた。"),
    ]
    assert [tool["function"]["name"] for tool in requests[0]["tools"]] == ["calculator", "get_weather"]
    call, result = requests[2]["messages"][-2:]
    assert (result["role"], result["content"]) == ("tool", worked_out)
    if dialect is OPENAI:
        assert result["tool_call_id"] == call["tool_calls"][0]["id"]
    assert requests[3]["messages"][-4:-2] == [call, result]  # it stays in the conversation


@pytest.mark.parametrize(
    ("dialect", "file", "days"),
    [(OLLAMA, "chat-two-tool-calls-after-text.ndjson", 2), (OPENAI, "tool-two-interleaved-after-text.sse", 1)],
)
async def test_text_before_two_calls_is_heard_and_both_are_answered(dialect: Dialect, file: str, days: int) -> None:
    outcomes, requests = await talk(dialect, file, "晴れです。", size=7)
    assert outcomes[1].heard == "調べますね。\n晴れです。"
    assert [message["content"] for message in requests[2]["messages"][-2:]] == [
        "東京は2日間晴れ",
        f"大阪は{days}日間晴れ",
    ]


async def test_arguments_that_were_cut_off_are_told_to_the_model() -> None:
    outcomes, requests = await talk(OPENAI, "tool-broken-json-arguments.sse", "すみません。", size=7)
    assert outcomes[1].heard == "すみません。"
    assert requests[2]["messages"][-1]["content"].startswith(
        "The arguments of calculator do not fit: they are not valid JSON"
    )
