"""The commands of the chat: what a line that begins with a slash means."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from voicebot.translation import marked, tr


class Verb(Enum):
    """What a command does."""

    HELP = auto()
    VOICE = auto()
    MODEL = auto()
    SAY = auto()
    REPEAT = auto()
    STOP = auto()
    SAVE = auto()
    HISTORY = auto()
    NEW = auto()
    EXIT = auto()


@dataclass(frozen=True, slots=True)
class Command:
    """One line of `/help`."""

    verb: Verb
    names: tuple[str, ...]
    """What it is called behind the slash, the first one in `/help`; the others mean the same."""
    argument: str
    """What follows the name; in brackets where it may be left out, empty where nothing may follow."""
    help: str

    @property
    def needs_argument(self) -> bool:
        """Whether something must follow the name."""
        return bool(self.argument) and not self.argument.startswith("[")


COMMANDS = (
    Command(Verb.HELP, ("help", "ヘルプ", "?"), "", marked("what can be typed here")),
    Command(
        Verb.VOICE, ("voice", "声"), "[NAME]", marked("speak with another voice from the next reply on; list them")
    ),
    Command(
        Verb.MODEL, ("model", "モデル"), "[NAME]", marked("ask another chat model from the next message on; list them")
    ),
    Command(Verb.SAY, ("say", "読んで"), "TEXT", marked("say a text as it stands")),
    Command(Verb.REPEAT, ("repeat", "もう一度", "もういちど"), "", marked("say the last reply again")),
    Command(Verb.STOP, ("stop", "止めて"), "", marked("interrupt, as Esc does")),
    Command(
        Verb.SAVE,
        ("save", "保存"),
        "FILE",
        marked("write the conversation (.txt, .md) or the last reply's sound (.wav)"),
    ),
    Command(Verb.HISTORY, ("history", "履歴"), "", marked("show the conversation so far")),
    Command(
        Verb.NEW, ("new", "新規"), "[NAME]", marked("begin another conversation, or go on with the one of this name")
    ),
    Command(Verb.EXIT, ("exit", "終了", "quit", "bye"), "", marked("leave, as Ctrl-D does")),
)
_BY_NAME = {name: command for command in COMMANDS for name in command.names}
_FAREWELLS = frozenset({"exit", "quit", "終了", "おわり", "終わり"})
"""They leave without a slash."""
_MOST_NAMES = 60
"""Nobody would read more of them."""
_NARROW_COLUMNS = 45
"""In fewer the help of a command stands below it."""
_SLASHES = "/／"  # the second is what a Japanese keyboard types


@dataclass(frozen=True, slots=True)
class Said:
    """A message for the chat model."""

    text: str


@dataclass(frozen=True, slots=True)
class Invoked:
    """A command and its argument."""

    verb: Verb
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """Neither of them; `reason` tells the person why."""

    reason: str


Entry = Said | Invoked | Misunderstood


def read_entry(line: str) -> Entry:
    """What a person means by a line; one with two slashes is a message that begins with one."""
    line = line.strip()
    if line.casefold() in _FAREWELLS:
        return Invoked(Verb.EXIT)
    if not line or line[0] not in _SLASHES:
        return Said(line)
    if line[1:2] and line[1] in _SLASHES:
        return Said(line[1:])
    name, _, argument = _parted(line[1:])
    name, argument = name.casefold(), argument.strip()
    command = _BY_NAME.get(name)
    if command is None:
        near = difflib.get_close_matches(name, _BY_NAME, 1, 0.5)
        if near:
            return Misunderstood(
                tr(
                    "there is no command /{name}: did you mean /{near}? With //{name} it is a message.",
                    name=name,
                    near=near[0],
                )
            )
        return Misunderstood(
            tr("there is no command /{name}: /help lists them. With //{name} it is a message.", name=name)
        )
    if command.needs_argument and not argument:
        return Misunderstood(
            tr("/{name} needs something after it: /{name} {argument}", name=name, argument=command.argument)
        )
    if argument and not command.argument:
        return Misunderstood(tr("/{name} takes nothing after it. With //{name} it is a message.", name=name))
    return Invoked(command.verb, argument)


def _parted(text: str) -> tuple[str, str, str]:
    """The name of a command, the first space behind it, which may have the full width, and the rest."""
    at = next((i for i, character in enumerate(text) if character.isspace()), len(text))
    return text[:at], text[at : at + 1], text[at + 1 :]


def is_yes(line: str) -> bool:
    """Whether the person agrees."""
    return line.strip().casefold() in {"y", "yes", "はい", "ええ", "うん"}


def is_farewell(line: str) -> bool:
    """Whether the person leaves with this line."""
    return read_entry(line) == Invoked(Verb.EXIT)


def completions(typed: str, names: Mapping[Verb, Sequence[str]]) -> list[str]:
    """How `typed`, the beginning of a command, may go on; `names` is what may stand behind some of them."""
    if not typed or typed[0] not in _SLASHES:
        return []
    slash, (name, space, begun) = typed[0], _parted(typed[1:])
    if space:
        command = _BY_NAME.get(name.casefold())
        known = names.get(command.verb, ()) if command else ()
        return [f"{slash}{name}{space}{one}" for one in known if one.casefold().startswith(begun.casefold())]
    return [
        f"{slash}{one}" + (" " if command.argument else "")
        for command in COMMANDS
        for one in command.names[:2]
        if one.startswith(name.casefold()) and (name or one.isascii() == (slash == "/"))
    ]


def help_text(columns: int) -> str:
    """What can be typed, in lines of at most `columns`."""
    from wcwidth import width

    from voicebot.cli.wrapping import LineWrapper

    rows = [(f"/{c.names[0]} {c.argument}".rstrip(), tr(c.help)) for c in COMMANDS]
    rows += [
        ("//…", tr("a message that begins with a slash")),
        ("Enter", tr("sends; Alt-Enter or Ctrl-J begins a new line")),
        ("Esc", tr("interrupts, as Ctrl-C and an empty line do")),
        ("Ctrl-C", tr("clears the line; twice it leaves")),
    ]
    side_by_side = columns >= _NARROW_COLUMNS
    indent = 2 + max(width(usage) for usage, _ in rows) if side_by_side else 2
    lines: list[str] = []

    def add(usage: str, meaning: list[str]) -> None:
        begin = usage + " " * (indent - width(usage)) + meaning.pop(0) if side_by_side else usage
        lines.extend([begin, *(" " * indent + line for line in meaning)])

    for usage, meaning in rows:
        wrapper = LineWrapper(lambda: columns - indent)
        add(usage, (wrapper.feed(meaning) + wrapper.flush()).split("\n"))
    add("日本語", _packed([f"/{c.names[1]}" for c in COMMANDS], columns - indent, gap=" "))
    return "".join(f"{line}\n" for line in lines)


def _packed(names: Sequence[str], columns: int, *, gap: str) -> list[str]:
    """Names side by side in lines of at most `columns`, each of them whole."""
    from wcwidth import width

    lines = [""]
    for name in names:
        longer = lines[-1] + gap + name if lines[-1] else name
        if lines[-1] and width(longer) > columns:
            lines.append(name)
        else:
            lines[-1] = longer
    return lines


def listing(names: Sequence[str], columns: int) -> str:
    """Names side by side, in lines of at most `columns`."""
    shown = [*names[:_MOST_NAMES]]
    if left := len(names) - len(shown):
        shown.append(tr("… {count} more", count=left))
    return "".join(f"{line}\n" for line in _packed(shown, columns, gap="  "))
