"""`voicebot daemon`: the voice that is always there, and speaks for every program of this person."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.command import add_command
from voicebot.cli.help import Group
from voicebot.cli.options import ConfigOptions
from voicebot.cli.output import status
from voicebot.cli.runner import OK, Body, CommandContext
from voicebot.errors import VoicebotError
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config
    from voicebot.daemon.place import Instance
    from voicebot.daemon.process import Signals

daemon_app = typer.Typer(
    cls=Group, rich_markup_mode=None, no_args_is_help=True, help="The voice that speaks for all your programs."
)


@daemon_app.callback()
def daemon() -> None:
    """The voice that speaks for all your programs."""


def run(
    *,
    config: ConfigOptions,
    detached: Annotated[
        bool, typer.Option("--detached", hidden=True, help="Log to a file; tell on standard output when it is ready.")
    ] = False,
) -> Body:
    """Speak for every program of yours, until Ctrl-C or SIGTERM; SIGHUP reads config.toml again.

    Example: voicebot daemon run
    """
    return lambda context: _run(context, config, detached=detached)


async def _run(context: CommandContext, options: ConfigOptions, *, detached: bool) -> int:
    from voicebot.daemon.address import AddressError, find_address
    from voicebot.daemon.logs import open_log
    from voicebot.daemon.place import AlreadyRunning, listening, only_instance
    from voicebot.daemon.systemd import notify

    if detached:
        _tell_starter(".")
    try:
        address = find_address()
        with open_log(foreground=not detached), only_instance(address) as instance:
            config = options.load(quiet=True).config
            if detached:
                _tell_starter(".")
            with listening(address) as door:
                if detached:
                    _tell_starter("ready")  # whoever connects now waits until the rest is loaded
                notify("READY=1")
                from voicebot.daemon.process import open_signals, run_daemon

                def load() -> Config:
                    return options.load(quiet=True).config

                with open_signals() as signals:
                    _pass_on(context, signals)
                    await run_daemon(load, config, address=address, instance=instance, signals=signals, door=door)
    except AlreadyRunning as running:
        message = _running(running.instance)
        if detached:
            _tell_starter("ready")
        else:
            status(message)
    except AddressError as error:
        if detached:
            _tell_starter(f"{error.message}\n{error.hint}")
        raise VoicebotError(error.message, hint=error.hint) from error
    except VoicebotError as error:
        if detached:
            _tell_starter(f"{error.message}\n{error.hint}")
        raise
    return OK


def _pass_on(context: CommandContext, signals: Signals) -> None:
    """Let the daemon deal with signals itself; SIGHUP means the end only where a terminal has gone."""
    at_terminal = sys.stdin is not None and sys.stdin.isatty()

    def obey(number: int) -> bool:
        if number == getattr(signal, "SIGHUP", None) and not at_terminal:
            signals.reload()
            return True
        return signals.stop()

    context.interrupt, context.obey = signals.stop, obey


def _running(instance: Instance | None) -> str:
    if instance is None:
        return tr("another daemon is just starting")
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(instance.since))
    return tr(
        "the daemon is running already: version {version}, since {since}, process {pid}",
        version=instance.version,
        since=since,
        pid=instance.pid,
    )


def _tell_starter(message: str) -> None:
    """Tell the client that waits at the other end of our standard output; after the last word that leads nowhere."""
    with suppress(OSError):  # it did not wait
        os.write(1, message.encode(errors="replace"))
    if message == ".":
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


add_command(daemon_app, run)
