"""What plugins and tools print, whenever and from whichever thread, is told beside what the command itself prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.command import json_lines, voicebot
from tests.cli.printing_voice import PRINTING_VOICE

MODULE = r"""
import os
import subprocess
import sys
import threading

from voicebot import Audio, AudioFormat
from voicebot.messages import ToolCall


def in_every_way() -> None:
    print("in Python\x1b[31m", flush=True)
    print("an error of Python\x1b[31m", file=sys.stderr)
    os.write(1, b"in C\x1b[31m\n")
    os.write(2, b"an error of C\x1b[31m\n")
    subprocess.run([sys.executable, "-c", "print('in a child\\x1b[31m')"], check=True)
    os.write(2, b" 1 %\r 50 %\r 99 %\n")


in_every_way()


def in_thread() -> None:
    print("a thread's line\x1b[31m\x1b]0;title\x07")
    sys.stdout.write("half a ")
    sys.stdout.buffer.write(b"line of bytes\n")


def noisy() -> str:
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    in_every_way()
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
PARTS = rf"""{PRINTING_VOICE}

class Words:
    def __init__(self):
        self.held = ""

    def feed(self, delta):
        in_every_way()
        *words, self.held = (self.held + delta).split(" ")
        return words

    def flush(self):
        return [self.held]
"""
EVERY_WAY = ("in Python", "an error of Python", "in C", "an error of C", "in a child")
SETTINGS = ("chat.kind=plugin", "chat.factory=kitchen:Chat", 'tools.enabled=["kitchen:noisy"]')
GIVEN = ("--no-audio", *(word for one in SETTINGS for word in ("--set", one)))
TOLD = ("a thread's line·[31m", "half a line of bytes", "> Entering new chain")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "kitchen.py").write_text(MODULE + PARTS)
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


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "hi", "--json"],
        ["models", "--json"],
        ["voices", "--json"],
        ["doctor", "--json"],
        ["chunk", "--json", "text"],
    ],
    ids=" ".join,
)
def test_whatever_runs_in_a_command_its_json_is_json(home: Path, arguments: list[str]) -> None:
    """What a plugin printed while it was called stood among the JSON of voices, doctor and chunk, and what C code and
    child processes printed reached the terminal of every command with its escape codes."""
    (home / "text").write_text("One two.")
    parts = ("tts.kind=plugin", "tts.factory=kitchen:Voice", "audio.kind=silent", "chunking.strategy=kitchen:Words")
    given = (word for one in (*SETTINGS, *parts) for word in ("--set", one))
    done = voicebot(home, *arguments, *given)
    assert json_lines(done.stdout) if arguments[0] in ("ask", "chunk") else isinstance(json.loads(done.stdout), list)
    for words in EVERY_WAY if arguments[0] != "models" else ():
        assert f"prints: {words}·[31m\n" in done.stderr
        assert "prints: 99 %\n" in done.stderr
    assert "\x1b" not in done.stderr


def test_what_a_plugin_prints_is_told_in_the_language_of_the_person(home: Path) -> None:
    done = voicebot(home, "ask", "hi", *GIVEN, LANG="ja_JP.UTF-8")
    assert "プラグインまたはツールの出力：in C·[31m\n" in done.stderr


def test_what_a_thread_of_a_tool_prints_gets_into_no_reply(home: Path) -> None:
    done = voicebot(home, "ask", "hi", *GIVEN)
    assert done.stdout == "It is done.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of Unix is needed")
def test_what_a_thread_of_a_tool_prints_does_not_disturb_the_prompt(home: Path) -> None:
    """It stood behind the reply or the line that was being typed, with its escape codes; what C code and child
    processes print did still when Python's own no longer did."""
    from tests.cli.terminal import Terminal

    talking = Terminal(home, "chat", *GIVEN, NO_COLOR="1")
    try:
        talking.expect_prompt()
        talking.type("hi\r")
        talking.expect_on_screen("^It is done.$")
        talking.type("half a message")
        talking.expect_typed("half a message")
        for words in (*TOLD, *EVERY_WAY):
            assert words in talking.screen
        assert "\x1b[31m" not in talking.raw
        assert "\x1b]0;" not in talking.raw
    finally:
        talking.close()
