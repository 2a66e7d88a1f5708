"""Numbers in English words.

num2words would do it, under the LGPL; but its import takes as long as half of voicebot's start.
"""

from __future__ import annotations

_SMALL = tuple(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen""".split()  # noqa: SIM905 - twenty words are read more easily than twenty literals
)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ["", " thousand", " million", " billion", " trillion", " quadrillion"]
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MOST_DIGITS = 18
"""A longer number is said digit by digit."""


def cardinal(digits: str) -> str:
    """`1200` as "one thousand two hundred"; with a leading zero, or far too long, digit by digit."""
    if len(digits) > _MOST_DIGITS or (len(digits) > 1 and digits[0] == "0"):
        return one_by_one(digits)
    number = int(digits)
    if number == 0:
        return _SMALL[0]
    parts: list[str] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            parts.insert(0, _below_thousand(group) + scale)
    return " ".join(parts)


def ordinal(digits: str) -> str:
    """`22` as "twenty-second"."""
    words = cardinal(digits)
    before, mark, last = words.rpartition("-" if "-" in words.rpartition(" ")[2] else " ")
    last = last[:-1] + "ieth" if last.endswith("y") else _ORDINALS.get(last, f"{last}th")
    return before + mark + last


def decimal(digits: str) -> str:
    """`1,200.5` as "one thousand two hundred point five"."""
    whole, _, fraction = digits.replace(",", "").partition(".")
    words = cardinal(whole or "0")
    return f"{words} point {one_by_one(fraction)}" if fraction else words


def year(digits: str) -> str:
    """`1999` as "nineteen ninety-nine", `2005` as "two thousand five"."""
    century, rest = digits[:2], digits[2:]
    if digits[0] == "0" or (century[1] == "0" and rest[0] == "0"):
        return cardinal(digits)
    if rest == "00":
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {clock_pair(rest)}"


def clock_pair(digits: str) -> str:
    """Two digits as in a time or a year: `05` as "oh five"."""
    return f"oh {_SMALL[int(digits[1])]}" if digits[0] == "0" else cardinal(digits)


def one_by_one(digits: str) -> str:
    """Digit by digit."""
    return " ".join([_SMALL[int(digit)] for digit in digits])


def plural(words: str) -> str:
    """Number words or a noun in the plural: "nineties", "thirds"."""
    if words.endswith("y") and words[-2:-1] not in set("aeiou"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith(("x", "ch", "s")) else f"{words}s"


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{_SMALL[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        words.append(_TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else ""))
    elif rest:
        words.append(_SMALL[rest])
    return " ".join(words)
