"""What the demo can do about a message, and what it needs to know of a language.

`asked` is the pattern that a message matches when it is about a topic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "ja"]


# ---------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class Say:
    """Say a text."""

    asked: str
    text: str
    light: bool = False
    """Out of place right after feelings, as an offer of jokes is."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Say that the demo does not know or cannot do something, and once how to connect a model that can."""

    asked: str
    text: str = ""
    """In place of the usual words."""


@dataclass(frozen=True, slots=True)
class Comfort:
    """Say something kind to a feeling, or where to turn to in danger."""

    asked: str
    text: str
    later: str = ""
    """Said to the next message, where the demo has no answer to it."""


@dataclass(frozen=True, slots=True)
class SayNext:
    """Say the first of several texts that the user has not been told yet."""

    asked: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SayByName:
    """Say a text with the user's name, or another one while the name is not known."""

    asked: str
    unknown: str
    named: str
    """With {name} in it."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Say what the pattern found between its brackets."""

    asked: str
    nothing: str


@dataclass(frozen=True, slots=True)
class RepeatReply:
    """Say the last reply once more, as far as it was heard."""

    asked: str


@dataclass(frozen=True, slots=True)
class GoOn:
    """Say what was left of a reply when the user interrupted it."""

    asked: str
    nothing: str


@dataclass(frozen=True, slots=True)
class Count:
    """Count to the number that the pattern found, or from one to the other."""

    asked: str
    separator: str
    end: str
    too_far: str


@dataclass(frozen=True, slots=True)
class Calculate:
    """Say the result of a sum, if there is one in the message."""

    asked: str = ""


@dataclass(frozen=True, slots=True)
class SayTime:
    """Say what time it is."""

    asked: str


@dataclass(frozen=True, slots=True)
class SayDay:
    """Say what day it is today, or on a day that the message names, if it asks for that."""

    asked: str = ""


Answer = (
    Say | Unknown | Comfort | SayNext | SayByName | Repeat | RepeatReply | GoOn | Count | Calculate | SayTime | SayDay
)


@dataclass(frozen=True, slots=True)
class Topic:
    """The answers to one kind of message; None where a language has none."""

    en: Answer | None = None
    ja: Answer | None = None


# ---------------------------------------------------------------- languages


@dataclass(frozen=True, slots=True)
class Sums:
    """How a language writes and says sums."""

    written: tuple[tuple[str, str], ...]
    """Patterns of its operators, and how Python writes them."""
    around: str
    """Pattern of what may stand around a sum that is meant as a question."""
    spoken: dict[str, str]
    """How it says the operators."""
    power: str
    """How it says a power, as the replacement for a pattern that has found the exponent."""
    in_brackets: str
    """Says a sum where words would not say where its brackets are."""
    sentence: str
    about: str
    minus: str
    by_zero: str
    too_large: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a language tells the time and the date."""

    time: str
    parts: tuple[tuple[int, str], ...]
    """Parts of the day, each with the hour at which it ends."""
    twelve: int
    """What the hours at noon and at midnight are called."""
    minutes: str
    full_hour: str
    """In place of the minutes at a full hour."""
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    near: tuple[tuple[str, int], ...]
    """Patterns of the days near today, and by how many days they are away."""
    away: tuple[tuple[str, int], ...]
    """Patterns of a number of days or weeks from today, and how many days one of them is."""
    holidays: tuple[tuple[str, str, int, int], ...]
    """Patterns, names, months and days of those that have the same date each year."""
    written: tuple[str, ...]
    """Patterns of a date, with the groups year, month and day."""
    around: str
    """Pattern of what may stand around a day that is asked for."""
    asks: str
    """Pattern of what must stand there."""
    asks_today: str
    """Pattern of what must stand there where no day is named."""
    days: Mapping[int, str]
    """What the days near today are called, by how many days they are away."""
    that: str
    """What any other day is called."""
    is_: str
    was: str
    near_by: Mapping[int, str]
    """Said in front of a date that is today or tomorrow."""
    left: str
    ago: str


@dataclass(frozen=True, slots=True)
class Phrases:
    """What a language needs besides its topics."""

    opening: str
    """Pattern of a greeting in front of more."""
    unknown: str
    """Said to a question without an answer."""
    unknown_message: str
    """Said when no topic fits."""
    connect: str
    """How to connect a real model."""
    connect_begins: str
    """By what a reply is known in which that has been heard."""
    between: str
    """What stands between two sentences."""
    names: tuple[str, ...]
    """Patterns of the ways in which users give their name."""
    sums: Sums
    calendar: Calendar
