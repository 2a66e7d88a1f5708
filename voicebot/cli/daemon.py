"""`voicebot daemon`: the voice that is always there, and speaks for every program of this person."""

from __future__ import annotations

from typing import Annotated

import typer

from voicebot.cli.command import add_command
from voicebot.cli.help import command_group
from voicebot.cli.options import ConfigOptions
from voicebot.cli.runner import Body

daemon_app = command_group("The voice that speaks for all your programs.")


@daemon_app.callback()
def daemon() -> None:
    """The voice that speaks for all your programs."""


def run(
    *,
    config: ConfigOptions,
    detached: Annotated[
        bool, typer.Option("--detached", hidden=True, help="Log to a file; say on standard output when it is ready.")
    ] = False,
) -> Body:
    """Speak for all your programs, until Ctrl-C or SIGTERM; SIGHUP reads config.toml again.

    Example: voicebot daemon run
    """
    from voicebot.cli.daemon_process import serve

    return lambda context: serve(context, lambda: config.load(quiet=True).config, detached=detached)


add_command(daemon_app, run)
