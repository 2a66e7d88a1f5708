"""What one configuration changes compared with another, run by run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.lab.runs import Run
from voicebot.lab.spread import Difference, Spread, by_reply, difference, spread

_SAME_SECONDS = 0.005
"""Nobody hears a smaller difference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same trace and engine with two configurations."""

    a: Run
    b: Run

    @property
    def only_a(self) -> tuple[int, ...]:
        """Offsets in the reply where an utterance ends with `a` alone."""
        return tuple(sorted(_ends(self.a) - _ends(self.b)))

    @property
    def only_b(self) -> tuple[int, ...]:
        """Offsets in the reply where an utterance ends with `b` alone."""
        return tuple(sorted(_ends(self.b) - _ends(self.a)))


@dataclass(frozen=True, slots=True)
class Change:
    """How one measure changes from `a` to `b` over all comparisons; less is better."""

    name: str
    a: Spread
    """Over all runs, in seconds, as `b`."""
    b: Spread
    difference: Difference
    """b - a, reply by reply."""
    better: int
    worse: int
    same: int


def changes(comparisons: Sequence[Comparison]) -> list[Change]:
    """The changes of TTFA, gaps and silence; needs at least one comparison."""
    measures: list[tuple[str, Callable[[Run], float]]] = [
        ("TTFA", lambda run: run.ttfa),
        ("gaps", lambda run: run.gap_seconds),
        ("silence", lambda run: run.silence_seconds),
    ]
    return [_change(name, measure, comparisons) for name, measure in measures]


def as_dict(comparison: Comparison) -> dict[str, Any]:  # Any: ready for json.dumps
    """The comparison as one JSON object."""
    a, b = comparison.a, comparison.b
    return {
        "trace": a.trace,
        "engine": a.engine,
        "seed": a.seed,
        "a": _account(a),
        "b": _account(b),
        "only_a": list(comparison.only_a),
        "only_b": list(comparison.only_b),
    }


def _ends(run: Run) -> set[int]:
    return {utterance.end for utterance in run.utterances[:-1]}


def _change(name: str, measure: Callable[[Run], float], comparisons: Sequence[Comparison]) -> Change:
    differences = [measure(c.b) - measure(c.a) for c in comparisons]
    better = sum(difference < -_SAME_SECONDS for difference in differences)
    worse = sum(difference > _SAME_SECONDS for difference in differences)
    return Change(
        name,
        spread(measure(c.a) for c in comparisons),
        spread(measure(c.b) for c in comparisons),
        difference(
            by_reply((c.a.trace, measure(c.a)) for c in comparisons),
            by_reply((c.b.trace, measure(c.b)) for c in comparisons),
        ),
        better,
        worse,
        len(differences) - better - worse,
    )


def _account(run: Run) -> dict[str, Any]:  # Any: texts and numbers
    return {
        "setting": run.setting,
        "ttfa": run.ttfa,
        "gap_seconds": run.gap_seconds,
        "gaps": len(run.gaps),
        "silence_seconds": run.silence_seconds,
        "utterances": len(run.utterances),
    }
