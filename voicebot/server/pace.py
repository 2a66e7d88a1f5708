"""How often each stream sends: with few of them at once, with many in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_FREE_STREAMS = 100
"""This many send whatever they have at once."""
_SECONDS_OF_A_STREAM = 0.0002
"""What each further stream adds: more than a core needs to send something."""
_LONGEST_SECONDS = 0.07
"""Two deltas come in that time; nobody who reads notices it."""


class Pace:
    """Counts the streams that are open."""

    def __init__(self) -> None:
        self.streams = 0
        """How many there are."""

    @property
    def pause_seconds(self) -> float:
        """How long a stream waits after it has sent something; 0 while there are few."""
        return min(_LONGEST_SECONDS, max(0, self.streams - _FREE_STREAMS) * _SECONDS_OF_A_STREAM)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """One more, until the block ends."""
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1
