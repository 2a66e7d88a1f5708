"""Bytes into lines, events and JSON objects, without I/O; the result does not depend on how the bytes are cut.

A byte that is not UTF-8 becomes U+FFFD: one letter of a reply is lost, and not the rest of it.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass

from voicebot.translation import tr

MAX_LINE_BYTES = 8 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LINE_END = re.compile(rb"(?:\r\n|\r|\n)([\r\n]*)")
"""With the blank lines after it: a flood of them must not cost a step each."""
LINE_FEEDS = re.compile(rb"\n(?:\r?\n)*")


class BadStream(ValueError):
    """The bytes are not what their format allows."""


class LineDecoder:
    """Cuts bytes into lines at LF only, as newline-delimited JSON requires: U+2028 and the like are content."""

    def __init__(self, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._pending = bytearray()
        self._max_line_bytes = max_line_bytes
        self._fault: BadStream | None = None
        self._first_line = True

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that `data` completes, without their line ends and without the blank ones.

        A bad line raises BadStream at the next call, so that the good ones before it are not lost.
        """
        self.check()
        lines: list[str] = []
        searched = len(self._pending)
        self._pending += data
        start = 0
        try:
            while found := LINE_FEEDS.search(self._pending, max(start, searched)):
                self._take(bytes(self._pending[start : found.start()]), lines)
                start = found.end()
            _limit(len(self._pending) - start, self._max_line_bytes)
        except BadStream as fault:
            self._fault = fault
        del self._pending[:start]
        return lines

    def flush(self) -> list[str]:
        """Return the last line if it came without an end; raise BadStream if it is cut inside a character."""
        self.check()
        _check_end(self._pending)
        lines: list[str] = []
        self._take(bytes(self._pending), lines)
        self._pending.clear()
        return lines

    def check(self) -> None:
        """Raise what is wrong after the lines returned so far, if anything."""
        if self._fault is not None:
            raise self._fault

    def _take(self, line: bytes, lines: list[str]) -> None:
        _limit(len(line), self._max_line_bytes)
        if self._first_line:
            line = line.removeprefix(BYTE_ORDER_MARK)
            self._first_line = False
        if text := line.removesuffix(b"\r").decode(errors="replace").strip(" \t"):
            lines.append(text)


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of a text/event-stream."""

    data: str
    """The data lines, joined by LF."""
    name: str = "message"


class EventDecoder:
    """Cuts a text/event-stream into events (WHATWG HTML, 9.2.6); lines end with CR, LF or CRLF and nothing else.

    Two liberties: a last event without its blank line counts, and a line `error: …` (older llama.cpp) is an event named
    "error". The fields id and retry are dropped: no stream is resumed here.
    """

    def __init__(self, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._pending = bytearray()
        self._max_line_bytes = max_line_bytes
        self._fault: BadStream | None = None
        self._first_line = True
        self._after_cr = False
        self._name = ""
        self._data: list[str] = []
        self._data_bytes = 0

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the events that `data` completes.

        A bad line raises BadStream at the next call, so that the good events before it are not lost.
        """
        self.check()
        events: list[ServerSentEvent] = []
        if self._after_cr and data:
            # A CR ends its line at once: waiting for the LF that may follow would hold an event back.
            data = data.removeprefix(b"\n")
            self._after_cr = False
        searched = len(self._pending)
        self._pending += data
        start = 0
        try:
            while found := LINE_END.search(self._pending, max(start, searched)):
                self._take(bytes(self._pending[start : found.start()]), events)
                if found[1]:
                    self._dispatch(events)
                start = found.end()
                self._after_cr = start == len(self._pending) and self._pending.endswith(b"\r")
            _limit(len(self._pending) - start, self._max_line_bytes)
        except BadStream as fault:
            self._fault = fault
        del self._pending[:start]
        return events

    def flush(self) -> list[ServerSentEvent]:
        """Return the last event if it came without a blank line; raise BadStream if it is cut inside a character."""
        self.check()
        _check_end(self._pending)
        events: list[ServerSentEvent] = []
        if self._pending:
            self._take(bytes(self._pending), events)
            self._pending.clear()
        self._dispatch(events)
        return events

    def check(self) -> None:
        """Raise what is wrong after the events returned so far, if anything."""
        if self._fault is not None:
            raise self._fault

    def _take(self, line: bytes, events: list[ServerSentEvent]) -> None:
        _limit(len(line), self._max_line_bytes)
        if self._first_line:
            line = line.removeprefix(BYTE_ORDER_MARK)
            self._first_line = False
        if not line:
            self._dispatch(events)
            return
        if line.startswith(b":"):
            return
        field, _, value = line.decode(errors="replace").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field in ("data", "error"):
            if field == "error":
                self._name = "error"
            self._data.append(value)
            self._data_bytes += len(line)
            _limit(self._data_bytes, self._max_line_bytes)

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        if self._data:
            events.append(ServerSentEvent("\n".join(self._data), self._name or "message"))
        self._data = []
        self._data_bytes = 0
        self._name = ""


def parse_object(text: str) -> dict[str, object]:
    """Read one JSON object; raise BadStream when `text` is anything else."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadStream(tr("not JSON: {text}", text=shorten(text))) from error
    if not isinstance(value, dict):
        raise BadStream(tr("not a JSON object: {text}", text=shorten(text)))
    return value


def shorten(text: str, length: int = 200) -> str:
    """Return `text` on one line, cut off at `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def without_lone_surrogates(text: str) -> str:
    """Replace halves of characters, which JSON can hold and nothing can print, with U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _check_end(line: bytearray) -> None:
    """Raise BadStream if the last line, which came without an end, is cut inside a character."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(bytes(line))
    if decoder.getstate()[0]:
        raise BadStream(tr("the end is inside a character"))


def _limit(length: int, max_line_bytes: int) -> None:
    if length > max_line_bytes:
        raise BadStream(tr("a line of more than {limit} bytes", limit=max_line_bytes))
