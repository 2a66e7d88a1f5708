"""What chats, shops and timetables write short in English: weekdays, hours, sizes, scores, flights, "about" and "more".

They complement the rules of `english_words`. Each looks at a few characters of context at most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from voicebot.text.english_numbers import cardinal, clock_pair, decimal, year
from voicebot.text.patterns import compiled, word_table

_NEAR = 24
"""Characters of context."""
_WEEKDAYS = word_table(
    """Mon Monday Tue Tuesday Tues Tuesday Wed Wednesday Thu Thursday Thur Thursday Thurs Thursday Fri Friday
    Sat Saturday Sun Sunday"""
)
_DAY = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))
_TITLES = word_table(
    "Gov governor Sen senator Rep representative Rev reverend Col colonel Maj major Cpl corporal Adm admiral "
    "Pres president Hon honorable Supt superintendent"
)
_N = r"\d{1,4}(?:\.\d{1,2})?"
_INCH = '["″”]'
_HALF_DAY = r"(?=\d{1,2}(?::[0-5]\d)?\s?[AaPp]\.?[Mm]\b)"
BEGINS = r"""
    [~@+\-–—] | \d(?<![\w.,:"“].) | [A-Z](?<![A-Za-z0-9_].) | \s(?<=[\dMm].)(?=[-–—])
"""
"""What every rule begins with, so that most places are looked at only once."""
RULES = rf"""
    (?P<weekdays>\b(?P<from_day>{_DAY})\s?[-–—]\s?(?P<to_day>{_DAY})\b)
  | (?P<title>\b(?:{"|".join(_TITLES)})\.(?=\s[A-Z][a-z]))
  | (?P<hours>(?:(?<=\d)|(?<=[AaPp][Mm]))\s?[-–—]\s?{_HALF_DAY})
  | (?P<score>(?<![\d/.,])(?P<points>\d{{1,3}})/(?P<most>10|100)(?![\d/]))
  | (?P<numbered>(?<![\w.,/:-])\d{{3,4}}(?![\w:/-]|[.,]\d))
  | (?P<inches>(?<![\w.,"“])(?P<wide>{_N}){_INCH}\s?[×xX]\s?(?P<high>{_N}){_INCH}
               (?:\s?[×xX]\s?(?P<deep>{_N}){_INCH})?)
  | (?P<height>(?<![\w.,])(?P<feet>[1-9])['’′]\s?(?P<over>1[01]|\d){_INCH})
  | (?P<inch>(?<![\w.,"“])(?P<across>{_N}){_INCH}(?=\s[A-Za-z]))
  | (?P<ratio>(?<![\w:.,])(?P<part>\d{{1,3}}):(?P<other>\d)(?![\w:.,]\w|\w))
  | (?P<at>(?<!\S)@\s?(?=\d))
  | (?P<more>(?<=\d)\+(?![\w+]))
  | (?P<about>(?<![\w~])~\s?(?=[\d$€£]))
"""
_PATTERN = f"(?x)(?={BEGINS})(?:{RULES})"
_RATED = (
    r"(?i)\b(?:(?:that|it|this|he|she)(?:['’]s| is| was)(?: an?)?(?: solid| easily| easy)?"
    r"|rate[sd]?(?: \w+)?|rating(?: of)?|scores?d?(?: of| is)?|g[ai]ves? (?:it|them|him|her|this)(?: an?)?"
    r"|got(?: an?)?):?\s$"
)
_NUMBERED = r"\b(?:[Ff]light|[Rr]oom|[Rr]oute|[Tt]rain|[Bb]us|[Ss]uite|[Hh]ighway|[Aa]partment)\s(?:[A-Z]{1,3}\s)?$"

Say = Callable[[re.Match[str], str], str | None]
"""The words for a match and the text before it; None leaves the match as it is."""


def english_short_forms(text: str) -> Iterator[tuple[int, int, str]]:
    """The start and end of everything in `text` that is said in other words, and those words. Linear in its length."""
    for found in compiled(_PATTERN).finditer(text):
        start, end = found.span()
        words = _SAY[found.lastgroup or ""](found, text[max(0, start - _NEAR) : start])
        if words is not None:
            yield start, end, words


def _score(found: re.Match[str], before: str) -> str | None:
    """`10/10` as "ten out of ten", if the words before it show that it is not a date."""
    points, most = found["points"], found["most"]
    if int(points) > int(most) or re.search(_RATED, before) is None:
        return None
    return f"{cardinal(points)} out of {cardinal(most)}"


def _numbered(found: re.Match[str], before: str) -> str | None:
    """A flight, a room or a road: in pairs."""
    digits = found[0]
    if digits[-2:] == "00" or re.search(_NUMBERED, before) is None:
        return None
    return year(digits) if len(digits) == 4 else f"{cardinal(digits[0])} {clock_pair(digits[1:])}"


def _inch(found: re.Match[str], before: str) -> str | None:
    """A length; inside an open quotation its sign is the closing mark instead."""
    if '"' in before or "“" in before or re.search(r"(?:\b(?:[Aa]n?|[Tt]he|with)\s|,\s|^)$", before) is None:
        return None
    return f"{decimal(found['across'])} inch"


def _inches(found: re.Match[str], _before: str) -> str:
    return " by ".join([f"{decimal(side)} inches" for side in (found["wide"], found["high"], found["deep"]) if side])


_SAY: dict[str, Say] = {
    "weekdays": lambda found, _before: f"{_WEEKDAYS[found['from_day']]} to {_WEEKDAYS[found['to_day']]}",
    "title": lambda found, _before: _TITLES[found[0][:-1]].capitalize(),
    "hours": lambda _found, _before: " to ",
    "score": _score,
    "numbered": _numbered,
    "inches": _inches,
    "height": lambda found, _before: f"{cardinal(found['feet'])} foot {cardinal(found['over'])}",
    "inch": _inch,
    "ratio": lambda found, _before: f"{cardinal(found['part'])} to {cardinal(found['other'])}",
    "at": lambda _found, _before: "at ",
    "more": lambda _found, _before: " plus",
    "about": lambda _found, _before: "about ",
}
