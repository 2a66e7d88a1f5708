"""The time, and which day a question is about, as people say them.

Whatever is left of a question without its day has to be words that ask for a date: "What day is tomorrow?" is answered,
"What day is my birthday?" is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from voicebot.chat.demo.topics import Calendar


def say_time(calendar: Calendar, now: datetime) -> str:
    """Say what time it is."""
    return calendar.time.format(
        hour=now.hour % 12 or calendar.twelve,
        minutes=calendar.minutes.format(now.minute) if now.minute else calendar.full_hour,
        part=next(part for end, part in calendar.parts if now.hour < end),
    )


def say_day(
    text: str, calendar: Calendar, today: date, with_digits: Callable[[str], str], *, follows: bool = False
) -> str | None:
    """Say which day `text` asks for; None where it asks for none, or for one that is not known.

    Where it `follows` a question like that, "And tomorrow?" is enough.
    """
    asked = _day_in(text, calendar, today, with_digits)
    rest = asked.rest if asked else text
    if not re.fullmatch(calendar.around, rest, re.IGNORECASE):
        return None
    if not asked:
        asked = _Asked(today, calendar.days[0], rest) if re.search(calendar.asks_today, rest, re.IGNORECASE) else None
    elif not follows and not re.search(calendar.asks, rest, re.IGNORECASE):
        return None
    return _sentence(asked, calendar, today) if asked else None


@dataclass(frozen=True, slots=True)
class _Asked:
    day: date
    name: str
    rest: str
    """The question without it."""


def _day_in(text: str, calendar: Calendar, today: date, with_digits: Callable[[str], str]) -> _Asked | None:
    def asked(day: date, name: str, match: re.Match[str]) -> _Asked:
        return _Asked(day, name, f"{text[: match.start()]} {text[match.end() :]}")

    for pattern, days in calendar.near:
        if match := re.search(pattern, text, re.IGNORECASE):
            return asked(today + timedelta(days), calendar.days[days], match)
    for pattern, factor in calendar.away:
        if match := re.search(pattern, text, re.IGNORECASE):
            number = with_digits(match[1].lower())
            away = timedelta(int(number) * factor) if re.fullmatch(r"\d{1,4}", number) else None
            return asked(today + away, calendar.that, match) if away else None
    for pattern, name, month, day in calendar.holidays:
        if match := re.search(pattern, text, re.IGNORECASE):
            return asked(_next(today, month, day), name, match)
    for pattern in calendar.written:
        if match := re.search(pattern, text, re.IGNORECASE):
            found = _written(match, calendar, today)
            return asked(found, calendar.that, match) if found else None
    return None


def _next(today: date, month: int, day: int) -> date:
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)


def _written(match: re.Match[str], calendar: Calendar, today: date) -> date | None:
    """Return the date of a match with the groups year (may be missing), month and day; None for one that is not."""
    month = match["month"].lower()
    number = int(month) if month.isdigit() else 1 + [name[:3].lower() for name in calendar.months].index(month[:3])
    try:
        if match["year"]:
            return date(int(match["year"]), number, int(match["day"]))
        return _next(today, number, int(match["day"]))
    except ValueError:  # such as February 30
        return None


def _sentence(asked: _Asked, calendar: Calendar, today: date) -> str:
    days = (asked.day - today).days
    named = asked.name in calendar.days.values()  # today, tomorrow: how far away it is need not be said
    return (calendar.is_ if days >= 0 else calendar.was).format(
        name=asked.name,
        near="" if named else calendar.near_by.get(days, ""),
        weekday=calendar.weekdays[asked.day.weekday()],
        month=calendar.months[asked.day.month - 1],
        day=asked.day.day,
        year=asked.day.year,
        away=""
        if named or days in calendar.near_by
        else (calendar.left if days > 0 else calendar.ago).format(abs(days)),
    )
