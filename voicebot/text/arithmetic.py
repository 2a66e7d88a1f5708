"""Arithmetic as people write it: the exact value of an expression, which nothing but arithmetic has."""

from __future__ import annotations

import ast
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction

MAX_CHARACTERS = 500
MAX_BITS = 10_000
"""Of a numerator or denominator: three thousand digits are more than anybody wants to hear."""

Operators = Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]]

_DIGITS = 15
_SIGNS = str.maketrans({"×": "*", "✕": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "π": " pi ", "√": " sqrt "})
_CONSTANTS = {"pi": Fraction(math.pi), "e": Fraction(math.e), "tau": Fraction(math.tau)}


def evaluate(expression: str, *, operators: Operators | None = None) -> Fraction:
    """Return the value of `expression`, exact where that is possible.

    `operators` are those that may be used, by default all of `OPERATORS`. Raises ValueError for what is not arithmetic,
    OverflowError for a number that is too large, and ZeroDivisionError.
    """
    return _value(_parsed(expression), OPERATORS if operators is None else operators)


def format_number(value: Fraction) -> str:
    """Write whole numbers in full, others with up to 15 digits."""
    if value.denominator == 1:
        return str(value.numerator)
    with localcontext(prec=_DIGITS):
        quotient = (Decimal(value.numerator) / Decimal(value.denominator)).normalize()
    return f"{quotient:f}" if -_DIGITS < quotient.adjusted() < 2 * _DIGITS else str(quotient)


def _parsed(expression: str) -> ast.expr:
    text = unicodedata.normalize("NFKC", expression).translate(_SIGNS)
    text = re.sub(r"sqrt\s+([\d.]+)", r"sqrt(\1)", text).strip().rstrip("=? ")
    if not re.search(r"[a-z]", text):  # a comma may separate the arguments of a function
        text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"an expression may have {MAX_CHARACTERS} characters, not {len(text)}")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{expression!r} is not an arithmetic expression") from error


def _value(node: ast.expr, operators: Operators) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _number(value)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, operators)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, operators)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in operators:
            return _limited(operators[type(op)](_value(left, operators), _value(right, operators)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _limited(_FUNCTIONS[name](*(_value(argument, operators) for argument in arguments)))
    raise ValueError(f"{ast.unparse(node)!r} is not arithmetic this calculator knows")


def _number(value: float) -> Fraction:
    """`value` exactly as it is written: 0.1 is a tenth."""
    if isinstance(value, int):
        return _limited(Fraction(value))
    if not math.isfinite(value):
        raise OverflowError("the number is too large")
    return Fraction(repr(value))


def _limited(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise OverflowError("the number is too large, or has too many digits")
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        return _by_float(math.pow)(base, exponent)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if bits > 1 and bits * abs(exponent) > MAX_BITS:
        raise OverflowError("the power is too large")
    if bits <= 1:
        exponent = exponent % 2 if base == -1 else min(exponent, Fraction(1)) if exponent > 0 else exponent
    return Fraction(base**exponent.numerator)


def _by_float(function: Callable[..., float]) -> Callable[..., Fraction]:
    return lambda *arguments: _number(function(*map(float, arguments)))


def _sqrt(value: Fraction) -> Fraction:
    if value >= 0:
        root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
        if root * root == value:
            return root
    return _by_float(math.sqrt)(value)


def _round(value: Fraction, digits: Fraction = Fraction(0)) -> Fraction:
    if abs(digits) > 100:
        raise ValueError("round takes at most 100 digits")
    return Fraction(round(value, int(digits)))


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or not 0 <= value <= 1000:
        raise ValueError("factorial takes a whole number from 0 to 1000")
    return Fraction(math.factorial(value.numerator))


BASIC_OPERATORS: Operators = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
OPERATORS: Operators = {
    **BASIC_OPERATORS,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_FUNCTIONS: Mapping[str, Callable[..., Fraction]] = {
    "abs": abs,
    "sqrt": _sqrt,
    "round": _round,
    "floor": lambda value: Fraction(math.floor(value)),
    "ceil": lambda value: Fraction(math.ceil(value)),
    "min": min,
    "max": max,
    "factorial": _factorial,
    **{
        function.__name__: _by_float(function)
        for function in (
            math.exp, math.log, math.log10, math.log2, math.sin, math.cos, math.tan, math.asin, math.acos, math.atan,
            math.degrees, math.radians,
        )
    },
}  # fmt: skip
