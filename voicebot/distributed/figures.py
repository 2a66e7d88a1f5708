"""What a worker has done since it was started. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from voicebot.distributed.messages import FailureCode

Outcome = Literal["done", "cancelled", "gone", "again", "returned", "unanswerable"] | FailureCode
"""How a job ended: said | cancelled | its client was gone | put into the queue again, as its worker had died | put back
by a worker that ends | without an address for replies | refused or failed, and why."""
OUTCOMES: tuple[Outcome, ...] = (
    *("done", "cancelled", "gone", "again", "returned", "unanswerable"),
    *("text", "engine", "version", "poison", "expired"),
)
FAILURES: tuple[Outcome, ...] = ("text", "engine", "version", "poison", "expired", "unanswerable")


@dataclass(slots=True)
class Figures:
    """Counts since the start, and what is going on now."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    audio_seconds: float = 0.0
    synthesis_seconds: float = 0.0
    redelivered: int = 0
    """Jobs that came again because their worker had died, or had lost the broker."""
    busy: int = 0
    """Jobs that are being said, not those that are put into the queue again."""
    connected: bool = False
    taking: bool = False
    """Whether the worker takes jobs: it is not ending, and its engine is there."""
    queued: Callable[[float], None] = lambda _: None
    """Called for each job with the seconds that it was in the queue."""

    @property
    def failed(self) -> int:
        """Jobs that were not said although somebody waited for them."""
        return sum(self.outcomes[outcome] for outcome in FAILURES)

    @property
    def cancelled(self) -> int:
        """Jobs for which nobody waited any more."""
        return self.outcomes["cancelled"] + self.outcomes["gone"]
