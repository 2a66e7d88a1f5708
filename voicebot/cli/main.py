"""Assembles the commands. Each imports what it needs when it runs, so that `voicebot --help` appears at once."""

from __future__ import annotations

import difflib
import os
import sys
from typing import Annotated

import typer
import typer.main

from voicebot.cli.ask import ask
from voicebot.cli.chat import chat
from voicebot.cli.chunk import chunk
from voicebot.cli.command import add_command
from voicebot.cli.config import config_app
from voicebot.cli.daemon import daemon_app
from voicebot.cli.devices import devices
from voicebot.cli.dictionary import dict_app
from voicebot.cli.doctor import doctor
from voicebot.cli.help import Group
from voicebot.cli.history import history_app
from voicebot.cli.lab import lab_app
from voicebot.cli.mcp import mcp
from voicebot.cli.models import models
from voicebot.cli.output import output_error, show_error
from voicebot.cli.paths import paths
from voicebot.cli.plugins import plugins
from voicebot.cli.runner import FAILED
from voicebot.cli.say import say
from voicebot.cli.serve import serve
from voicebot.cli.service import service_app
from voicebot.cli.shell_completion import install_completion, show_completion
from voicebot.cli.verbs import pause, repeat, resume, show_status, skip, stop, watch
from voicebot.cli.voices import voices
from voicebot.cli.worker import worker
from voicebot.cli.workers import workers
from voicebot.cli.wyoming import wyoming

app = typer.Typer(
    name="voicebot",
    cls=Group,
    rich_markup_mode=None,  # rich's help costs more than the rest of the start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def start(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Hear a chat model's answer while it is still being written.

    Without a command, voicebot chat; with a question, voicebot ask.
    """
    if version:
        from voicebot import __version__

        typer.echo(__version__)
        raise typer.Exit


add_command(app, chat)
add_command(app, ask)
add_command(app, say)
add_command(app, stop)
add_command(app, skip)
add_command(app, pause)
add_command(app, resume)
add_command(app, repeat)
add_command(app, show_status, name="status")
add_command(app, watch)
add_command(app, serve)
add_command(app, worker)
add_command(app, workers)
add_command(app, mcp)
add_command(app, wyoming)
add_command(app, chunk)
add_command(app, voices)
add_command(app, models)
add_command(app, devices)
add_command(app, plugins)
add_command(app, paths)
add_command(app, doctor)
app.add_typer(config_app, name="config")
app.add_typer(daemon_app, name="daemon")
app.add_typer(service_app, name="service")
app.add_typer(lab_app, name="lab")
app.add_typer(history_app, name="history")
app.add_typer(dict_app, name="dict")

_voicebot = typer.main.get_command(app)  # here, so that tests that fork what is imported need not do it each time
for _option in _voicebot.params:
    if _option.name == "install_completion":
        _option.callback = install_completion
    elif _option.name == "show_completion":
        _option.callback = show_completion
_COMMANDS = [
    *(one.name or one.callback.__name__ for one in app.registered_commands if one.callback),
    *(one.name for one in app.registered_groups if isinstance(one.name, str)),
]
_LONGEST_COMMAND = 2
"""Words, as in `config set`."""
_OF_ALL_COMMANDS = {"-h", "--help", "--version", "--install-completion", "--show-completion"}


def main() -> None:
    """The `voicebot` command."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for plugins costs 30 ms
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without Japanese must not stop the command
    sys.argv[1:] = with_command(sys.argv[1:])
    try:
        _voicebot()
    except OSError as error:  # --help and --version: what the commands raise, they report
        show_error(output_error(error))
        sys.exit(FAILED)


def with_command(arguments: list[str]) -> list[str]:
    """The arguments with the command that is meant where they name none.

    No argument, or options first: chat. A word that is nearly a command is a mistake, which typer answers with a
    suggestion; `help` and `version` are options, also `help` before a command. Anything else is a question.
    """
    if not arguments:
        return ["chat"]
    first = arguments[0]
    if first == "--":
        return ["ask", *arguments]
    if first.startswith("-"):
        return arguments if first in _OF_ALL_COMMANDS else ["chat", *arguments]
    if first in _COMMANDS:
        return arguments
    if arguments in (["help"], ["version"]):
        return [f"--{first}"]
    if first == "help" and len(arguments) <= _LONGEST_COMMAND + 1 and arguments[1] in _COMMANDS:
        return [*arguments[1:], "--help"]
    return arguments if _is_nearly_a_command(first) else ["ask", *arguments]


def _is_nearly_a_command(word: str) -> bool:
    """Whether `word` is a command with a slip in it: the first letter is right ("what" is not "chat")."""
    commands = [command for command in _COMMANDS if command != "watch"]  # "what" is how many a question begins
    return any(word[:1] == command[:1] for command in difflib.get_close_matches(word, commands))
