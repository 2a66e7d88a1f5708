"""Cuts what a client of speech-dispatcher sends into commands and texts; no I/O.

A command is one line. Behind SPEAK comes a text until a line that is a dot alone; there a line ends with CR LF only, as
in speech-dispatcher itself: its clients send a bare LF within the text, and nothing says then that a dot behind it is
not of the text.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_LINE_BYTES = 65_536
MAX_TEXT_BYTES = 1_048_576
_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Line:
    """One command, without the end of its line."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Text:
    """The whole text behind SPEAK, dots as the client meant them."""

    data: bytes


@dataclass(frozen=True, slots=True)
class TooLong:
    """A command, or a text, that had more bytes than it may have; nothing of it was kept."""

    text: bool


Piece = Line | Text | TooLong


class SsipDecoder:
    """Bytes in, commands and texts out, however the bytes were split; what it keeps is bounded."""

    def __init__(self) -> None:
        self._unread = bytearray()
        self._in_text = False
        self._searched = 0
        """Up to here there is no end."""
        self._too_long = False

    def feed(self, data: bytes) -> list[Piece]:
        """What `data` completes, in order."""
        self._unread += data
        found: list[Piece] = []
        while (piece := self._text() if self._in_text else self._line()) is not None:
            found.append(piece)
        return found

    def _line(self) -> Piece | None:
        end = self._unread.find(b"\n", self._searched)
        if end < 0:
            self._wait(MAX_LINE_BYTES, kept=0)
            return None
        line = self._take(end + 1)
        if line is None or len(line) > MAX_LINE_BYTES:
            return TooLong(text=False)
        line = line.rstrip(b"\r\n")
        if line.split(None, 1)[:1] and line.split(None, 1)[0].upper() == b"SPEAK":
            self._in_text = True
            self._unread[:0] = b"\r\n"  # the end of the line before: a dot may be the first line
        return Line(line)

    def _text(self) -> Piece | None:
        end = self._unread.find(_END, self._searched)
        if end < 0:
            self._wait(len(b"\r\n") + MAX_TEXT_BYTES, kept=len(_END) - 1)
            return None
        text = self._take(end + len(_END))
        self._in_text = False
        if text is None or len(text) > len(b"\r\n") + MAX_TEXT_BYTES + len(_END):
            return TooLong(text=True)
        inside = text[: -len(_END)]
        return Text(inside.replace(b"\r\n..", b"\r\n.").removeprefix(b"\r\n"))

    def _take(self, end: int) -> bytes | None:
        """What stands before `end`; None: it was too long to be kept."""
        taken = None if self._too_long else bytes(self._unread[:end])
        del self._unread[:end]
        self._searched, self._too_long = 0, False
        return taken

    def _wait(self, most: int, *, kept: int) -> None:
        """Go on searching with what comes next; of what is too long already, keep only what may begin its end."""
        if len(self._unread) > most + kept:
            self._too_long = True
        if self._too_long:
            del self._unread[: len(self._unread) - kept]
        self._searched = max(0, len(self._unread) - kept)
