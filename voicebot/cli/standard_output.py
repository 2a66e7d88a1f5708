"""Keeps standard output for what the command itself prints, whatever else runs in its process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def standard_output_kept() -> Iterator[None]:
    """Until the block ends, `sys.stdout` alone leads to standard output.

    Descriptor 1, which C libraries and child processes print to, leads to standard error meanwhile.
    """
    original = sys.__stdout__
    if original is None or original.fileno() != 1:
        yield
        return
    original.flush()
    own = os.dup(1)
    kept = open(own, "w", encoding=original.encoding, errors=original.errors, closefd=False)  # noqa: SIM115 - open until the block ends
    kept.reconfigure(line_buffering=original.line_buffering)
    stands_for_it = sys.stdout is original
    os.dup2(2, 1)
    sys.__stdout__ = kept  # type: ignore[misc] # typing takes it for a constant; wav_stream and shutil ask it
    if stands_for_it:
        sys.stdout = kept
    try:
        yield
    finally:
        kept.flush()
        os.dup2(own, 1)
        sys.__stdout__ = original  # type: ignore[misc] # as above
        if sys.stdout is kept:
            sys.stdout = original
        os.close(own)
