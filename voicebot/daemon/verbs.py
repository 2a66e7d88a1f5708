"""The commands that ask the daemon, without what the whole command line takes to start; the standard library only.

`try_light` understands the usual ways to write `say`, `ask`, `stop` and so on, and returns None for everything else:
what has an option that only a process of its own can honour (a voice, a file to write, a configuration), what is wrong,
what asks for help, and all of it where no daemon runs. The whole command line goes on with that, as if nothing had
been; `--daemon` and `--toggle` start one here. Its commands call `perform` in their turn where the daemon is to do it.
"""

from __future__ import annotations

import os
import sys

from voicebot.daemon.address import AddressError
from voicebot.daemon.client import Connection, DaemonError, accepted, connect
from voicebot.translation import tr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

OK, FAILED = 0, 1
PRIORITIES = ("important", "message", "text", "notification", "progress")
_SELECTION = "selection"
"""The source of what the person has selected or copied, unless they name another: the newest wins."""
_PIECE_CHARACTERS = 5_000
"""Of a text that is sent in parts: it fits into a line even where every character needs twelve bytes."""
_NO_COMMAND_CHARACTERS = 20
"""A word of this length is not even nearly a command."""
_PIPE, _FILE, _TYPE = 0o010000, 0o100000, 0o170000


class Options:
    """What stands behind a command."""

    def __init__(
        self, words: Sequence[str] = (), flags: Iterable[str] = (), values: dict[str, str | None] | None = None
    ) -> None:
        self.words = [*words]
        self.flags = {*flags}
        self.values = {name: value for name, value in (values or {}).items() if value}

    @property
    def wait(self) -> str:
        """How long the command goes on."""
        return "finished" if self.flags & {"--wait", "-w"} else "queued"


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
    "watch": {"--json"},
}
VERBS = ("say", "ask", "stop", "skip", "pause", "resume", "repeat", "status", "watch")


def try_light(arguments: Sequence[str]) -> int | None:
    """Do what the command line says if it is one of these commands and a daemon runs; return the exit code."""
    verb = arguments[0] if arguments else ""
    if is_question(verb):
        verb, arguments = "ask", ["ask", *arguments]
    if verb not in VERBS:
        return None
    options = read_options(arguments[1:], _VALUES.get(verb, set()), _FLAGS.get(verb, set()))
    if options is None or options.values.get("--priority", "message") not in PRIORITIES:
        return None
    try:
        connection = connect()
        if connection is None and options.flags & {"--daemon", "--toggle"}:
            from voicebot.daemon.spawn import connect_or_start

            connection = connect_or_start()
        if connection is None:
            return None
        return perform(verb, options, connection)
    except (DaemonError, AddressError) as error:
        return _complain(error.message, error.hint)


def is_question(word: str) -> bool:
    """Whether a first word cannot be meant for a command, not even with a slip in it: those are short, and lower case.

    The whole command line says the same of it, and more of the others.
    """
    return word != "" and (not "a" <= word[0] <= "z" or len(word) >= _NO_COMMAND_CHARACTERS) and word[0] != "-"


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
    """Let the daemon do it; return the exit code, or None where only the whole command line understands it.

    Raises DaemonError.
    """
    if verb == "say":
        return _say(options, connection)
    if verb == "ask":
        return _ask(options, connection)
    if verb == "stop":
        for scope in options.words or ["all" if "--all" in options.flags else "self"]:
            connection.request("stop", scope=scope, source=options.values.get("--source"))
        return OK
    if options.words:
        return None
    if verb == "repeat":
        return _ended(connection.request("repeat", source=options.values.get("--source"), wait=options.wait), options)
    if verb == "status":
        return _show_status(options, connection)
    if verb == "watch":
        return _watch(options, connection)
    connection.request(verb)
    return OK


# ---------------------------------------------------------------- say


def _say(options: Options, connection: Connection) -> int | None:
    from voicebot.daemon.text_sources import NoText

    try:
        values = options.values
        pointed = bool(options.flags & {"--selection", "--clipboard"})
        source = values.get("--source") or (_SELECTION if pointed else None)
        if "--toggle" in options.flags and connection.request("stop", source=source).get("stopped"):
            return OK
        text = given_text(options)
        if text is None or (isinstance(text, str) and not text.strip()):
            return None  # a process of its own says what is wrong
        asked = {"source": source, "priority": values.get("--priority") or ("text" if pointed else None)}
        if isinstance(text, str) and len(text) <= _PIECE_CHARACTERS:
            return _ended(connection.request("say", text=text, wait=options.wait, **asked), options)
        return _say_pieces(_pieces(text), asked, options, connection)
    except NoText as error:
        return _complain(error.message, error.hint)


