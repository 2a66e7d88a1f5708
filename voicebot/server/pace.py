"""How often each stream sends: with few of them at once, with many in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_FREE_STREAMS = 100
"""This many send whatever they have at once."""
_SHORTEST_SECONDS = 0.04
"""What is shorter saves nothing: the next delta is 0.03 seconds away."""
_SECONDS_OF_A_STREAM = 0.0001
"""What each further stream adds: more than a core needs to send something."""
_LONGEST_SECONDS = 0.075
"""Two or three deltas come in that time; nobody who reads notices it."""


class Pace:
    """Counts the streams that are open."""

    def __init__(self) -> None:
        self.streams = 0
        """How many there are."""

    @property
    def pause_seconds(self) -> float:
        """How long a stream waits after it has sent something; 0 while there are few."""
        if (others := self.streams - _FREE_STREAMS) <= 0:
            return 0.0
        return min(_LONGEST_SECONDS, _SHORTEST_SECONDS + others * _SECONDS_OF_A_STREAM)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """One more, until the block ends."""
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1
