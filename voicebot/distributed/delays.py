"""How long something usually takes, from the last times that it was measured. Pure."""

from __future__ import annotations

from collections import deque

_ENOUGH = 20
_KEPT = 200
"""How many of the last measurements count: what was usual an hour ago says little."""


class Delays:
    """The last times that something took."""

    def __init__(self, *, usual_seconds: float) -> None:
        """`usual_seconds` is what counts until enough has been measured."""
        self.p95 = usual_seconds
        """Seconds within which it was done 19 times of 20."""
        self._measured: deque[float] = deque(maxlen=_KEPT)

    def learn(self, seconds: float) -> None:
        """It took this long once more."""
        self._measured.append(seconds)
        if len(self._measured) >= _ENOUGH:
            self.p95 = sorted(self._measured)[-1 - len(self._measured) // 20]
