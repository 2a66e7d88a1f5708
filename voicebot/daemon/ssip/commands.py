"""What clients of speech-dispatcher ask for, checked at the door; no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from voicebot.daemon.ssip.replies import NOTIFICATIONS, Happening, Reply
from voicebot.floor import Priority

Target = Literal["self", "all"] | int
"""Whose: the client's own, everybody's, or those of the client with this number."""
Value = str | int | bool | Priority | tuple[frozenset[Happening], bool]


@dataclass(frozen=True, slots=True)
class Set:
    """Change how messages are said from now on."""

    target: Target
    name: str
    value: Value
    done: Reply
    failed: Reply
    """There is no such client."""


@dataclass(frozen=True, slots=True)
class Speak:
    """A text comes behind this."""


@dataclass(frozen=True, slots=True)
class SayName:
    """Say a character, a key or the name of a sound."""

    kind: Literal["char", "key", "sound_icon"]
    name: str


@dataclass(frozen=True, slots=True)
class Act:
    """Do this to what is spoken, or waits."""

    verb: Literal["stop", "cancel", "pause", "resume"]
    target: Target


@dataclass(frozen=True, slots=True)
class Block:
    """What comes now is one message, or that was all of it."""

    begins: bool


@dataclass(frozen=True, slots=True)
class Get:
    """Tell one of the settings."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """Tell what there is."""

    what: Literal["voices", "output_modules", "synthesis_voices"]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Plain:
    """What needs nothing but its name."""

    name: Literal["client_id", "help", "quit"]


Command = Set | Speak | SayName | Act | Block | Get | ListOf | Plain

VOICE_TYPES = ("MALE1", "MALE2", "MALE3", "FEMALE1", "FEMALE2", "FEMALE3", "CHILD_MALE", "CHILD_FEMALE")
GETTABLE = ("rate", "pitch", "volume", "language", "voice_type", "output_module", "punctuation")
_MAX_NAME_CHARACTERS = 64


class Refused(Exception):
    """This cannot be done; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


def read_command(line: bytes, *, in_block: bool = False) -> Command:
    """The command in one line. Raises Refused."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reply.ENCODING) from None
    words = text.strip().split(None, 3)
    if len(words) == 3 and text.endswith(" "):
        words.append("")  # an empty value is one, too
    if not words:
        raise Refused(Reply.INVALID)
    verb, rest = words[0].upper(), words[1:]
    reader = _READERS.get(verb)
    if reader is None:
        raise Refused(Reply.INVALID)
    command = reader(verb, rest)
    if in_block and not _allowed_in_block(command):
        raise Refused(Reply.NOT_IN_BLOCK)
    return command


def _allowed_in_block(command: Command) -> bool:
    match command:
        case Set(name=name):
            return name not in ("client_name", "priority", "output_module")
        case Speak() | SayName() | Block() | Plain(name="quit"):
            return True
        case _:
            return False


def _speak(_verb: str, _rest: list[str]) -> Command:
    return Speak()


def _say_name(verb: str, rest: list[str]) -> Command:
    name = " ".join(_needed(rest, 1))
    match verb:
        case "CHAR":
            return SayName("char", name)
        case "KEY":
            return SayName("key", name)
        case _:
            return SayName("sound_icon", name)


def _act(verb: str, rest: list[str]) -> Command:
    target = _target(_needed(rest, 1)[0])
    match verb:
        case "STOP":
            return Act("stop", target)
        case "CANCEL":
            return Act("cancel", target)
        case "PAUSE":
            return Act("pause", target)
        case _:
            return Act("resume", target)


def _block(_verb: str, rest: list[str]) -> Command:
    which = _needed(rest, 1)[0].upper()
    if which not in ("BEGIN", "END"):
        raise Refused(Reply.BAD_PARAMETER)
    return Block(which == "BEGIN")


def _get(_verb: str, rest: list[str]) -> Command:
    name = _needed(rest, 1)[0].lower()
    if name not in GETTABLE:
        raise Refused(Reply.BAD_PARAMETER)
    return Get(name)


def _list(_verb: str, rest: list[str]) -> Command:
    what = _needed(rest, 1)[0].lower()
    match what:
        case "voices":
            return ListOf("voices")
        case "output_modules":
            return ListOf("output_modules")
        case "synthesis_voices":
            return ListOf("synthesis_voices", rest[1] if len(rest) > 1 else "")
        case _:
            raise Refused(Reply.BAD_PARAMETER)


def _history(_verb: str, rest: list[str]) -> Command:
    match [word.upper() for word in _needed(rest, 1)]:
        case ["GET", "CLIENT_ID", *_]:
            return Plain("client_id")
        case ["GET", "LAST", *_]:
            raise Refused(Reply.NO_MESSAGE)
        case ["GET", "CLIENT_LIST", *_]:
            raise Refused(Reply.NOT_YET)
        case ["GET", "MESSAGE_LIST", *_]:
            raise Refused(Reply.MISSING)
        case ["SAY", *_]:
            raise Refused(Reply.NO_SUCH_ID)
        case _:
            raise Refused(Reply.INVALID)


def _plain(verb: str, _rest: list[str]) -> Command:
    return Plain("quit" if verb == "QUIT" else "help")


def _needed(words: list[str], count: int) -> list[str]:
    if len(words) < count:
        raise Refused(Reply.MISSING)
    return words


def _target(word: str) -> Target:
    match word.lower():
        case "self":
            return "self"
        case "all":
            return "all"
        case _:
            if not (word.isascii() and word.isdecimal() and len(word) < 19):
                raise Refused(Reply.BAD_PARAMETER)
            return int(word)


# ------------------------------------------------ the settings


def _set(_verb: str, rest: list[str]) -> Command:
    target_word, name_word = _needed(rest, 2)[:2]
    target, name = _target(target_word), name_word.lower()
    if name == "debug":
        raise Refused(Reply.NO_DEBUGGING)
    if name not in _SETTINGS:
        raise Refused(Reply.INVALID)
    read, done, failed = _SETTINGS[name]
    value = read(_unquoted(_needed(rest, 3)[2].strip()))
    if target != "self" and name in ("client_name", "priority"):
        raise Refused(failed)
    return Set(target, name, value, done, failed)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _client_name(text: str) -> str:
    """The program's own name out of user:program:connection, as the floor and the status show it."""
    parts = text.split(":")
    if len(parts) != 3:
        raise Refused(Reply.NO_CLIENT_NAME)
    return "".join(one for one in parts[1] if one.isprintable())[:_MAX_NAME_CHARACTERS]


