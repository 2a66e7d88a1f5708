"""A measured figure beside its goal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result: smaller is better."""

    name: str
    value: float
    goal: float
    unit: str
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value <= self.goal

    def line(self) -> str:
        """The figure for people."""
        verdict = "ok  " if self.met else "OVER"
        return f"{verdict} {self.name:<58} {self.value:10.4g} {self.unit:<8} (goal ≤ {self.goal:g})  {self.note}"

    def as_dict(self) -> dict[str, object]:
        """The figure for programs."""
        return {
            "name": self.name,
            "value": self.value,
            "goal": self.goal,
            "unit": self.unit,
            "met": self.met,
            "note": self.note,
        }


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Sequence[float], unit: str) -> str:
    """Median, smallest and largest of repeated runs."""
    return f"median {quantile(values, 0.5):.3g}, {min(values):.3g} to {max(values):.3g} {unit}, {len(values)} runs"
