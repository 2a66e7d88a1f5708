"""Keeps standard output for what the command itself prints, whatever else runs in its process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

_WRITING = {"write", "writelines", "buffer", "fileno"}
"""What others use of a stream that they print to."""


@contextmanager
def standard_output_kept() -> Iterator[None]:
    """Until the block ends, `own_standard_output` alone leads to standard output.

    Descriptor 1, which C libraries and child processes print to, leads to standard error meanwhile; what is printed
    to `sys.stdout`, be it in a thread that a tool has started, is logged.
    """
    original = sys.__stdout__
    if original is None or original.fileno() != 1:
        yield
        return
    original.flush()
    own = os.dup(1)
    kept = open(own, "w", encoding=original.encoding, errors=original.errors, closefd=False)  # noqa: SIM115 - open until the block ends
    kept.reconfigure(line_buffering=original.line_buffering)
    before = sys.stdout
    os.dup2(2, 1)
    sys.__stdout__ = kept  # type: ignore[misc] # typing takes it for a constant; wav_stream and shutil ask it
    sys.stdout = stands_in = _logging_others(kept if before is original else before)
    try:
        yield
    finally:
        kept.flush()
        os.dup2(own, 1)
        sys.__stdout__ = original  # type: ignore[misc] # as above
        if sys.stdout is stands_in:
            sys.stdout = before
        os.close(own)


def own_standard_output() -> TextIO:
    """Standard output for what the command itself prints."""
    own: TextIO = getattr(sys.stdout, "own", sys.stdout)
    return own


def in_its_place(stream: TextIO) -> TextIO:
    """`stream` as it is to stand for `sys.stdout` now: for what the command prints, or for everybody."""
    return stream if own_standard_output() is sys.stdout else _logging_others(stream)


def _logging_others(stream: TextIO) -> TextIO:
    return cast(TextIO, _OwnAlone(stream))  # it has whatever `stream` has


class _OwnAlone:
    """What stands for `sys.stdout` where it is `own`'s to print: what is printed to this one is logged."""

    def __init__(self, own: TextIO) -> None:
        from voicebot.tools.printing import Printed

        self.own = own
        self._others = Printed("a plugin or tool")

    def __getattr__(self, name: str) -> Any:  # Any: whatever a stream has
        return getattr(self._others if name in _WRITING else self.own, name)