def given_text(options: Options) -> str | Iterator[str] | None:
    """The text that the command names, or its pieces as they come; None where it names none, or more than one.

    Raises NoText.
    """
    from voicebot.daemon import text_sources

    words, path = options.words, options.values.get("--file")
    named = [one for one in ("--selection", "--clipboard") if one in options.flags]
    if len(named) + bool(path) + bool(words) > 1:
        return None
    if named:
        return text_sources.selected_text() if named == ["--selection"] else text_sources.clipboard_text()
    if path:
        return text_sources.file_text(path)
    if words == ["-"] or (not words and not os.isatty(0)):
        return text_sources.piped_text()
    return _typed(words) or None


def _typed(words: Sequence[str]) -> str:
    """The words as one text; what is not UTF-8 on the command line has no form in JSON."""
    return " ".join(words).strip().encode(errors="replace").decode()


def _pieces(text: str | Iterator[str]) -> Iterator[str]:
    for part in [text] if isinstance(text, str) else text:
        for start in range(0, len(part), _PIECE_CHARACTERS):
            yield part[start : start + _PIECE_CHARACTERS]


def _say_pieces(pieces: Iterator[str], asked: dict[str, str | None], options: Options, connection: Connection) -> int:
    """Send a text as it comes; it is said meanwhile."""
    first = next((piece for piece in pieces if piece.strip()), None)
    if first is None:
        if not options.flags & {"--quiet", "-q"}:
            _status(tr("nothing to say"))
        return OK
    number = connection.send("say", text=first, more=True, wait=options.wait, **asked)
    for piece in pieces:
        connection.send("more", text=piece)
    connection.send("more", end=True)
    return _ended(connection.answer(number), options)


def _ended(answer: dict[str, object], options: Options) -> int:
    """The exit code for the result of a request."""
    if answer.get("state") != "cancelled":
        return OK
    if not options.flags & {"--quiet", "-q"}:
        _status(tr("voicebot: not said to its end: {reason}", reason=answer.get("reason")))
    return FAILED


# ---------------------------------------------------------------- ask, status, watch


def _ask(options: Options, connection: Connection) -> int | None:
    question = _typed(options.words)
    if "-" in options.words or not question or len(question) > _PIECE_CHARACTERS or _is_piped():
        return None
    return ask(question, options, connection)


def ask(question: str, options: Options, connection: Connection) -> int:
    """Ask, and print the reply as it is heard; return the exit code. Raises DaemonError."""
    from voicebot.text.safe_display import safe_display

    values = options.values
    number = connection.send(
        "ask",
        text=question,
        source=values.get("--source"),
        priority=values.get("--priority"),
        wait="finished",
        follow=True,
    )
    shown = False
    for line in connection.lines():
        if line.get("id") == number:
            if shown:
                _out("\n")
            return _ended(accepted(line), options)
        if line.get("type") == "playback_started":
            _out(safe_display(str(line.get("text", ""))))
            shown = True
    raise DaemonError(tr("the daemon has gone in the middle of its reply"))


def _is_piped() -> bool:
    """Whether a text stands on standard input, which belongs to the question."""
    try:
        return os.fstat(0).st_mode & _TYPE in (_PIPE, _FILE)
    except OSError:
        return False


def _show_status(options: Options, connection: Connection) -> int:
    from voicebot.daemon.status_view import as_json, status_lines

    told = connection.request("status")
    lines = [as_json(told)] if "--json" in options.flags else status_lines(told)
    _out("".join(f"{line}\n" for line in lines))
    return OK


def _watch(options: Options, connection: Connection) -> int:
    """Print what happens until Ctrl-C, or the end of the daemon."""
    from voicebot.daemon.status_view import as_json, event_line, status_lines

    connection.send("subscribe")
    for line in connection.lines():
        if "--json" in options.flags:
            _out(as_json(line) + "\n")
        elif line.get("event") == "snapshot":
            _out("".join(f"{text}\n" for text in status_lines(line)))
        elif text := event_line(line):
            _out(f"{text}\n")
    raise DaemonError(tr("the daemon has ended"))


def _out(text: str) -> None:
    """Print it at once. A reader who has gone ends the command."""
    try:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show Japanese must not stop it
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(FAILED)


def _complain(message: str, hint: str) -> int:
    """Print what happened and what to do about it; return the exit code."""
    _status(f"voicebot: {message}")
    if hint:
        _status(f"  → {hint}")
    return FAILED


def _status(text: str) -> None:
    from contextlib import suppress

    from voicebot.text.safe_display import safe_display

    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(errors="replace")
    with suppress(OSError):  # nobody reads it
        sys.stderr.write(safe_display(text) + "\n")
