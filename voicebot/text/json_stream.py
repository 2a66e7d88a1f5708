"""JSON that is read while it is still being written: where it ends, and the texts in it, unescaped."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENERS, _CLOSERS = "{[(", ")]}"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_PLAIN = re.compile(r"[^\"'\\]+")
_OUTSIDE = re.compile(r"[^\"'{}\[\](),:]+")
_HEX = "0123456789abcdefABCDEF"
_LONGEST_KEY = 1000
_UNKNOWN = "\ufffd"


@dataclass(frozen=True, slots=True)
class FieldText:
    """A piece of a text that stands in the outermost object."""

    key: str
    text: str
    """Unescaped."""
    ended: bool = False
    """It is the last piece; its text may be empty."""


class ValueReader:
    """Reads one object or array that comes in pieces, however it is cut.

    It is as lenient as possible: what is between texts and brackets does not matter, brackets may be round, and where
    the first quotation mark is a single one, single ones stand around texts too, as in Python.
    """

    def __init__(self) -> None:
        self.ended = False
        """Its last bracket has come."""
        self.deepest = 0
        """The most brackets that were open at once."""
        self._depth = 0
        self._is_object = False
        self._single_quotes: bool | None = None
        """None before the first quotation mark."""
        self._quote = ""
        """The one around the text that is being read; empty between texts."""
        self._unescaper = _Unescaper()
        self._in_key = True
        """What comes next in the outermost object is a key."""
        self._key = ""

    def feed(self, text: str) -> tuple[list[FieldText], int]:
        """Return what `text` adds to the texts of the outermost object, and how much of `text` belongs to the value."""
        fields: list[FieldText] = []
        at = 0
        while at < len(text) and not self.ended:
            at = self._text(text, at, fields) if self._quote else self._between(text, at)
        return fields, at

    def _between(self, text: str, at: int) -> int:
        """Read up to the next sign that matters, and that; return the offset behind it."""
        if outside := _OUTSIDE.match(text, at):
            return outside.end()
        sign = text[at]
        if sign in _OPENERS:
            self._is_object = self._is_object if self._depth else sign == "{"
            self._depth += 1
            self.deepest = max(self.deepest, self._depth)
        elif sign in _CLOSERS:
            self._depth -= 1
            self.ended = self._depth <= 0
        elif sign == "," and self._depth == 1:
            self._in_key = True
            self._key = ""
        elif sign == ":" and self._depth == 1:
            self._in_key = False
        elif sign in "\"'":
            self._single_quotes = sign == "'" if self._single_quotes is None else self._single_quotes
            if sign == '"' or self._single_quotes:
                self._quote = sign
        return at + 1

    def _text(self, text: str, at: int, fields: list[FieldText]) -> int:
        """Read what comes of the text; return the offset behind it."""
        if not self._unescaper.pending and (plain := _PLAIN.match(text, at)):
            piece, at = self._unescaper.plain(plain[0]), plain.end()
        elif not self._unescaper.pending and text[at] == self._quote:
            self._quote = ""
            self._found(self._unescaper.flush(), fields, ended=True)
            return at + 1
        else:
            piece, used = self._unescaper.feed(text[at])
            at += used
        self._found(piece, fields, ended=False)
        return at

    def _found(self, piece: str, fields: list[FieldText], *, ended: bool) -> None:
        if self._depth != 1 or not self._is_object:
            return
        if self._in_key:
            self._key = (self._key + piece)[:_LONGEST_KEY]
        elif piece or ended:
            fields.append(FieldText(self._key, piece, ended))


class _Unescaper:
    """Turns what stands between quotation marks into the text that is meant."""

    def __init__(self) -> None:
        self.pending = ""
        """An escape that is not finished."""
        self._high = 0
        """The first half of a character whose second half has to follow."""

    def plain(self, text: str) -> str:
        """Return the text that `text`, in which nothing is escaped, adds."""
        return self._lone_half() + text

    def feed(self, sign: str) -> tuple[str, int]:
        """Return the text that the next sign adds, and whether it was used up (1) or has to be read again (0)."""
        if not self.pending:
            if sign == "\\":
                self.pending = sign
                return "", 1
            return self.plain(sign), 1
        if self.pending == "\\":
            if sign == "u":
                self.pending += sign
                return "", 1
            self.pending = ""
            return self.plain(_ESCAPES.get(sign, sign)), 1
        if sign not in _HEX:
            self.pending = ""
            return self.plain(_UNKNOWN), 0
        self.pending += sign
        if len(self.pending) < 6:
            return "", 1
        code, self.pending = int(self.pending[2:], 16), ""
        return self._unit(code), 1

    def flush(self) -> str:
        """Return what is left at the end of the text."""
        return self._lone_half()

    def _unit(self, code: int) -> str:
        """Return the text that a UTF-16 code unit adds."""
        if 0xDC00 <= code < 0xE000:
            high, self._high = self._high, 0
            return chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00) if high else _UNKNOWN
        before = self._lone_half()
        if 0xD800 <= code < 0xDC00:
            self._high = code
            return before
        return before + chr(code)

    def _lone_half(self) -> str:
        high, self._high = self._high, 0
        return _UNKNOWN if high else ""
