"""A table: a row for each thing that was measured, a column for each contender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.peers import Contender


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured, for each contender to whom it applies."""

    name: str
    values: Mapping[str, float]
    """By the contender's name."""
    goal: float
    judged: tuple[str, ...]
    """Which of voicebot's strategies have to reach the goal."""
    at_least: bool = False
    """Whether the goal is a lower bound; otherwise it is an upper one."""
    floors: frozenset[str] = field(default=frozenset())
    """Contenders that were stopped before the end: their true value is at least this one."""

    def met(self, who: str) -> bool:
        """Whether `who` reaches the goal, or was not measured."""
        if who not in self.values:
            return True
        return self.values[who] >= self.goal if self.at_least else self.values[who] <= self.goal

    @property
    def missed(self) -> bool:
        """Whether voicebot misses the goal."""
        return not all(self.met(who) for who in self.judged)

    def markdown(self, columns: Sequence[str]) -> str:
        """The row in a markdown table."""
        cells = [self.cell(who) for who in columns]
        return f"| {self.name} | {' | '.join(cells)} | {'≥' if self.at_least else '≤'} {self.goal:g} |"

    def cell(self, who: str) -> str:
        """The value for `who`, as the table shows it."""
        if who not in self.values:
            return "–"
        value = self.values[who]
        text = f"{value:.3g}" if abs(value) < 100 and value % 1 else f"{value:.0f}"
        text = f"≥ {text}" if who in self.floors else text
        return f"{text} ✗" if who in self.judged and not self.met(who) else text

    def as_dict(self) -> dict[str, object]:
        """The row for programs."""
        return {
            "name": self.name,
            "values": dict(self.values),
            "stopped": sorted(self.floors),
            "goal": self.goal,
            "at_least": self.at_least,
            "judged": list(self.judged),
            "met": not self.missed,
        }


def markdown(rows: Sequence[Row], contenders: Sequence[Contender]) -> str:
    """The table, and below it who is who."""
    columns = [contender.name for contender in contenders]
    lines = [
        f"| what | {' | '.join(columns)} | goal |",
        "|---" * (len(columns) + 2) + "|",
        *(row.markdown(columns) for row in rows),
        "",
        "✗: misses the goal; –: does not apply; ≥: stopped because it took too long.",
        "",
        *(f"* {contender.name}: {contender.about}" for contender in contenders),
    ]
    return "\n".join(lines)
