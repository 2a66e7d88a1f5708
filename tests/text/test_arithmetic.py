"""What an expression is worth, and which operators may be used in it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from voicebot.text.arithmetic import BASIC_OPERATORS, evaluate, format_number


def test_a_value_is_exact_where_that_is_possible() -> None:
    assert evaluate("1/3 + 0.1") == Fraction(13, 30)
    assert evaluate("2 ** -1 - 7 // 2") == Fraction(-5, 2)
    assert evaluate("√16 × π") == 4 * evaluate("pi")


def test_the_caller_says_which_operators_may_be_used() -> None:
    assert evaluate("1 + 2 * (3 - 4) / 5", operators=BASIC_OPERATORS) == Fraction(3, 5)
    for expression in ("7 // 2", "7 % 2", "7 ** 2", "1 + 7 ^ 2"):
        with pytest.raises(ValueError, match="not arithmetic"):
            evaluate(expression, operators=BASIC_OPERATORS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(7), "7"),
        (Fraction(-1, 2), "-0.5"),
        (Fraction(2, 3), "0.666666666666667"),
        (Fraction(1, 10**30), "1E-30"),
    ],
)
def test_numbers_are_written_in_full_or_with_fifteen_digits(value: Fraction, text: str) -> None:
    assert format_number(value) == text
