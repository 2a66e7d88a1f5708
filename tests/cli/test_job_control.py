"""A chat that is stopped and continued from a shell: whose terminal it is meanwhile, and what is there afterwards."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.command import children_of, install

if sys.platform == "win32":
    pytest.skip("jobs of Unix are needed", allow_module_level=True)

from tests.cli.terminal import CTRL_C, CTRL_D, CTRL_Z, Shell, Terminal
from tests.cli.test_terminal import SLOWLY

SHELLS = {"bash": ("bash", "--norc", "-i"), "sh": ("sh", "-i")}
READY = "@@ "
STORY = "tell me a short story\r"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Callable[[str], Terminal]]:
    """Begins a chat in a shell; its prompt has appeared."""
    begun: list[Terminal] = []
    install(tmp_path)

    def begin(name: str = "bash") -> Terminal:
        begun.append(Shell(tmp_path, *SHELLS[name], PS1=READY))
        terminal = begun[-1]
        terminal.expect(READY)
        terminal.type("stty -g\r")
        terminal.expect(READY)
        terminal.type(f"voicebot chat {' '.join(SLOWLY)}\r")
        terminal.expect_prompt()
        return terminal

    yield begin
    for terminal in begun:
        for job in children_of(terminal.pid):
            os.kill(job, signal.SIGKILL)
        terminal.close()


def modes(terminal: Terminal) -> list[str]:
    """What `stty -g` has printed, which takes more than one line."""
    return re.findall(r"(?m)^[0-9a-f]+(?::[0-9a-f]+){30,}", terminal.screen.replace("\n:", ":"))


def send(number: int) -> Callable[[Terminal], None]:
    """A way to stop it: a signal from outside."""

    def stop(terminal: Terminal) -> None:
        [job] = children_of(terminal.pid)
        os.kill(job, number)

    return stop


WAYS_TO_STOP: dict[str, Callable[[Terminal], None]] = {
    "Ctrl-Z": lambda terminal: terminal.type(CTRL_Z),
    "SIGTSTP": send(signal.SIGTSTP),
    "SIGSTOP": send(signal.SIGSTOP),
}


def stop(terminal: Terminal, way: str) -> None:
    """Stop it; return when the shell is ready."""
    terminal.seen = ""
    WAYS_TO_STOP[way](terminal)
    terminal.expect(f"Stopped(.|\n)*{READY}")


@pytest.mark.parametrize(
    ("name", "way"),
    [(name, way) for name in SHELLS for way in WAYS_TO_STOP if (name, way) != ("sh", "SIGSTOP")],
)  # dash sets no terminal right that it could not be given back
def test_a_chat_that_is_stopped_gives_the_terminal_back_and_has_what_was_typed(
    shell: Callable[[str], Terminal], name: str, way: str
) -> None:
    """A signal from outside left its prompt to the shell, and after `fg` Enter was dead."""
    terminal = shell(name)
    terminal.type("What is 6 * ７は")
    terminal.expect_typed("What is 6 * ７は")
    stop(terminal, way)
    if way != "SIGSTOP":  # who is stopped by that cannot do anything before
        assert terminal.raw.rindex("\x1b[?2004l") < terminal.raw.rindex("Stopped")
        terminal.type("stty -g\r")
        terminal.expect(READY)
        assert len(modes(terminal)) == 2
        assert len(set(modes(terminal))) == 1
    terminal.type("fg\r")
    terminal.expect("fg(.|\n)*›")
    terminal.expect_typed("What is 6 * ７は")
    terminal.type("\x7f\x7f7?\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type(CTRL_D)
    terminal.expect(READY)
    assert "Traceback" not in terminal.raw


@pytest.mark.parametrize("way", WAYS_TO_STOP)
def test_a_reply_that_is_stopped_goes_on(shell: Callable[[str], Terminal], way: str) -> None:
    terminal = shell("bash")
    terminal.type(STORY)
    terminal.expect_on_screen("^Once upon a time")
    terminal.type("What is")
    terminal.expect_typed("What is")
    stop(terminal, way)
    terminal.type("fg\r")
    terminal.expect("fg(.|\n)*›")
    terminal.expect_on_screen("^Every night")
    terminal.expect_typed("What is")
    terminal.type(" 6 * 7?\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type(CTRL_C + CTRL_D)
    terminal.expect(READY)


@pytest.mark.parametrize("way", WAYS_TO_STOP)
def test_a_chat_that_ends_after_it_was_stopped_leaves_the_terminal_as_it_was(
    shell: Callable[[str], Terminal], way: str
) -> None:
    """The line of the reply that was just being spoken stood there twice, above what was typed and below it."""
    terminal = shell("bash")
    terminal.type(STORY)
    terminal.expect_on_screen("^Once upon a time")
    stop(terminal, way)
    terminal.type("fg\r")
    terminal.expect("fg(.|\n)*›")
    terminal.expect_on_screen("^Every night")
    send(signal.SIGTERM)(terminal)
    terminal.expect(READY)
    terminal.type("stty -g\r")
    terminal.expect(READY)
    assert len(modes(terminal)) == 2
    assert len(set(modes(terminal))) == 1
    assert terminal.screen.count("Every night") == 1
    assert "Traceback" not in terminal.raw


def test_a_chat_in_the_background_waits_for_the_terminal(shell: Callable[[str], Terminal]) -> None:
    terminal = shell("bash")
    terminal.type("What is 6")
    terminal.expect_typed("What is 6")
    stop(terminal, "Ctrl-Z")
    terminal.type("set -b; bg\r")  # told at once
    terminal.expect("bg(.|\n)*Stopped")
    terminal.type("fg\r")
    terminal.expect("fg(.|\n)*›")
    terminal.expect_typed("What is 6")
    terminal.type(" * 7?\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type(CTRL_D)
    terminal.expect(READY)
    assert "Traceback" not in terminal.raw
