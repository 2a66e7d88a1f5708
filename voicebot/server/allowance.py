"""How often something may happen: many times at once, and then a few times a second."""

from __future__ import annotations

import time


class Allowance:
    """What is used up comes back with time."""

    def __init__(self, *, at_once: float, a_second: float) -> None:
        self._most = self._left = at_once
        self._a_second = a_second
        self._since = time.monotonic()

    def use(self, count: int = 1) -> bool:
        """Use some of it; False where it was not enough."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._since) * self._a_second) - count
        self._since = now
        return self._left >= 0

    def give_back(self) -> None:
        """Let what was used last not count."""
        self._left = min(self._most, self._left + 1)
