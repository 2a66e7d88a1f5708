"""What a listener of one turn has before and behind them: lead, silence, heard. Pure.

Counts frames that were reported as played, not wall time: a listener who pauses, or whose connection stalls, keeps the
lead that they have.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable


class PlaybackClock:
    """Seconds everywhere; `now` and `at` are moments of one monotonic clock."""

    def __init__(self) -> None:
        self._unheard: deque[tuple[float, Callable[[], float]]] = deque()
        """Length of each clip that may not have been heard to its end, and how much of it has been."""
        self._heard = 0.0
        """Of the clips before those."""
        self._silent_since = -math.inf
        self._text_since = math.inf

    def wrote(self, now: float) -> None:
        """There is text to be said; only the first call matters."""
        self._text_since = min(self._text_since, now)

    def made(self, seconds: float, heard: Callable[[], float]) -> None:
        """There is audio of this length, behind what was made before; `heard` says how much of it has been heard."""
        self._unheard.append((seconds, heard))

    def finished(self, at: float) -> None:
        """A clip was heard to its end at that moment."""
        self._silent_since = max(self._silent_since, at)

    def lead(self) -> float:
        """How much audio has been made and not been heard."""
        self._forget_heard()
        return sum(max(0.0, seconds - heard()) for seconds, heard in self._unheard)

    def heard(self) -> float:
        """How much audio has been heard."""
        self._forget_heard()
        return self._heard + sum(min(seconds, heard()) for seconds, heard in self._unheard)

    def silence(self, now: float) -> float:
        """For how long the listener has heard nothing although there was text; 0 while there is a lead."""
        if self.lead() > 0:
            return 0.0
        return max(0.0, now - max(self._silent_since, self._text_since))

    def _forget_heard(self) -> None:
        while self._unheard and self._unheard[0][1]() >= self._unheard[0][0]:
            self._heard += self._unheard.popleft()[0]
