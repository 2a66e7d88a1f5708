"""What a tool prints goes to the log: standard output is for the program's own output."""

from __future__ import annotations

import io
import logging
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO, cast

from voicebot.text.safe_display import safe_line

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

logger = logging.getLogger(__name__)

_MAX_LINES = 50
_MAX_CHARACTERS = 500
"""Of a line."""


@contextmanager
def tool_prints_to_log() -> Iterator[None]:
    """Until the block ends, what is printed inside `tool_prints` goes to the log; all else is printed as before."""
    _share_standard_output()
    try:
        yield
    finally:
        if isinstance(sys.stdout, _Shared):  # whoever has put something in its place meanwhile takes it away
            sys.stdout = sys.stdout.others


@contextmanager
def tool_prints(name: str) -> Iterator[None]:
    """Log what the tool `name` prints in the block: in this task, and in the threads and tasks that it starts there.

    A thread that the tool starts by itself is not among them, nor is a child process: for those see
    `voicebot.cli.foreign_prints`.
    """
    _share_standard_output()
    printed = Printed(f"the tool {name}")
    token = _PRINTED.set(printed)
    try:
        yield
    finally:
        _PRINTED.reset(token)
        printed.end_line()


def _share_standard_output() -> None:
    if not isinstance(sys.stdout, _Shared):
        sys.stdout = cast(TextIO, _Shared(sys.stdout))  # it has whatever the stream has that it stands for


class Printed(io.TextIOBase):
    """A standard output whose lines are lines of the log, such as that of one call of a tool."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, who: str) -> None:
        """`who` prints to it, such as `the tool clock`."""
        self._who = who
        self._unfinished = ""
        self._lines_left = _MAX_LINES
        self._turn = threading.RLock()
        self._logging = False
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        """Log the lines that end in `text`; callable from any thread."""
        with self._turn:
            if self._logging:  # a tool has led the log itself to standard output
                return len(text)
            *lines, rest = text.split("\n")
            for line in lines:
                self._add(line)
                self.end_line(even_empty=True)
            self._add(rest)
        return len(text)

    def end_line(self, *, even_empty: bool = False) -> None:
        """Log what has no end yet."""
        line, self._unfinished = self._unfinished, ""
        if not (line or even_empty) or self._lines_left < 0:
            return
        self._lines_left -= 1
        self._logging = True
        try:
            if self._lines_left < 0:
                logger.warning("%s prints more than is shown", self._who)
            else:
                logger.warning("%s prints: %s", self._who, safe_line(line))
        finally:
            self._logging = False

    def _add(self, text: str) -> None:
        self._unfinished += text[: _MAX_CHARACTERS - len(self._unfinished)]

    def fileno(self) -> int:
        """Where a child process of the tool may print."""
        return sys.stderr.fileno()

    def writable(self) -> bool:
        """Always."""
        return True


class _Bytes(io.RawIOBase):
    """The same for a tool that writes bytes."""

    def __init__(self, printed: Printed) -> None:
        self._printed = printed
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def write(self, data: ReadableBuffer) -> int:
        """Log the lines that end in `data`."""
        written = bytes(data)
        self._printed.write(self._decoder.decode(written))
        return len(written)

    def writable(self) -> bool:
        """Always."""
        return True


_PRINTED: ContextVar[Printed | None] = ContextVar("_PRINTED", default=None)
"""What stands for standard output here; None: standard output itself."""


class _Shared:
    """Standard output: inside a tool the tool's, elsewhere that of the others."""

    def __init__(self, others: TextIO) -> None:
        self.others = others

    def __getattr__(self, name: str) -> Any:  # Any: whatever a stream has
        return getattr(_PRINTED.get() or self.others, name)
