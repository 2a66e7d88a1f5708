"""Which jobs nobody waits for any more. Pure: the time comes from outside."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

KEPT_SECONDS = 60.0
"""A cancelled job expires before this long has passed."""
_MOST = 100_000


class Cancellations:
    """The jobs that were cancelled of late: also those that are still on their way."""

    def __init__(self) -> None:
        self._until = OrderedDict[str, float]()  # a dict is slow to give its first key when many before it are gone
        """The oldest first."""

    def add(self, job_ids: Iterable[str], now: float) -> None:
        """Remember that nobody waits for these."""
        for job_id in job_ids:
            self._until[job_id] = now + KEPT_SECONDS
            self._until.move_to_end(job_id)
        while self._until:
            oldest = next(iter(self._until))
            if self._until[oldest] > now and len(self._until) <= _MOST:
                break
            del self._until[oldest]

    def has(self, job_id: str, now: float) -> bool:
        """Whether nobody waits for this one."""
        return self._until.get(job_id, now) > now

    def __len__(self) -> int:
        return len(self._until)
