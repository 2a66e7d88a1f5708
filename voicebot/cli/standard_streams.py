"""Keeps standard output and standard error for what the command itself prints, whatever else runs in its process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, TextIO, cast

_WRITING = {"write", "writelines", "flush", "buffer", "fileno"}
"""What others use of a stream that they print to."""


@contextmanager
def standard_streams_kept(foreign: int) -> Iterator[None]:
    """Until the block ends, `own_standard_output` and `own_standard_error` alone lead where both led before.

    The file descriptor `foreign` takes what else is printed: to `sys.stdout` and `sys.stderr`, and to descriptors 1
    and 2, as C libraries and child processes do.
    """
    streams = [one for one in (sys.__stdout__, sys.__stderr__) if one is not None]
    if [one.fileno() for one in streams] != [1, 2]:
        yield
        return
    out, error = streams
    before = sys.stdout, sys.stderr
    own: dict[TextIO, TextIOWrapper] = {one: _duplicate(one) for one in streams}
    by_line = [one.line_buffering for one in streams]
    for one in streams:
        os.dup2(foreign, one.fileno())
        one.reconfigure(line_buffering=True)
    sys.__stdout__ = own[out]  # type: ignore[misc] # typing takes it for a constant; wav_stream and shutil ask it
    sys.stdout = own_out = _own_alone(own.get(before[0], before[0]), _unbuffered(out))
    sys.stderr = own_error = _own_alone(own.get(before[1], before[1]), _unbuffered(error))
    try:
        yield
    finally:
        for one, lines in zip(streams, by_line, strict=True):
            one.reconfigure(line_buffering=lines)  # which flushes it
            own[one].flush()
            os.dup2(own[one].fileno(), one.fileno())
        sys.__stdout__ = out  # type: ignore[misc] # as above
        if sys.stdout is own_out:
            sys.stdout = before[0]
        if sys.stderr is own_error:
            sys.stderr = before[1]
        for kept in own.values():
            kept.close()


def own_standard_output() -> TextIO:
    """Standard output for what the command itself prints."""
    own: TextIO = getattr(sys.stdout, "own", sys.stdout)
    return own


def own_standard_error() -> TextIO:
    """Standard error for what the command itself prints."""
    own: TextIO = getattr(sys.stderr, "own", sys.stderr)
    return own


def in_place_of(standard: TextIO, stream: TextIO) -> TextIO:
    """`stream`, to stand for the `standard` one of `sys`: for what the command prints, or for everybody."""
    foreign: TextIO | None = getattr(standard, "foreign", None)
    return stream if foreign is None else _own_alone(stream, foreign)


def _duplicate(stream: TextIOWrapper) -> TextIOWrapper:
    """Another stream to where `stream` leads now."""
    stream.flush()
    raw = os.fdopen(os.dup(stream.fileno()), "wb")
    return TextIOWrapper(
        raw, encoding=stream.encoding, errors=stream.errors, line_buffering=bool(stream.line_buffering)
    )


def _unbuffered(stream: TextIOWrapper) -> TextIOWrapper:
    """Another stream with the same descriptor; the bytes and the texts that it is given stay in their order."""
    raw = open(stream.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115 - it leaves the descriptor open
    return TextIOWrapper(raw, encoding=stream.encoding, errors="replace", write_through=True)


def _own_alone(own: TextIO, foreign: TextIO) -> TextIO:
    return cast(TextIO, _OwnAlone(own, foreign))  # it has whatever both have


class _OwnAlone:
    """What stands for a standard stream where it is `own`'s to print to: what others print goes to `foreign`."""

    def __init__(self, own: TextIO, foreign: TextIO) -> None:
        self.own = own
        self.foreign = foreign

    def __getattr__(self, name: str) -> Any:  # Any: whatever a stream has
        return getattr(self.foreign if name in _WRITING else self.own, name)
