"""The commands that ask the daemon, for those whose way of writing them only the whole command line understands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from voicebot.cli.options import JsonEventsOption, JsonObjectOption
from voicebot.cli.output import json_document, status, write_out
from voicebot.cli.runner import FAILED, OK, UsageError
from voicebot.daemon.address import AddressError
from voicebot.daemon.client import Connection, DaemonError, connect
from voicebot.daemon.verbs import PRIORITIES, Options, ask, perform
from voicebot.errors import VoicebotError
from voicebot.translation import tr

SourceOption = Annotated[
    str | None, typer.Option("--source", metavar="NAME", help="Who asks, as the daemon shows it to others.")
]
WaitOption = Annotated[bool, typer.Option("--wait", "-w", help="Return when it has been heard; Ctrl-C stops it.")]
IdArguments = Annotated[list[str] | None, typer.Argument(metavar="ID", help="As voicebot status lists them.")]


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """Whether the daemon speaks, and for whom."""

    heading: ClassVar[str] = "Daemon options"
    daemon: Annotated[
        bool | None,
        typer.Option("--daemon/--no-daemon", help="Start the daemon if it is not running; or speak in this process."),
    ] = None
    wait: WaitOption = False
    source: SourceOption = None
    priority: Annotated[
        str | None, typer.Option("--priority", metavar="NAME", help=f"How much it matters: {', '.join(PRIORITIES)}.")
    ] = None

    def connect(self, *, autospawn: bool) -> Connection | None:
        """A connection to the daemon that is to do it; None where this process does it. Raises VoicebotError."""
        if self.priority is not None and self.priority not in PRIORITIES:
            raise UsageError(
                tr("there is no priority {priority!r}", priority=self.priority),
                hint=tr("one of {names}", names=tr(", ").join(PRIORITIES)),
            )
        if self.daemon is False:
            return None
        with _daemon_errors():
            if self.daemon or autospawn:
                from voicebot.daemon.spawn import connect_or_start

                return connect_or_start()
            return connect()

    def values(self) -> dict[str, str | None]:
        """The same as the light client has them."""
        return {"--source": self.source, "--priority": self.priority}

    def flags(self, *, quiet: bool) -> set[str]:
        """And those that are on or off."""
        return {name for name, on in (("--wait", self.wait), ("--quiet", quiet)) if on}


def let_daemon(verb: str, options: Options, connection: Connection) -> int | None:
    """Let the daemon do it; return the exit code, or None where it cannot be told. Raises VoicebotError."""
    with _daemon_errors():
        return perform(verb, options, connection)


def ask_daemon(question: str, given: DaemonOptions, connection: Connection, *, quiet: bool) -> int:
    """Let the daemon answer; return the exit code. Raises VoicebotError."""
    with _daemon_errors():
        return ask(question, Options((), given.flags(quiet=quiet), given.values()), connection)


@contextmanager
def _daemon_errors() -> Iterator[None]:
    """Raise the errors of the light client, which is made without ours, as VoicebotError."""
    try:
        yield
    except (DaemonError, AddressError) as error:
        raise VoicebotError(error.message, hint=error.hint) from error


def stop(
    ids: IdArguments = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Also what others have asked for that is still waiting.")] = False,
    source: SourceOption = None,
) -> int:
    """Be silent: stop what is spoken and what you have asked for.

    Examples:
      voicebot stop
      voicebot stop --all
      voicebot stop u42
    """
    return _ask("stop", *(ids or ()), flags={"--all"} if all_ else set(), source=source)


def skip() -> int:
    """Go on to what waits next.

    Example: voicebot skip
    """
    return _ask("skip")


def pause() -> int:
    """Let the sound stand still; after five minutes it goes on by itself.

    Example: voicebot pause
    """
    return _ask("pause")


def resume() -> int:
    """Go on where it was paused.

    Example: voicebot resume
    """
    return _ask("resume")


def repeat(*, wait: WaitOption = False, source: SourceOption = None) -> int:
    """Say once more what was heard last.

    Example: voicebot repeat
    """
    return _ask("repeat", flags={"--wait"} if wait else set(), source=source)


def show_status(*, json: JsonObjectOption = False) -> int:
    """Show what the daemon speaks, who waits, and what went wrong.

    Examples:
      voicebot status
      voicebot status --json
    """
    connection = _connect()
    if connection is None:
        if json:
            write_out(json_document({"running": False}))
        else:
            status(tr("no daemon runs → start it: voicebot daemon run"))
        return FAILED
    return let_daemon("status", Options(flags={"--json"} if json else ()), connection) or OK


def watch(*, json: JsonEventsOption = False) -> int:
    """Follow what the daemon does, until Ctrl-C.

    Examples:
      voicebot watch
      voicebot watch --json
    """
    return _ask("watch", flags={"--json"} if json else set())


def _ask(verb: str, *words: str, flags: set[str] | None = None, source: str | None = None) -> int:
    connection = _connect()
    if connection is None:
        if verb == "stop":
            status(tr("no daemon runs: there is nothing to stop"))
            return OK
        raise VoicebotError(tr("no daemon runs"), hint=tr("start it: voicebot daemon run"))
    return let_daemon(verb, Options(words, flags or (), {"--source": source}), connection) or OK


def _connect() -> Connection | None:
    return DaemonOptions().connect(autospawn=False)
