"""Numbers and sums as people say them, in English and Japanese."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache

from voicebot.chat.demo.topics import Language, Sums
from voicebot.text.arithmetic import BASIC_OPERATORS, Operators, evaluate

_SMALL = (  # noqa: SIM905  a list would take twenty lines
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _in_words(number: int) -> str:
    """Write a number from zero to one hundred in English."""
    if number < 20:
        return _SMALL[number]
    if number == 100:
        return "one hundred"
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")


_WORD_VALUES = {_in_words(number): number for number in range(101)} | {"a hundred": 100, "hundred": 100}
_KANJI_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}
_KANJI_NUMBER = re.compile(r"[〇一二三四五六七八九十百]+")


@cache  # the start would take 3 ms longer
def _number_word() -> re.Pattern[str]:
    words = "|".join(sorted(_WORD_VALUES, key=len, reverse=True)).replace("-", "[- ]")
    return re.compile(rf"\b({words})\b", re.IGNORECASE)


def _english_digits(text: str) -> str:
    """Return `text` with its number words (up to one hundred) as digits."""

    def value(match: re.Match[str]) -> str:
        word = match[1].lower()
        return str(_WORD_VALUES[word if word in _WORD_VALUES else word.replace(" ", "-")])

    return _number_word().sub(value, text)


def _japanese_digits(text: str) -> str:
    """Return `text` with its kanji numbers (below one thousand) as digits."""

    def value(match: re.Match[str]) -> str:
        total = ones = 0
        for character in match[0]:
            if character in _KANJI_DIGITS:
                ones = ones * 10 + _KANJI_DIGITS[character]
            else:
                total += (ones or 1) * (10 if character == "十" else 100)
                ones = 0
        return str(total + ones)

    return _KANJI_NUMBER.sub(value, text)


WITH_DIGITS: dict[Language, Callable[[str], str]] = {"en": _english_digits, "ja": _japanese_digits}
"""Turn the number words in a text into digits."""
SPELLED: dict[Language, Callable[[int], str]] = {"en": _in_words, "ja": str}
"""Write a number from zero to one hundred as it is counted."""

_EXPRESSION = re.compile(r"[-+]?[\d(][\d\s.()+\-*/]*[\d)]")
_MAX_CHARACTERS = 100
_MAX_DIGITS = 15
"""More of them nobody can follow by ear."""


def say_sum(text: str, sums: Sums, with_digits: Callable[[str], str]) -> str | None:
    """Return the result of the sum that `text` asks for in a sentence; None where it asks for none."""
    text = with_digits(text.lower())
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    for pattern, symbol in sums.written:
        text = re.sub(pattern, symbol, text)
    found = _EXPRESSION.search(text)
    if not found or not re.fullmatch(sums.around, text[: found.start()] + " " + text[found.end() :]):
        return None
    expression = found[0].strip()
    if len(expression) > _MAX_CHARACTERS or not re.search(r"[\d)]\s*[-+*/]", expression):
        return None
    try:
        value = evaluate(expression, operators=_OPERATORS)
    except ZeroDivisionError:
        return sums.by_zero
    except OverflowError:
        return sums.too_large
    except ValueError:
        return None
    rounded = round(value, 4)
    result = f"{float(abs(rounded)):.4f}".rstrip("0").rstrip(".") if rounded.denominator > 1 else str(abs(rounded))
    if len(result) > _MAX_DIGITS:
        return sums.too_large
    result = (sums.about if rounded != value else "") + (sums.minus if rounded < 0 else "") + result
    sentence = sums.sentence.format(sum=_expression_in_words(expression, sums), result=result)
    return sentence[0].upper() + sentence[1:]


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """Return a power that can be said. Raises ValueError for a root, and OverflowError."""
    if exponent.denominator != 1:
        raise ValueError("a root is not said as a power")
    if abs(exponent) > 100 or abs(base) > 1000:
        raise OverflowError("the power is too large to be said")
    return Fraction(base ** int(exponent))


_OPERATORS: Operators = {**BASIC_OPERATORS, ast.Pow: _power}


def _expression_in_words(expression: str, sums: Sums) -> str:
    if "(" in expression:
        return sums.in_brackets
    words = re.sub(r"(^|[-+*/]\s*)-(?=[\d.])", rf"\1{sums.minus}", expression)
    words = re.sub(r"\s*\*\*\s*([^-+*/\s]*)", sums.power, words)
    return re.sub(r"\s*([-+*/])\s*", lambda match: sums.spoken[match[1]], words)
