"""A tool is somebody else's code: the model is told what it raises, and what it prints goes to the log."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from tests.cli.command import json_lines, voicebot
from tests.tools.test_loop import QUESTION, ToolScript, results
from voicebot.errors import ConfigError
from voicebot.messages import ReplyPart, ToolCall, ToolSpec
from voicebot.tools.functions import function_tool, import_tool
from voicebot.tools.loop import ToolUsingChat
from voicebot.tools.printing import tool_prints_to_log
from voicebot.tools.toolbox import Tool, Toolbox

pytestmark = pytest.mark.anyio

ENDINGS: list[BaseException] = [
    SystemExit("bye"),
    KeyboardInterrupt(),
    GeneratorExit(),
    BaseException("odd"),
    StopIteration("end"),
]


async def told(tool: Tool) -> str:
    """What the model is told of a call of `tool`, in a reply that goes on."""
    chat = ToolScript([ToolCall("1", tool.spec.name, "")], ["Well."])
    async with aclosing(ToolUsingChat(chat, Toolbox([tool])).stream_reply(QUESTION)) as reply:
        parts: list[ReplyPart] = [part async for part in reply]
    assert parts[-1] == "Well."
    (result,) = results(parts)
    return result


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
async def test_whatever_a_tool_raises_is_a_failure_of_the_tool(ending: BaseException) -> None:
    """sys.exit in a tool ended the program, in the middle of a conversation."""

    def in_thread() -> None:
        raise ending

    async def in_loop() -> None:
        await anyio.lowlevel.checkpoint()
        raise ending

    async def run(_: str) -> str:
        raise ending

    own = Tool(ToolSpec("own", "", {"type": "object"}), run)
    for tool in (function_tool(in_thread), function_tool(in_loop), own):
        if isinstance(ending, StopIteration) and tool.spec.name != "in_thread":
            continue  # Python itself makes a RuntimeError of it there
        assert (await told(tool)).startswith(f"Error: {tool.spec.name} failed: {type(ending).__name__}")


async def test_a_tool_that_raises_a_cancellation_by_itself_has_failed() -> None:
    """What awaited a task that somebody had cancelled was taken for a result without text."""

    async def gives_up() -> None:
        raise anyio.get_cancelled_exc_class()

    def in_thread() -> None:
        raise cancelled

    import asyncio

    cancelled = asyncio.CancelledError
    assert (await told(function_tool(in_thread))).startswith("Error: in_thread failed: CancelledError")
    if anyio.get_cancelled_exc_class() is cancelled:  # trio's cannot be made by anybody else
        assert (await told(function_tool(gives_up))).startswith("Error: gives_up gave no answer")


def test_a_module_that_ends_the_program_while_it_is_imported_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exiting_tool_module.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConfigError, match="cannot import exiting_tool_module:x: SystemExit: 3"):
        import_tool("exiting_tool_module:x")


def chatty() -> str:
    """Print in every way that Python has."""
    print("looked", "up")
    sys.stdout.write("half a ")
    sys.stdout.flush()
    sys.stdout.write("line\x1b[31m\nand no end")
    sys.stdout.buffer.write("猫\n".encode())
    return "done"


async def chatty_in_loop() -> str:
    """The same in the event loop."""
    return chatty()


@pytest.mark.parametrize("function", [chatty, chatty_in_loop])
async def test_what_a_tool_prints_is_logged_and_not_printed(
    function: Callable[[], str], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """print() in a tool stood among the JSON of --json, and its escape codes reached the terminal."""
    assert await told(function_tool(function)) == "done"
    assert capsys.readouterr().out == ""
    name = function.__name__
    assert [record.getMessage() for record in caplog.records] == [
        f"the tool {name} prints: looked up",
        f"the tool {name} prints: half a line·[31m",
        f"the tool {name} prints: and no end猫",
    ]


async def test_what_others_print_meanwhile_is_theirs(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    inside, release = threading.Event(), threading.Event()

    def slow() -> None:
        inside.set()
        release.wait(30)
        print("the tool's")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(told, function_tool(slow))
        await anyio.to_thread.run_sync(inside.wait)
        print("ours")
        release.set()
    print("ours again")
    assert capsys.readouterr().out == "ours\nours again\n"
    assert [record.getMessage() for record in caplog.records] == ["the tool slow prints: the tool's"]


async def test_a_tool_that_prints_without_end_is_not_logged_without_end(caplog: pytest.LogCaptureFixture) -> None:
    def flood() -> None:
        for _ in range(100):
            print("x" * 1_000_000)
            print("y\n" * 100)

    assert await told(function_tool(flood)) == "done"
    assert sum(len(record.getMessage()) for record in caplog.records) < 100_000
    assert caplog.records[-1].getMessage() == "the tool flood prints more than is shown"


def test_standard_output_is_as_it_was_after_the_tools_are_closed() -> None:
    before = sys.stdout
    with tool_prints_to_log():
        assert sys.stdout is not before
    assert sys.stdout is before


MODULE = """
import os, subprocess, sys

print("at import")

def noisy() -> str:
    print("in Python")
    os.write(1, b"in C\\n")
    subprocess.run([sys.executable, "-c", "print('in a child')"], check=True)
    return "done"
"""

PLUGIN = """
from voicebot.messages import ToolCall

class Chat:
    name = "calls a tool"

    async def stream_reply(self, messages, *, tools=()):
        if messages[-1].role == "tool":
            yield "It is " + messages[-1].content + "."
        else:
            yield ToolCall("1", "noisy", "{}")
"""


def test_nothing_that_a_tool_prints_gets_among_the_json(tmp_path: Path) -> None:
    """What a tool, a program that it starts or a C library printed stood between the lines of --json."""
    (tmp_path / "kitchen.py").write_text(MODULE)
    (tmp_path / "caller.py").write_text(PLUGIN)
    plugin = ["chat.kind=plugin", "chat.factory=caller:Chat", 'tools.enabled=["kitchen:noisy"]']
    done = voicebot(tmp_path, "ask", "hi", "--no-audio", "--json", *[word for one in plugin for word in ("--set", one)])
    events = json_lines(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "It is done." in done.stdout
    assert events
    for printed in ("in Python", "in C", "in a child", "at import"):
        assert printed in done.stderr
