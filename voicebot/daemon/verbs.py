"""The commands that ask the daemon, without what the whole command line takes to start; the standard library only.

`try_light` understands the usual ways to write `say`, `stop` and so on, and returns None for everything else: what has
an option that only a process of its own can honour (a voice, a file to write, a configuration), what is wrong, what
asks for help, and all of it where no daemon runs. The whole command line goes on with that, as if nothing had been.
"""

from __future__ import annotations

import sys

from voicebot.daemon.address import AddressError
from voicebot.daemon.client import Connection, DaemonError, connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

OK, FAILED = 0, 1
PRIORITIES = ("important", "message", "text", "notification", "progress")
_PIECE_CHARACTERS = 8_000
"""Of a text that is sent in parts: even with every character escaped it fits into a line."""


class Options:
    """What stands behind a light command."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.values: dict[str, str] = {}
        self.flags: set[str] = set()


_VALUES = {
    "say": {"--source", "--priority", "--file"},
    "ask": {"--source", "--priority"},
    "repeat": {"--source"},
    "stop": {"--source"},
}
_FLAGS = {
    "say": {"--wait", "-w", "--quiet", "-q", "--daemon", "--clipboard", "--selection", "--toggle"},
    "ask": {"--quiet", "-q", "--daemon"},
    "repeat": {"--wait", "-w"},
    "stop": {"--all"},
    "status": {"--json"},
}
VERBS = ("say", "ask", "stop", "skip", "pause", "resume", "repeat", "status")


def try_light(arguments: Sequence[str]) -> int | None:
    """Do what the command line says if it is one of these commands and a daemon runs; return the exit code."""
    verb = arguments[0] if arguments else ""
    if verb not in VERBS:
        return None
    options = read_options(arguments[1:], _VALUES.get(verb, set()), _FLAGS.get(verb, set()))
    if options is None or options.values.get("--priority", "message") not in PRIORITIES:
        return None
    try:
        connection = connect()
        if connection is None:
            return None
        return perform(verb, options, connection)
    except (DaemonError, AddressError) as error:
        return complain(error)


def read_options(arguments: Sequence[str], values: set[str], flags: set[str]) -> Options | None:
    """The options and words of a command; None where there is one that is not known here."""
    options = Options()
    left = list(arguments)
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            options.words += left
            break
        if not word.startswith("-") or word == "-":
            options.words.append(word)
        elif name in values and (equals or left):
            options.values[name] = value if equals else left.pop(0)
        elif word in flags:
            options.flags.add(word)
        else:
            return None
    return options


def perform(verb: str, options: Options, connection: Connection) -> int | None:
    """Do it; None where the whole command line has to. Raises DaemonError."""
    if verb in ("say", "ask"):
        text = _text(verb, options)
        if text is None or not text.strip() or len(text) > _PIECE_CHARACTERS:
            return None
        return say(connection, text, options)
    if verb == "stop":
        return stop(connection, options)
    if options.words:
        return None
    if verb == "repeat":
        wait = "finished" if options.flags & {"--wait", "-w"} else "queued"
        connection.request("repeat", source=options.values.get("--source"), wait=wait)
        return OK
    if verb == "status":
        from voicebot.daemon.status_view import as_json, status_lines

        told = connection.request("status")
        lines = [as_json(told)] if "--json" in options.flags else status_lines(told)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return OK
    connection.request(verb)
    return OK


def _text(verb: str, options: Options) -> str | None:
    if verb == "ask" or options.words == ["-"] or not options.words:
        return None
    return " ".join(options.words)


def say(connection: Connection, text: str, options: Options) -> int:
    """Have a text said; return the exit code when it has its place, or with --wait when it was heard."""
    wait = "finished" if options.flags & {"--wait", "-w"} else "queued"
    values = options.values
    answer = connection.request(
        "say", text=text, source=values.get("--source"), priority=values.get("--priority"), wait=wait
    )
    if answer.get("state") == "cancelled":
        tell(f"not said: {answer.get('reason')}", options)
        return FAILED
    return OK


def stop(connection: Connection, options: Options) -> int | None:
    """Stop what is spoken and our own, all of it, or what has these ids."""
    scopes = options.words or ["all" if "--all" in options.flags else "self"]
    for scope in scopes:
        connection.request("stop", scope=scope, source=options.values.get("--source"))
    return OK


def tell(text: str, options: Options) -> None:
    """Print a line for the person, unless that was not wanted."""
    if not options.flags & {"--quiet", "-q"}:
        _status(f"voicebot: {text}")


def complain(error: DaemonError | AddressError) -> int:
    """Print what happened and what to do about it; return the exit code."""
    _status(f"voicebot: {error.message}")
    if error.hint:
        _status(f"  → {error.hint}")
    return FAILED


def _status(text: str) -> None:
    from contextlib import suppress

    from voicebot.text.safe_display import safe_display

    with suppress(OSError):  # nobody reads it
        sys.stderr.write(safe_display(text) + "\n")
