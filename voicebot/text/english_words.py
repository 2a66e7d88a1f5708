"""Numbers, dates, times, ranges, sums, money, units and signs in English words.

A rule looks at a few characters of context at most, so the time stays linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from voicebot.text.english_numbers import cardinal, clock_pair, decimal, one_by_one, ordinal, plural, year
from voicebot.text.english_units import (
    ABBREVIATIONS,
    CURRENCIES,
    MONTHS,
    MULTIPLES,
    PARTS,
    RELATIONS,
    SIGNS,
    SINGULARS,
    STREETS,
    UNIT_PATTERN,
    UNITS,
    WEIGHED,
)
from voicebot.text.patterns import compiled

_NEAR = 24
"""Characters of context."""
_N = r"(?:\d{1,3}(?:,\d{3})++|\d{1,18}+)(?:\.\d{1,12}+)?+"
_MONTH = "|".join([f"{month}|{month[:3]}\\.?" for month in MONTHS] + [r"Sept\.?"])
_SIGN = "".join(CURRENCIES)
_STREET = "|".join(map(str.capitalize, STREETS))
_VULGAR = "¼-¾⅐-⅞"
_RELATION = "=≠<>≤≥≈±"
BEGINS = rf"""
    [\d._%+\-−('’\#&{_RELATION}{_VULGAR}{_SIGN}] | [A-Z](?<![A-Za-z0-9].) | \s(?=[\d{_RELATION}{_VULGAR}])
  | [a-z](?<![A-Za-z0-9].)(?=[A-Za-z0-9_%+-]{{0,64}}[.@]|(?<=v)(?:s|er|\d))
"""
"""What every rule begins with, so that most places are looked at only once."""
RULES = rf"""
    (?P<email>(?<![A-Za-z0-9._%+-])(?P<box>[A-Za-z0-9._%+-]{{1,64}}+)
              @(?P<domain>[A-Za-z0-9-]{{1,63}}+(?:\.[A-Za-z0-9-]{{1,63}}+){{1,6}}+))
  | (?P<host>(?<![A-Za-z0-9.-])[A-Za-z0-9-]{{2,63}}+(?:\.[a-z]{{2,12}}){{0,3}}
             \.(?:com|org|net|io|dev|ai|edu|gov|app|jp|uk|de)(?![A-Za-z0-9]))
  | (?P<iso>(?<![\d/.-])(?P<iso_year>[12]\d{{3}})(?P<iso_mark>[/-])(?P<iso_month>\d{{1,2}})(?P=iso_mark)
            (?P<iso_day>\d{{1,2}})(?![\d/-]))
  | (?P<mdy>(?<![\d/.-])(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>[12]\d{{3}}|\d\d)(?![\d/]))
  | (?P<named>\b(?P<month_name>{_MONTH})\s(?P<month_day>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:.,]\d|\d|%|\s?(?:am|pm))
              (?:,?\s(?P<month_year>[12]\d{{3}})(?![\d,]))?)
  | (?P<month_only>\b(?P<only_name>{_MONTH})\s(?P<only_year>[12]\d{{3}})(?![\d,.]\d|\d))
  | (?P<phone>(?<![\d-])(?:\+?\d{{1,3}}[-\s])?(?:\(\d{{3}}\)\s?|\d{{3}}-)?\d{{3}}-\d{{4}}(?![\d-]))
  | (?P<clock>(?<![\d:.])(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])
              (?:\s?(?P<half>[AaPp])\.?[Mm](?:\.(?!\s*$)|\b))?(?P<until>\s?[-–—]\s?(?=\d{{1,2}}:\d\d))?)
  | (?P<oclock>(?<![\d:.,])(?P<oclock_hour>1[0-2]|[1-9])\s?(?P<oclock_half>[AaPp])\.?[Mm](?:\.(?!\s*$)|\b))
  | (?P<always_open>(?<![\d/])24/7(?![\d/]))
  | (?P<fifty>(?<![\d/])50[/-]50(?![\d/]))
  | (?P<sum>(?<![\w.,])-?{_N}(?:\s?[×xX*÷+\-−/]\s?{_N}){{1,9}}+\s?=(?:\s?-?{_N})?(?!\w))
  | (?P<size>(?<![\w.])(?P<wide>{_N})\s?[×x]\s?(?P<high>{_N})(?![\w]))
  | (?P<mixed>(?<![\d/.,])(?:(?P<whole>\d{{1,4}})\s)?(?P<above>\d{{1,4}})[/\u2044](?P<below>\d{{1,4}})(?![\d/]))
  | (?P<vulgar>(?P<vulgar_whole>\d{{0,4}})\s?(?P<vulgar_sign>[{_VULGAR}]))
  | (?P<money>(?<![\w.])(?:US)?(?P<sign>[{_SIGN}])\s?(?P<amount>{_N})
              (?:\s?(?P<multiple>[kKmMbBT]|bn)(?![A-Za-z])|\s(?P<multiple_word>hundred|thousand|million|billion|trillion)\b)?
              (?:\s?[-–]\s?(?P=sign)?(?P<amount_until>{_N})(?:\s?(?P<multiple_until>[kKmMbBT]|bn)(?![A-Za-z]))?)?)
  | (?P<years>(?<![\d.,])(?P<from_year>(?:1[5-9]|20)\d\d)\s?[-–]\s?(?P<to_year>(?:1[5-9]|20)\d\d)(?![\d]|[.,]\d))
  | (?P<decade>(?<![\d'’])(?P<decade_year>(?:1[5-9]|20)\d0)['’]?s\b)
  | (?P<short_decade>(?<!\w)['’](?P<short_year>[2-9]0)s\b)
  | (?P<unit>(?<![\w.,/])(?P<low>{_N})(?:\s?[-–]\s?(?P<up>{_N}))?(?P<glue>[\s-]?)(?P<unit_name>(?i:{UNIT_PATTERN}))
             (?![A-Za-z²³/]))
  | (?P<ordinal>(?<![\w.,])(?P<ordinal_number>\d{{1,3}}(?:,\d{{3}})++|\d{{1,9}}+)(?:st|nd|rd|th)\b)
  | (?P<version>\b(?:[Vv]er(?:sion)?\.?\s?|[Vv])(?P<number>\d{{1,6}}+(?:\.\d{{1,6}}+){{0,5}}+)(?![A-Za-z\d]))
  | (?P<dotted>(?<![\d.])\d{{1,6}}+(?:\.\d{{1,6}}+){{2,5}}+(?![\d.]))
  | (?P<named_version>(?<=[A-Za-z])\s(?P<major>\d{{1,2}})\.(?P<minor>[1-9]\d)(?![\d.%\w]))
  | (?P<range>(?<![\w.,/-])(?P<left>{_N})\s?(?P<dash>[-–—])\s?(?P<right>{_N})(?![\w/-]|[.,]\d))
  | (?P<negative>(?<![\w)\].,-])[-−](?=\d))
  | (?P<number_sign>(?<!\w)\#(?=\d))
  | (?P<hashtag>(?<!\w)\#(?=[A-Za-z]))
  | (?P<number_of>\bNo\.\s?(?=\d))
  | (?P<abbreviation>\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Sgt|Capt|Lt|Mt|Ft|Jr|Sr|St|{_STREET})\.?(?=[\s,.;:!?)]|$))
  | (?P<latin>\b(?P<latin_word>e\.g|i\.e|vs|etc|approx|vol|fig|dept)\.(?P<comma>,?)|\bvs\b)
  | (?P<ampersand>(?<=[A-Za-z])&(?=[A-Za-z])|(?<=\w\s)&(?=\s\w))
  | (?P<relation>(?<=[\w)])\s?[{_RELATION}]\s?(?=[\w(-])|±(?=\d))
  | (?P<year_alone>(?<![\w.,$/:-])(?P<lone_year>1[1-9]\d\d|20\d\d)(?![\w:/-]|[.,]\d|%))
  | (?P<decimal>(?<![\w.,])(?:{_N}|\.\d{{1,12}}+)(?![\w/]|:\S|[.,]\d))
"""
_PATTERN = f"(?x)(?={BEGINS})(?:{RULES})"
_YEAR_BEFORE = (
    r"(?:\b(?:in|since|by|of|until|till|from|before|after|during|around|circa|year|late|early|and|to|the|back in|"
    rf"Q[1-4]|{_MONTH})|^|[(,;–-])\s?$"
)
_NO_YEAR_BEHIND = (
    r"\s(?:people|men|women|times|years|days|miles|dollars|euros|points|votes|words|items|units|of|more|students)\b"
)
_NOUN = (
    r" (?!(?:of|per|and|or|in|to|at|for|on|from|is|was|by|as|the|an?|today|away|now|each|every|with|long|tall|wide|"
    r"high|deep|more|less)\b)[a-z]+[.\s,]"
)
"""A thing measured by its length, weight or size: a six foot board."""
_ARTICLE_BEFORE = r"(?i:\b(?:an?|the|this|that|each|every|per|one|my|your|our))\s$"
_CAPITAL_BEFORE = r"(?:[A-Z][\w'’]*|\d(?:st|nd|rd|th)|\d)\s$"

Say = Callable[[re.Match[str], str, str], str | None]
"""The words for a match and the text around it; None leaves the match as it is."""


def english_words(text: str) -> Iterator[tuple[int, int, str]]:
    """The start and end of everything in `text` that is said in other words, and those words. Linear in its length."""
    for found in compiled(_PATTERN).finditer(text):
        start, end = found.span()
        words = _SAY[found.lastgroup or ""](found, text[max(0, start - _NEAR) : start], text[end : end + _NEAR])
        if words is not None and words != found[0]:
            yield start, end, words


def _email(found: re.Match[str], _before: str, _after: str) -> str:
    return f"{_dots(found['box'])} at {_dots(found['domain'])}"


def _dots(name: str) -> str:
    return name.replace(".", " dot ").replace("_", " underscore ").replace("-", " dash ").replace("+", " plus ")


def _date(month: str, day: str, year_digits: str = "") -> str | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    if len(year_digits) == 2:
        year_digits = f"20{year_digits}" if year_digits < "70" else f"19{year_digits}"
    date = f"{MONTHS[int(month) - 1]} {ordinal(str(int(day)))}"
    return f"{date}, {year(year_digits)}" if year_digits else date


def _month(name: str) -> str:
    return next(month for month in MONTHS if month.startswith(name[:3]))


def _named(found: re.Match[str], _before: str, _after: str) -> str | None:
    day = int(found["month_day"])
    if not 1 <= day <= 31:
        return None
    words = f"{_month(found['month_name'])} {ordinal(str(day))}"
    return f"{words}, {year(found['month_year'])}" if found["month_year"] else words


def _phone(found: re.Match[str], _before: str, _after: str) -> str:
    groups = re.findall(r"\d+", found[0])
    return ", ".join(["eight hundred" if group == "800" else one_by_one(group) for group in groups])


def _clock(found: re.Match[str], _before: str, _after: str) -> str | None:
    hour, minute, half = int(found["hour"]), found["minute"], found["half"]
    until = " to " if found["until"] else ""
    if hour > 24:
        return None
    if found["second"]:
        return f"{cardinal(str(hour))} {clock_pair(minute)} and {cardinal(str(int(found['second'])))} seconds{until}"
    words = cardinal(str(hour))
    if minute != "00":
        words += f" {clock_pair(minute)}"
    elif not half:
        words += " hundred" if hour > 12 else " o'clock"
    return words + (f" {half.upper()}M" if half else "") + until


def _mixed(found: re.Match[str], before: str, after: str) -> str | None:
    """A fraction, or a date."""
    whole, above, below = found["whole"], found["above"], found["below"]
    words = _fraction(above, below)
    if whole:
        return (
            f"{_number(whole)} and {words.replace('one ', 'a ', 1) if above == '1' and below == '2' else words}"
            if words
            else None
        )
    date = _date(above, below)
    if date and (not words or re.search(r"\b(?:on|by|until|till|from|since|before|after|due|dated?|for)\s$", before)):
        return date
    return words or (f"{_number(above)} {_number(below)}" if re.match(r"\s?[A-Z][a-z]?z", after) else None)


def _fraction(above: str, below: str) -> str | None:
    """`2/3` as "two thirds"; None where it is more likely something else."""
    if below not in PARTS and not (int(above) < int(below) and int(below) in (12, 16, 20, 32, 64, 100, 1000)):
        return None
    if int(above) >= int(below) or above[0] == "0":
        return None
    part = PARTS.get(below) or ordinal(below)
    if above == "1":
        return f"one {part}"
    return f"{_number(above)} {'halves' if below == '2' else plural(part)}"


def _vulgar(found: re.Match[str], _before: str, _after: str) -> str | None:
    above, _, below = unicodedata.normalize("NFKC", found["vulgar_sign"]).partition("\u2044")
    words = f"{_number(above)} {ordinal(below) if above == '1' else plural(ordinal(below))}"
    words = _fraction(above, below) or words
    whole = found["vulgar_whole"]
    space = " " if found[0].startswith(" ") else ""
    return space + (f"{_number(whole)} and {words.replace('one half', 'a half')}" if whole else words)


def _money(found: re.Match[str], _before: str, after: str) -> str:
    multiple = MULTIPLES.get((found["multiple"] or "").lower(), found["multiple_word"] or "")
    if found["amount_until"]:
        until = MULTIPLES.get((found["multiple_until"] or "").lower(), "")
        low = " ".join(filter(None, [decimal(found["amount"]), multiple]))
        high = " ".join(filter(None, [decimal(found["amount_until"]), until]))
        return f"{low} to {high} {CURRENCIES[found['sign']][1]}"
    one, several, hundredth, hundredths = CURRENCIES[found["sign"]]
    amount = found["amount"]
    if multiple:
        attribute = re.match(
            r"[ -](?:deal|budget|fund|loan|project|investment|fine|bill|prize|contract|company)\b", after
        )
        return f"{decimal(amount)} {multiple} {one if attribute else several}"
    whole, _, cents = amount.partition(".")
    if len(cents) != 2 or not hundredth:
        return f"{decimal(amount)} {one if amount == '1' else several}"
    words = f"{decimal(whole)} {one if whole == '1' else several}" if int(whole.replace(",", "")) else ""
    small = f"{cardinal(str(int(cents)))} {hundredth if cents == '01' else hundredths}" if int(cents) else ""
    return " and ".join(filter(None, [words, small])) or f"zero {several}"


def _unit(found: re.Match[str], before: str, after: str) -> str | None:
    low, name = found["low"], found["unit_name"].casefold()  # µm is written with either of two letters
    if name in ("m", "g", "l", "v", "w") and found["unit_name"].isupper() and name not in ("l", "v", "w"):
        return None  # 5G, 10M
    if (unit := UNITS.get(name)) is None:
        return None  # a Turkish ı
    if found["up"]:
        return f"{decimal(low)} to {decimal(found['up'])} {unit}"
    noun = re.match(_NOUN, after + " ") and (unit not in WEIGHED or re.search(_ARTICLE_BEFORE, before))
    if low == "1" or found["glue"] == "-" or (noun and not unit.startswith("degrees")):
        head, space, rest = unit.partition(" ")
        unit = f"{head} {_singular(rest)}" if head in ("square", "cubic", "fluid") else _singular(head) + space + rest
    return f"{decimal(low)} {unit}"


def _singular(unit: str) -> str:
    return SINGULARS.get(unit) or (unit.removesuffix("s") if unit not in ("D", "R", "hertz") else unit)


def _version(found: re.Match[str], _before: str, _after: str) -> str:
    return f"version {_dotted(found['number'])}"


def _dotted(number: str) -> str:
    return " point ".join([cardinal(part) for part in number.split(".")])


def _range(found: re.Match[str], before: str, _after: str) -> str | None:
    if re.search(r"[:;=]\s*$", before) and " " in found[0]:
        return None
    if found["dash"] == "-" and " " in found[0]:
        return f"{decimal(found['left'])} minus {decimal(found['right'])}"
    return f"{_year_or_number(found['left'])} to {_year_or_number(found['right'])}"


def _year_or_number(digits: str) -> str:
    return year(digits) if re.fullmatch("(?:1[5-9]|20)[0-9]{2}", digits) else decimal(digits)


def _abbreviation(found: re.Match[str], before: str, after: str) -> str | None:
    """A title before a name, or a street behind one."""
    word, dot = found[0].rstrip(".").lower(), found[0].endswith(".")
    behind_name = re.search(_CAPITAL_BEFORE, before) is not None
    before_name = re.match(r"\s[A-Z]", after) is not None
    doctor = word == "dr" and before_name and not re.search(r"\d\s\S*\s?$", before)
    if word in STREETS and behind_name and (dot or not before_name) and not doctor:
        return STREETS[word] + ("." if dot and (not after.strip() or before_name) else "")
    if not dot and word not in ("mr", "mrs", "dr", "ms"):
        return None
    if word == "st":
        return "Saint" if before_name else None
    if word in ABBREVIATIONS and (before_name or word in ("jr", "sr")):
        return ABBREVIATIONS[word].capitalize()
    return None


def _latin(found: re.Match[str], _before: str, after: str) -> str:
    words = ABBREVIATIONS[(found["latin_word"] or "vs").lower()]
    comma = found["comma"] or ""
    ends = found[0].endswith(".") and (not after.strip() or re.match(r"\s[A-Z]", after)) and words == "et cetera"
    return words + comma + ("." if ends else "")


def _relation(found: re.Match[str], _before: str, _after: str) -> str:
    return f" {RELATIONS[found[0].strip()]} " if found[0] != "±" else "plus or minus "


def _sum(found: re.Match[str], _before: str, _after: str) -> str:
    text = re.sub(r"(?:^|(?<=[×xX*÷+\-−/=]))(\s?)-", r"\1minus ", found[0])
    text = re.sub(r"\s?([×xX*÷+\-−/=])\s?", lambda sign: f" {SIGNS[sign[1]]} ", text)
    return re.sub(_N, lambda number: decimal(number[0]), text).strip()


def _size(found: re.Match[str], _before: str, _after: str) -> str:
    joined = "by" if "x" in found[0] and " " not in found[0] else "times"
    return f"{_pixels(found['wide'])} {joined} {_pixels(found['high'])}"


def _pixels(digits: str) -> str:
    return year(digits) if len(digits) == 4 and digits.isdecimal() and digits[1:3] != "00" else decimal(digits)


def _year_alone(found: re.Match[str], before: str, after: str) -> str:
    digits = found["lone_year"]
    if not re.match(_NO_YEAR_BEHIND, after) and re.search(_YEAR_BEFORE, before, re.IGNORECASE):
        return year(digits)
    return cardinal(digits)


def _number(digits: str) -> str:
    return decimal(digits)


def _decimal(found: re.Match[str], _before: str, _after: str) -> str:
    return decimal(found[0])


_SAY: dict[str, Say] = {
    "email": _email,
    "host": lambda found, _before, _after: _dots(found[0]),
    "iso": lambda found, _before, _after: _date(found["iso_month"], found["iso_day"], found["iso_year"]),
    "mdy": lambda found, _before, _after: _date(found["month"], found["day"], found["year"]),
    "named": _named,
    "month_only": lambda found, _before, _after: f"{_month(found['only_name'])} {year(found['only_year'])}",
    "phone": _phone,
    "clock": _clock,
    "oclock": lambda found, _b, _a: f"{cardinal(found['oclock_hour'])} {found['oclock_half'].upper()}M",
    "always_open": lambda _found, _before, _after: "twenty-four seven",
    "fifty": lambda _found, _before, _after: "fifty-fifty",
    "sum": _sum,
    "size": _size,
    "mixed": _mixed,
    "vulgar": _vulgar,
    "money": _money,
    "years": lambda found, _before, _after: f"{year(found['from_year'])} to {year(found['to_year'])}",
    "decade": lambda found, _before, _after: plural(year(found["decade_year"])),
    "short_decade": lambda found, _before, _after: plural(cardinal(found["short_year"])),
    "unit": _unit,
    "ordinal": lambda found, _before, _after: ordinal(found["ordinal_number"].replace(",", "")),
    "version": _version,
    "dotted": lambda found, _before, _after: _dotted(found[0]),
    "named_version": lambda found, _b, _a: f" {cardinal(found['major'])} point {cardinal(found['minor'])}",
    "range": _range,
    "negative": lambda _found, _before, _after: "minus ",
    "number_sign": lambda _found, _before, _after: "number ",
    "hashtag": lambda _found, _before, _after: "hashtag ",
    "number_of": lambda _found, _before, _after: "number ",
    "abbreviation": _abbreviation,
    "latin": _latin,
    "ampersand": lambda found, _b, _a: " and " if found[0] == "&" and found.string[found.start() - 1] != " " else "and",
    "relation": _relation,
    "year_alone": _year_alone,
    "decimal": _decimal,
}
