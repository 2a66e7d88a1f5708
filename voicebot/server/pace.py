"""How often the text of each turn is cut and sent: with few turns at once as it comes, with many in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_FREE_TURNS = 100
"""This many take whatever comes at once."""
_SHORTEST_SECONDS = 0.04
"""What is shorter saves nothing: the next delta is 0.03 seconds away."""
_SECONDS_OF_A_TURN = 0.0001
"""What each further turn adds: more than a core needs for a delta."""
_LONGEST_SECONDS = 0.075
"""Two or three deltas come in that time; nobody who reads notices it."""


class Pace:
    """Counts the turns that run."""

    def __init__(self) -> None:
        self.turns = 0
        """How many there are."""

    @property
    def batch_seconds(self) -> float:
        """For how long a turn lets the model write; 0 while there are few."""
        if (others := self.turns - _FREE_TURNS) <= 0:
            return 0.0
        return min(_LONGEST_SECONDS, _SHORTEST_SECONDS + others * _SECONDS_OF_A_TURN)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One more, until the block ends."""
        self.turns += 1
        try:
            yield
        finally:
            self.turns -= 1
