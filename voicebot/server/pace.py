"""How often the text of each turn is cut and sent: with few turns at once as it comes, with many in batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_FREE_TURNS = 100
"""This many take whatever comes at once."""
_SHORTEST_SECONDS = 0.05
"""What is shorter saves little: the next delta is 0.03 seconds away."""
_SECONDS_OF_A_TURN = 0.0001
"""What each further turn adds: more than a core needs for a delta."""
_LONGEST_SECONDS = 0.09
"""Two or three deltas come in that time; nobody who reads notices it."""
_GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it, without their whole parts, are spread evenly, however many there are."""


class Pace:
    """Counts the turns that run, and shares the time out among them.

    Each has moments of its own at which a batch ends. With the ends counted from the beginning of a batch, all that
    came while the processor was busy ended at once, and so did all their later ones.
    """

    def __init__(self) -> None:
        self.turns = 0
        """How many there are."""
        self.batch_seconds = 0.0
        """For how long a turn lets the model write; 0 while there are few."""
        self._begun = 0
        """How many there ever were."""

    def batches(self) -> Callable[[float], float]:
        """What tells one turn until when it puts together what comes, given the time now; that itself while there are
        few turns."""
        self._begun += 1
        place = self._begun * _GOLDEN % 1

        def end(now: float) -> float:
            if not (seconds := self.batch_seconds):
                return now
            own = (math.floor(now / seconds - place) + 1 + place) * seconds
            return max(own, now + seconds / 2)  # who comes late has a short one, but none that saves nothing

        return end

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One more, until the block ends."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        self.turns += more
        others = self.turns - _FREE_TURNS
        longest = min(_LONGEST_SECONDS, _SHORTEST_SECONDS + others * _SECONDS_OF_A_TURN)
        self.batch_seconds = longest if others > 0 else 0.0
