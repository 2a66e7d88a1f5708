"""Turns in which tools are used, whole: what is heard, told, remembered, and what an interruption does."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Literal

import anyio
import pytest

from tests.fakes import pipeline
from tests.tools.test_loop import Script, ToolScript
from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.app import open_conversation, open_engines
from voicebot.chat.answers import answers_only
from voicebot.config.models import AudioSilent, Config, ToolsConfig
from voicebot.conversation import Conversation
from voicebot.errors import VoicebotError
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message, ToolCall, Usage
from voicebot.protocols import ChatModel
from voicebot.speech import Outcome
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat
from voicebot.tools.calculator import calculator
from voicebot.tools.functions import function_tool
from voicebot.tools.loop import ToolUsingChat
from voicebot.tools.timer import timer_tool
from voicebot.tools.toolbox import Toolbox
from voicebot.turn import Pipeline, speak_turn

QUESTION = [Message("user", "(3 + 4) × 5 は？")]
SUM = ToolCall("c1", "calculator", '{"expression": "(3+4)*5"}')


async def library(book: str) -> str:
    """Look something up, for ten seconds."""
    await anyio.sleep(10)
    return f"{book}は棚にあります。"


def with_chat(chat: ChatModel, voice: CostingSynthesizer) -> Pipeline:
    return replace(pipeline(ScriptedChat([]), voice), chat=chat)


def turn(
    *scripts: Script, speak: Literal["all", "final"] = "all", interrupt_at: float | None = None, max_steps: int = 5
) -> tuple[Outcome, EventRecorder, CostingSynthesizer]:
    recorder, voice = EventRecorder(), CostingSynthesizer(seconds=2.0)

    async def calculate(expression: str) -> str:  # in the loop: virtual time does not wait for threads
        return calculator(expression)

    toolbox = Toolbox([function_tool(calculate, name="calculator"), function_tool(library)])
    chat = ToolUsingChat(
        answers_only(ToolScript(*scripts)), toolbox, timeout_seconds=60, speak=speak, max_steps=max_steps
    )

    async def body() -> Outcome:
        scope = anyio.CancelScope()
        if interrupt_at is not None:
            scope.deadline = anyio.current_time() + interrupt_at
        return await speak_turn(QUESTION, with_chat(chat, voice), emit=recorder, scope=scope)

    return in_virtual_time(body), recorder, voice


def test_a_turn_with_a_tool_is_heard_told_and_kept() -> None:
    outcome, recorder, voice = turn(["計算します。", SUM, Usage(20, 5)], ["35", "です。", Usage(40, 3)])
    assert outcome.kind == "completed"
    assert voice.said == ["計算します。", "35です。"]
    assert outcome.heard == "計算します。\n35です。"
    assert outcome.exchanged == (
        Message("assistant", "計算します。", tool_calls=(SUM,)),
        Message("tool", "35", tool_call_id="c1", tool_name="calculator"),
    )
    (called,), (answered,) = recorder.of(events.ToolCalled), recorder.of(events.ToolAnswered)
    assert (called.id, called.name, called.arguments) == ("c1", "calculator", SUM.arguments)
    assert (answered.id, answered.name, answered.content) == ("c1", "calculator", "35")
    assert recorder.events.index(called) < recorder.events.index(answered)
    assert (outcome.metrics.prompt_tokens, outcome.metrics.reply_tokens) == (60, 8)


def test_only_the_answer_is_heard_where_that_is_wanted() -> None:
    outcome, _, voice = turn(["計算します。", SUM], ["35です。"], speak="final")
    assert voice.said == ["35です。"]
    assert outcome.exchanged[0].content == "計算します。"


def test_what_is_said_before_a_tool_is_heard_while_the_tool_runs() -> None:
    call = ToolCall("c1", "library", '{"book": "草枕"}')
    outcome, recorder, _ = turn([0.5, "調べます", call], ["ありました。"])
    assert outcome.heard == "調べます\nありました。"
    finished = recorder.of(events.PlaybackFinished)[0].at
    assert recorder.of(events.ToolCalled)[0].at < finished < recorder.of(events.ToolAnswered)[0].at


def test_two_tools_of_one_step_take_as_long_as_one() -> None:
    calls = [ToolCall(str(number), "library", '{"book": "草枕"}') for number in range(2)]
    outcome, recorder, _ = turn(calls, ["ありました。"])
    assert [answer.at for answer in recorder.of(events.ToolAnswered)] == pytest.approx([10, 10])
    assert len(outcome.exchanged) == 3


def test_an_interruption_while_a_tool_runs_ends_the_turn_at_once() -> None:
    call = ToolCall("c1", "library", '{"book": "草枕"}')
    outcome, recorder, _ = turn(["調べます。", call], ["ありました。"], interrupt_at=5)
    assert (outcome.kind, outcome.heard) == ("interrupted", "調べます。")
    assert recorder.events[-1].at == pytest.approx(5)
    assert recorder.of(events.ToolAnswered) == []
    assert [message.role for message in outcome.exchanged] == ["assistant"]


def test_a_call_that_was_interrupted_is_not_told_to_the_model_again() -> None:
    memory = WindowMemory(system_prompt="", turns=5)
    call = ToolCall("c1", "library", '{"book": "草枕"}')
    outcome, _, _ = turn(["調べます。", call], interrupt_at=5)
    memory.remember("草枕はある？", outcome, model="scripted")
    assert memory.messages() == [
        Message("user", "草枕はある？"),
        Message("assistant", "調べます。", interrupted=True),
    ]


def test_a_model_that_never_answers_fails_the_turn_after_what_it_said() -> None:
    outcome, _, voice = turn(["計算します。", SUM], max_steps=1)
    assert outcome.kind == "failed"
    assert outcome.error is not None
    assert outcome.error.message == "scripted still calls tools after 1 steps"
    assert voice.said == ["計算します。", "計算します。"]


def test_three_turns_with_tools_are_one_conversation() -> None:
    memory = WindowMemory(system_prompt="S", turns=5)
    chat = ToolScript(["Yes."], ["計算します。", SUM], ["35です。"], ["Bye."])

    async def calculate(expression: str) -> str:
        return calculator(expression)

    toolbox = Toolbox([function_tool(calculate, name="calculator")])

    async def body() -> None:
        given = with_chat(ToolUsingChat(chat, toolbox), CostingSynthesizer())
        talk = Conversation(given, memory=memory)
        for question in ("Can you?", "計算して", "Bye"):
            outcome = await talk.speak(question)
            assert outcome.kind == "completed"

    in_virtual_time(body)
    assert chat.asked[-1] == [
        Message("system", "S"),
        Message("user", "Can you?"),
        Message("assistant", "Yes."),
        Message("user", "計算して"),
        Message("assistant", "計算します。", tool_calls=(SUM,)),
        Message("tool", "35", tool_call_id="c1", tool_name="calculator"),
        Message("assistant", "35です。"),
        Message("user", "Bye"),
    ]


def test_a_timer_is_due_in_a_later_turn_and_disturbs_nobody() -> None:
    due: list[float] = []
    outcomes: list[Outcome] = []
    call = ToolCall("c1", "timer", '{"say_when_due": "三分たちました。", "seconds": 6}')
    chat = ToolScript([call], ["Set."], ["One two three. ", "Four five six."])

    async def body() -> None:
        async with anyio.create_task_group() as tasks:
            timer = timer_tool(tasks, lambda _: due.append(anyio.current_time()))
            given = with_chat(ToolUsingChat(chat, Toolbox([timer])), CostingSynthesizer(seconds=3.0))
            talk = Conversation(given, memory=WindowMemory(system_prompt="", turns=5))
            for question in ("Set it", "Talk"):
                outcomes.append(await talk.speak(question))
                due.append(anyio.current_time())

    in_virtual_time(body)
    assert [outcome.heard for outcome in outcomes] == ["Set.", "One two three. Four five six."]
    first_turn, timer, second_turn = due
    assert first_turn < timer < second_turn


# ---------------------------------------------------------------- from the configuration


@pytest.mark.anyio
async def test_a_chat_model_that_takes_no_tools_is_left_as_it_is_and_that_is_said() -> None:
    told: list[str] = []
    chat = {"kind": "demo"}
    config = Config.model_validate({"chat": chat, "audio": {"kind": "silent"}, "tools": {"enabled": ["calculator"]}})
    async with (
        open_engines(config, notify=told.append, speak=False) as engines,
        open_conversation(engines, config, notify=told.append) as conversation,
    ):
        assert not isinstance(conversation.pipeline.chat, ToolUsingChat)
    assert told == [f"no tools: {engines.chat.name} cannot use any"]


@pytest.mark.anyio
async def test_a_configured_chat_model_gets_the_configured_tools() -> None:
    config = Config.model_validate(
        {
            "chat": {"kind": "ollama", "model": "m", "base_url": "http://127.0.0.1:9"},
            "audio": {"kind": "silent"},
            "tools": {"enabled": ["calculator", "timer"]},
        }
    )
    async with (
        open_engines(config, notify=print, speak=False) as engines,
        open_conversation(engines, config, notify=print) as conversation,
    ):
        assert isinstance(conversation.pipeline.chat, ToolUsingChat)
        assert conversation.pipeline.chat.name == "ollama m"


@pytest.mark.anyio
async def test_an_error_of_the_configuration_stays_one_error() -> None:
    config = Config(audio=AudioSilent(kind="silent"), tools=ToolsConfig(enabled=("timer", "no_such_module:x")))
    config = config.model_copy(update={"chat": Config.model_validate({"chat": {"kind": "ollama", "model": "m"}}).chat})
    with pytest.raises(VoicebotError, match="no_such_module"):
        async with open_engines(config, notify=print, speak=False):
            raise AssertionError


def test_without_tools_nothing_of_them_is_loaded() -> None:
    code = (
        "import anyio, sys\n"
        "from voicebot.app import open_conversation, open_engines\n"
        "from voicebot.config.models import Config\n"
        "async def main():\n"
        "    config = Config.model_validate({'chat': {'kind': 'ollama', 'model': 'm'}, 'audio': {'kind': 'silent'}})\n"
        "    async with open_engines(config, notify=print, speak=False) as engines, "
        "open_conversation(engines, config, notify=print):\n"
        "        print([m for m in sys.modules if m.startswith(('voicebot.tools', 'mcp'))])\n"
        "anyio.run(main)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
