"""What every command gets without asking for it: option groups, --debug, errors in words, exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
import typer.main
from typer.testing import CliRunner, Result

from tests.cli.command import voicebot
from voicebot.cli.command import add_command
from voicebot.cli.main import app
from voicebot.cli.runner import CONFIG, FAILED, OK, USAGE, Body, UsageError
from voicebot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Place:
    city: Annotated[str, typer.Option("--city", help="Where.")] = "Oslo"
    far: Annotated[bool, typer.Option("--far", help="Not here.")] = False


def run(function: Callable[..., int | Body], *arguments: str) -> Result:
    commands = typer.Typer()
    commands.callback()(lambda: None)  # with one command alone, typer leaves its name out
    add_command(commands, function, name="it")
    return CliRunner().invoke(commands, ["it", *arguments])


def test_a_group_is_spread_out_as_options_and_handed_over_whole() -> None:
    given: list[object] = []

    def command(word: Annotated[str, typer.Argument()], *, place: Place, loud: bool = False) -> int:
        given.extend([word, place, loud])
        return OK

    assert run(command, "hi", "--city", "Kyoto", "--far").exit_code == OK
    assert given == ["hi", Place("Kyoto", True), False]
    shown = run(command, "--help").stdout
    places = [shown.index(option) for option in ("--city", "--far", "--loud", "--debug")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (UsageError("no file", hint="name one"), USAGE, "voicebot: no file\n  → name one\n"),
        (ConfigError("no table"), CONFIG, "voicebot: no table\n"),
        (ValueError("odd"), FAILED, "voicebot: unexpected ValueError: odd\n  → this is a bug in voicebot"),
        (OSError("odd"), FAILED, "voicebot: unexpected OSError: odd\n  → this is a bug in voicebot"),
        (PermissionError(13, "Permission denied", "/root/x"), FAILED, "voicebot: /root/x: Permission denied\n"),
    ],
)
def test_an_error_is_told_in_words_and_debug_adds_the_traceback(error: Exception, code: int, told: str) -> None:
    def command() -> int:
        raise error

    done = run(command)
    assert done.exit_code == code
    assert done.stderr.startswith(told)
    done = run(command, "--debug")
    assert done.exit_code == code
    assert done.stderr.startswith("Traceback")
    assert told in done.stderr


def commands_of(command: Any, path: str = "voicebot") -> Iterator[tuple[str, Any]]:  # Any: typer brings its own click
    """Every command that does something, by what is typed for it."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands_of(inner, f"{path} {name}")
    else:
        yield path, command


def test_every_command_can_show_tracebacks_and_explains_each_option() -> None:
    commands = dict(commands_of(typer.main.get_command(app)))
    assert {"voicebot chat", "voicebot config show", "voicebot history list", "voicebot lab tune"} < set(commands)
    for name, command in commands.items():
        options = {option: parameter for parameter in command.params for option in parameter.opts}
        assert "--debug" in options, name
        assert all(parameter.help for option, parameter in options.items() if option.startswith("-")), name


@pytest.mark.parametrize("command", [("chat",), ("ask", "Hello"), ("history", "search", "tea")])
def test_the_earlier_name_of_an_option_is_answered_with_the_new_one(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = voicebot(tmp_path, *command, "--session", "kitchen")
    assert done.returncode == USAGE
    assert "No such option: --session" in done.stderr
    assert "--conversation" in done.stderr


def test_ctrl_c_is_obeyed_before_anything_is_imported_that_takes_its_time() -> None:
    """In the first 60 ms it was answered with a traceback out of the standard library's imports."""
    code = "import sys; before = {*sys.modules}; import voicebot.__main__; print(sorted({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['voicebot', 'voicebot.__main__']\n"


def test_ctrl_c_is_obeyed_from_the_moment_in_which_the_program_is_found() -> None:
    """Between the import of the program and its first line Python's own handler left a traceback."""
    code = "import voicebot.__main__, os, signal; os.kill(os.getpid(), signal.SIGINT); print('went on')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
