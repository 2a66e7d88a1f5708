"""A chat model uses tools before it answers, whatever it and they do wrong."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import anyio
import pytest
from anyio import from_thread

from voicebot.chat.answers import answers_only
from voicebot.errors import ChatError
from voicebot.messages import Message, ReplyPart, ToolCall, ToolSpec, Usage
from voicebot.protocols import takes_tools
from voicebot.tools.calculator import calculator
from voicebot.tools.functions import function_tool
from voicebot.tools.loop import ToolUsingChat
from voicebot.tools.toolbox import Toolbox

pytestmark = pytest.mark.anyio

QUESTION = [Message("user", "3 + 4 は？")]
SUM = ToolCall("c1", "calculator", '{"expression": "3+4"}')
Script = Sequence[ReplyPart | ChatError | float]


class ToolScript:
    """Gives one script for each request: parts, seconds to wait, or an error; the last one again and again."""

    name = "scripted"

    def __init__(self, *scripts: Script) -> None:
        self.scripts = scripts
        self.asked: list[list[Message]] = []
        self.offered: list[list[str]] = []

    async def stream_reply(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        script = self.scripts[min(len(self.asked), len(self.scripts) - 1)]
        self.asked.append(list(messages))
        self.offered.append([tool.name for tool in tools])
        for part in script:
            if isinstance(part, ChatError):
                raise part
            if isinstance(part, float):
                await anyio.sleep(part)
            else:
                yield part


async def slow(seconds: float) -> str:
    """Take a while."""
    await anyio.sleep(seconds)
    return f"{seconds:g} seconds"


def broken() -> str:
    """Fail."""
    raise RuntimeError("壊れた")


def impatient() -> str:
    """Give up by itself."""
    raise TimeoutError("the library is closed")


def long(count: int) -> str:
    """Say much."""
    return "あ" * count


TOOLBOX = Toolbox([function_tool(function) for function in (calculator, slow, broken, impatient, long)])


def using_tools(chat: ToolScript, **options: Any) -> ToolUsingChat:  # Any: the options of ToolUsingChat
    return ToolUsingChat(answers_only(chat), TOOLBOX, **{"timeout_seconds": 30.0, **options})


async def replied(chat: ToolUsingChat) -> list[ReplyPart]:
    async with aclosing(chat.stream_reply(QUESTION)) as reply:
        return [part async for part in reply]


async def broken_off(chat: ToolUsingChat) -> tuple[list[ReplyPart], ChatError]:
    """What came before the error, and the error."""
    parts: list[ReplyPart] = []
    reply = chat.stream_reply(QUESTION)
    try:
        while True:
            parts.append(await anext(reply))
    except ChatError as error:
        return parts, error


def spoken(parts: Sequence[ReplyPart]) -> str:
    return "".join(part for part in parts if isinstance(part, str))


def results(parts: Sequence[ReplyPart]) -> list[str]:
    return [part.content for part in parts if isinstance(part, Message) and part.role == "tool"]


async def test_without_calls_the_reply_passes_as_it_comes() -> None:
    usage = Usage(3, 2)
    chat = ToolScript(["七", "です。", usage])
    assert await replied(using_tools(chat)) == ["七", "です。", usage]
    assert (chat.asked, chat.offered) == ([QUESTION], [list(TOOLBOX.names)])


async def test_a_call_is_run_and_its_result_given_back() -> None:
    chat = ToolScript(["計算します。", SUM, Usage(reply_tokens=9)], ["七です。"])
    asked = Message("assistant", "計算します。", tool_calls=(SUM,))
    answer = Message("tool", "7", tool_call_id="c1", tool_name="calculator")
    assert await replied(using_tools(chat)) == [
        "計算します。",
        Usage(reply_tokens=9),
        asked,
        "\n",
        answer,
        "七です。",
    ]
    assert chat.asked[1] == [*QUESTION, asked, answer]


async def test_only_the_final_answer_is_spoken_where_that_is_configured() -> None:
    chat = ToolScript(["計算", "します。", SUM], ["七", "です。"])
    parts = await replied(using_tools(chat, speak="final"))
    assert spoken(parts) == "七です。"
    assert parts[0] == Message("assistant", "計算します。", tool_calls=(SUM,))
    assert chat.asked[1][1] == parts[0]


async def test_the_answer_that_has_to_come_streams_even_so() -> None:
    chat = ToolScript(["Hm.", SUM], ["Se", "ven."])
    assert (await replied(using_tools(chat, speak="final", max_steps=1)))[-2:] == ["Se", "ven."]


async def test_calls_of_one_step_run_at_the_same_time_and_answer_in_order() -> None:
    met = threading.Barrier(3, timeout=10)  # none gets through alone

    def meet(name: str) -> str:
        met.wait()
        return name

    calls = [ToolCall(name, "meet", f'{{"name": "{name}"}}') for name in ("a", "b", "c")]
    chat = ToolUsingChat(ToolScript(calls, ["Done."]), Toolbox([function_tool(meet)]))
    parts = await replied(chat)
    assert results(parts) == ["a", "b", "c"]
    assert [part.tool_call_id for part in parts if isinstance(part, Message)][1:] == ["a", "b", "c"]


async def test_arguments_that_do_not_fit_are_told_once_and_then_are_an_error() -> None:
    bad = [ToolCall("c", "calculator", arguments) for arguments in ('{"expr": "3+4"}', '{"expression": "3+', "{}")]
    chat = ToolScript(*[[call] for call in bad], [SUM], ["七です。"])
    first, second, third, fourth = results(await replied(using_tools(chat)))
    assert first.startswith("The arguments of calculator do not fit: expression: Missing required argument; expr:")
    assert first.endswith("Correct them and call it once more.")
    assert second.startswith("Error: calculator was not used; its arguments do not fit again: they are not valid JSON")
    assert third.startswith("Error:")
    assert fourth == "7"


async def test_a_tool_that_fails_or_is_unknown_says_so_and_the_turn_goes_on() -> None:
    calls = [
        ToolCall("1", "broken", ""),
        ToolCall("2", "電卓", "{}"),
        ToolCall("3", "calculator", '{"expression": "1/0"}'),
        ToolCall("4", "impatient", ""),
    ]
    parts = await replied(using_tools(ToolScript(calls, ["Well."])))
    assert results(parts) == [
        "Error: broken failed: RuntimeError: 壊れた",
        "Error: there is no tool '電卓'. The tools are: calculator, slow, broken, impatient, long.",
        "Error: calculator failed: ZeroDivisionError: division by zero",
        "Error: impatient failed: TimeoutError: the library is closed",
    ]
    assert spoken(parts) == "Well."


async def test_a_tool_that_takes_too_long_says_so_and_the_turn_goes_on() -> None:
    chat = ToolScript([ToolCall("1", "slow", '{"seconds": 3600}')], ["Well."])
    parts = await replied(using_tools(chat, timeout_seconds=0.05))
    assert results(parts) == ["Error: slow gave no answer within 0.05 seconds."]
    assert spoken(parts) == "Well."


async def test_a_function_that_never_returns_is_left_behind() -> None:
    release = threading.Event()

    def hang() -> None:
        release.wait(30)

    chat = ToolScript([ToolCall("1", "hang", "")], ["Well."])
    try:
        parts = await replied(ToolUsingChat(chat, Toolbox([function_tool(hang)]), timeout_seconds=0.05))
    finally:
        release.set()
    assert results(parts) == ["Error: hang gave no answer within 0.05 seconds."]


async def test_a_long_result_is_cut_with_a_note() -> None:
    chat = ToolScript([ToolCall("1", "long", '{"count": 150}')], ["Well."])
    (result,) = results(await replied(using_tools(chat, max_result_characters=100)))
    assert result == "あ" * 100 + "\n… (50 more characters left out)"


async def test_half_a_surrogate_does_not_reach_the_next_request() -> None:
    def odd() -> str:
        return "a\ud83d"

    chat = ToolScript([ToolCall("1", "odd", "")], ["Well."])
    assert results(await replied(ToolUsingChat(chat, Toolbox([function_tool(odd)])))) == ["a?"]


async def test_after_the_last_step_the_model_is_told_to_answer_without_tools() -> None:
    chat = ToolScript([SUM], [SUM], ["七です。"])
    parts = await replied(using_tools(chat, max_steps=2))
    assert spoken(parts) == "七です。"
    assert chat.offered[2] == []
    assert results(parts) == ["7", "7\n\nNo more tools can be used now: answer with what you have."]


@pytest.mark.parametrize(
    "call", [SUM, '<tool_call>{"name": "calculator", "arguments": {"expression": "1"}}</tool_call>']
)
async def test_a_model_that_still_calls_tools_then_is_an_error(call: ReplyPart) -> None:
    parts, error = await broken_off(using_tools(ToolScript([call]), max_steps=2))
    assert error.message == "scripted still calls tools after 2 steps"
    assert "tools.max_steps" in error.hint
    assert len(results(parts)) == 2


async def test_calls_written_as_text_are_run_and_never_spoken() -> None:
    call = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "(3+4)*5"}}\n</tool_call>'
    chat = ToolScript(["計算します。", *call], ["35です。"])
    parts = await replied(using_tools(chat))
    assert spoken(parts) == "計算します。\n35です。"
    assert results(parts) == ["35"]
    (asked,) = [part for part in parts if isinstance(part, Message) and part.role == "assistant"]
    assert asked.content == "計算します。"
    assert asked.tool_calls[0].id.isalnum()
    assert asked.tool_calls[0].id == chat.asked[1][-1].tool_call_id


async def test_thoughts_are_never_spoken_and_thoughts_alone_are_an_error() -> None:
    thinking = ["Thought: easy\n", "Final ", "Answer: Seven."]
    assert spoken(await replied(using_tools(ToolScript(thinking)))) == "Seven."
    with pytest.raises(ChatError, match="its thoughts but no answer"):
        await replied(using_tools(ToolScript(["Thought: hm\nAction: guess"])))


@pytest.mark.parametrize("speak", ["all", "final"])
async def test_what_came_before_a_break_is_told_before_the_error(speak: str) -> None:
    chat = using_tools(ToolScript(["Sev", "en <tool", ChatError("it broke off")]), speak=speak)
    parts, error = await broken_off(chat)
    assert (spoken(parts), error.message) == ("Seven <tool", "it broke off")


async def test_closing_the_reply_ends_the_request() -> None:
    chat = ToolScript(["Yes.", 3600.0, "No."])
    async with aclosing(using_tools(chat).stream_reply(QUESTION)) as reply:
        assert await anext(reply) == "Yes."


async def test_cancelling_while_tools_run_ends_them() -> None:
    begun: list[str] = []
    ended: list[str] = []

    async def wait(name: str) -> None:
        begun.append(name)
        try:
            if len(begun) == 2:
                scope.cancel()
            await anyio.sleep_forever()
        finally:
            ended.append(name)

    calls = [ToolCall(name, "wait", f'{{"name": "{name}"}}') for name in ("a", "b")]
    chat = ToolUsingChat(ToolScript(calls), Toolbox([function_tool(wait)]))
    with anyio.CancelScope() as scope:
        await replied(chat)
    assert scope.cancelled_caught
    assert sorted(ended) == ["a", "b"]


async def test_cancelling_while_a_function_runs_in_its_thread_does_not_wait_for_it() -> None:
    release = threading.Event()

    def hang() -> None:
        from_thread.run_sync(scope.cancel)
        release.wait(30)

    chat = ToolUsingChat(ToolScript([ToolCall("1", "hang", "")]), Toolbox([function_tool(hang)]))
    with anyio.fail_after(20), anyio.CancelScope() as scope:
        await replied(chat)
    assert scope.cancelled_caught
    assert not release.is_set()
    release.set()


def test_a_chat_model_that_takes_no_tools_is_told_apart() -> None:
    class Plain:
        name = "plain"

        async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
            yield messages[0].content

    assert takes_tools(ToolScript())
    assert not takes_tools(Plain())
