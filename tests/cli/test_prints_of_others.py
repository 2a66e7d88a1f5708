"""What plugins and tools print, whenever and from whichever thread, is told beside what the command itself prints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.command import json_lines, voicebot

MODULE = r"""
import sys
import threading

from voicebot.messages import ToolCall


def in_thread() -> None:
    print("a thread's line\x1b[31m\x1b]0;title\x07")
    sys.stdout.write("half a ")
    sys.stdout.buffer.write(b"line of bytes\n")


def noisy() -> str:
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    return "done"


class Chat:
    name = "prints"

    async def stream_reply(self, messages, *, tools=()):
        print("> Entering new chain\x1b[1m")
        if messages[-1].role == "tool":
            yield "It is " + messages[-1].content + "."
        else:
            yield ToolCall("1", "noisy", "{}")
"""
SETTINGS = ("chat.kind=plugin", "chat.factory=kitchen:Chat", 'tools.enabled=["kitchen:noisy"]')
GIVEN = ("--no-audio", *(word for one in SETTINGS for word in ("--set", one)))
TOLD = ("a thread's line·[31m", "half a line of bytes", "> Entering new chain")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "kitchen.py").write_text(MODULE)
    return tmp_path


def test_what_a_thread_of_a_tool_prints_gets_among_no_json(home: Path) -> None:
    """Threads that a tool starts by itself, and chat models, printed between the lines of --json."""
    done = voicebot(home, "ask", "hi", "--json", *GIVEN)
    assert done.returncode == 0, done.stderr
    events = json_lines(done.stdout)
    assert events[0]["type"] == "stream"
    assert events[-1]["unsaid"] + events[-1]["heard"] == "It is done."
    for words in TOLD:
        assert words in done.stderr
    assert "\x1b" not in done.stderr


def test_what_a_thread_of_a_tool_prints_gets_into_no_reply(home: Path) -> None:
    done = voicebot(home, "ask", "hi", *GIVEN)
    assert done.stdout == "It is done.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of Unix is needed")
def test_what_a_thread_of_a_tool_prints_does_not_disturb_the_prompt(home: Path) -> None:
    """It stood behind the reply or the line that was being typed, with its escape codes."""
    from tests.cli.terminal import Terminal

    talking = Terminal(home, "chat", *GIVEN, NO_COLOR="1")
    try:
        talking.expect_prompt()
        talking.type("hi\r")
        talking.expect_on_screen("^It is done.$")
        talking.type("half a message")
        talking.expect_typed("half a message")
        for words in TOLD:
            assert words in talking.screen
        assert "\x1b[31m" not in talking.raw
        assert "\x1b]0;" not in talking.raw
    finally:
        talking.close()
