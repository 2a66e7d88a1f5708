"""Wrong tokens of the last minute: a client that tries one after another is told to stop."""

from __future__ import annotations

import time
from collections import deque

from voicebot.server.refusals import Refusal

_MOST_FAILURES = 10
_FORGOTTEN_SECONDS = 60.0
_MOST_REMEMBERED = 1000


class WrongTokens:
    """Remembers them for a while, by the address from which they came."""

    def __init__(self) -> None:
        self._latest: deque[tuple[float, str]] = deque()

    def add(self, address: str) -> None:
        """Remember one; raises Refusal instead if there have been too many already."""
        now = time.monotonic()
        while self._latest and self._latest[0][0] < now - _FORGOTTEN_SECONDS:
            self._latest.popleft()
        of_this = sum(other == address for _, other in self._latest)
        if of_this >= _MOST_FAILURES or len(self._latest) == _MOST_REMEMBERED:
            seconds = str(round(_FORGOTTEN_SECONDS))
            raise Refusal(429, "too many wrong tokens", code="rate_limit_exceeded", headers={"retry-after": seconds})
        self._latest.append((now, address))
