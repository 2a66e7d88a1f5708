"""One JSON object a line, as both ends of the control socket write and read it; the standard library only.

`json` costs a client 10 ms, most of them for the regular expressions that it is not asked for: here are its
accelerators alone, where Python has them.
"""

from __future__ import annotations

try:
    from _json import encode_basestring_ascii, make_scanner
except ImportError:  # a Python without them
    from json.encoder import encode_basestring_ascii
    from json.scanner import make_scanner

MAX_LINE_BYTES = 65_536
"""Of one line, its end included."""


class _AsUsual:
    """How the scanner reads JSON: as `json.loads` does."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def encoded(value: object) -> str:
    """`value` as JSON in ASCII. Raises TypeError."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return encode_basestring_ascii(value)
        case int() | float():
            return repr(value)
        case dict():
            return "{" + ",".join(f"{encoded(str(key))}:{encoded(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(encoded, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")


def as_line(value: dict[str, object]) -> bytes:
    """`value` as one line."""
    return encoded(value).encode() + b"\n"


def from_line(line: bytes) -> dict[str, object]:
    """The object in one line. Raises ValueError."""
    text = line.decode().strip()
    try:
        value, end = make_scanner(_AsUsual())(text, 0)  # type: ignore[arg-type] # whatever has these attributes
    except (StopIteration, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(value, dict) or end != len(text):
        raise ValueError("not one JSON object")
    return value
