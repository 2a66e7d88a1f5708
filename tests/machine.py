"""What this machine allows, and whether it let a program run when it had to.

Linux counts how long programs wait for a processor.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 60.0
"""How long a test waits for what has to come.

Nobody waits that long where all is well. A machine that others use, too, may stand still for ten seconds, and then has
all of its work to do at once.
"""
DENIED = "this machine denies"
"""Begins the reason of a skip for want of a right, as a container has few."""

_WAITED = Path("/proc/pressure/cpu")
_MOST_SHARE = 0.15
"""Of the time in which some program waits; a browser alone on two cores causes a tenth."""


@dataclass(slots=True)
class Machine:
    """What became of a stretch of time, once it is over."""

    share: float = 1.0
    """Of that time in which some program had to wait; 1 where nobody counts it."""

    @property
    def was_quiet(self) -> bool:
        """Whether what is late, or breaks off, is the fault of the program that is tried."""
        return self.share <= _MOST_SHARE


@contextmanager
def watched_machine() -> Iterator[Machine]:
    """Count until the block ends."""
    machine, before, waited = Machine(), time.monotonic(), _waited_seconds()
    try:
        yield machine
    finally:
        if waited is not None and (now := _waited_seconds()) is not None:
            machine.share = (now - waited) / (time.monotonic() - before)
        print(f"some program waited for {machine.share:.0%} of the time")


def _waited_seconds() -> float | None:
    with suppress(OSError):
        some, *_ = _WAITED.read_text(encoding="ascii").splitlines()
        return int(some.rpartition("=")[2]) / 1_000_000
    return None
