"""A calculator that evaluates nothing but arithmetic."""

from __future__ import annotations

from voicebot.text.arithmetic import evaluate, format_number


def calculator(expression: str) -> str:
    """Calculate an arithmetic expression, exactly where that is possible.

    Knows + - * / // % ** and parentheses, pi, e, sqrt, abs, round, floor, ceil, min, max, factorial, exp, log
    (natural), log10, log2, sin, cos, tan, asin, acos, atan (radians), degrees, radians. Example: (3 + 4) * 5
    """
    try:
        return format_number(evaluate(expression))
    except ZeroDivisionError as error:
        raise ZeroDivisionError("division by zero") from error  # Fraction's own words are "Fraction(1, 0)"