def _priority(text: str) -> Priority:
    try:
        return Priority(text.lower())
    except ValueError:
        raise Refused(Reply.UNKNOWN_PRIORITY) from None


def _number(low: Reply | None = None, high: Reply | None = None) -> Callable[[str], int]:
    def read(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
            raise Refused(Reply.NO_NUMBER)
        number = int(text)
        if high is not None and number > 100:
            raise Refused(high)
        if low is not None and number < -100:
            raise Refused(low)
        return number

    return read


def _one_of(*words: str, otherwise: Reply = Reply.BAD_PARAMETER, upper: bool = False) -> Callable[[str], str]:
    def read(text: str) -> str:
        word = text.upper() if upper else text.lower()
        if word not in words:
            raise Refused(otherwise)
        return word

    return read


def _on_or_off(text: str) -> bool:
    return _one_of("on", "off", otherwise=Reply.NOT_ON_OR_OFF)(text) == "on"


def _notification(text: str) -> tuple[frozenset[Happening], bool]:
    kind, _, switch = text.lower().partition(" ")
    if kind != "all" and kind not in NOTIFICATIONS:
        raise Refused(Reply.NO_NOTIFICATION)
    if not switch.strip():
        raise Refused(Reply.MISSING)
    chosen = frozenset(NOTIFICATIONS.values()) if kind == "all" else frozenset([NOTIFICATIONS[kind]])
    return chosen, _one_of("on", "off")(switch.strip()) == "on"


_SETTINGS: dict[str, tuple[Callable[[str], Value], Reply, Reply]] = {
    "client_name": (_client_name, Reply.CLIENT_NAME_SET, Reply.NO_CLIENT_NAME),
    "priority": (_priority, Reply.PRIORITY_SET, Reply.NO_PRIORITY),
    "language": (str, Reply.LANGUAGE_SET, Reply.NO_LANGUAGE),
    "rate": (_number(Reply.RATE_LOW, Reply.RATE_HIGH), Reply.RATE_SET, Reply.NO_RATE),
    "pitch": (_number(Reply.PITCH_LOW, Reply.PITCH_HIGH), Reply.PITCH_SET, Reply.NO_PITCH),
    "pitch_range": (_number(Reply.PITCH_RANGE_LOW, Reply.PITCH_RANGE_HIGH), Reply.PITCH_RANGE_SET, Reply.NO_PITCH),
    "volume": (_number(Reply.VOLUME_LOW, Reply.VOLUME_HIGH), Reply.VOLUME_SET, Reply.NO_CLIENT),
    "voice_type": (_one_of(*VOICE_TYPES, otherwise=Reply.NO_VOICE, upper=True), Reply.VOICE_SET, Reply.NO_VOICE),
    "synthesis_voice": (str, Reply.VOICE_SET, Reply.NO_VOICE),
    "output_module": (str, Reply.OUTPUT_MODULE_SET, Reply.NO_CLIENT),
    "punctuation": (_one_of("none", "some", "most", "all"), Reply.PUNCTUATION_SET, Reply.NO_PUNCTUATION),
    "cap_let_recogn": (_one_of("none", "spell", "icon"), Reply.CAPITALS_SET, Reply.NO_CAPITALS),
    "spelling": (_on_or_off, Reply.SPELLING_SET, Reply.NO_SPELLING),
    "ssml_mode": (_on_or_off, Reply.SSML_MODE_SET, Reply.NO_CLIENT),
    "pause_context": (_number(), Reply.PAUSE_CONTEXT_SET, Reply.NO_CLIENT),
    "notification": (_notification, Reply.NOTIFICATION_SET, Reply.NO_NOTIFICATION),
}
"""How its value is read, and what is answered."""

_READERS: dict[str, Callable[[str, list[str]], Command]] = {
    "SET": _set,
    "SPEAK": _speak,
    "CHAR": _say_name,
    "KEY": _say_name,
    "SOUND_ICON": _say_name,
    "STOP": _act,
    "CANCEL": _act,
    "PAUSE": _act,
    "RESUME": _act,
    "BLOCK": _block,
    "GET": _get,
    "LIST": _list,
    "HISTORY": _history,
    "HELP": _plain,
    "QUIT": _plain,
}
