"""What the runs of a sweep come to, setting by setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from voicebot.lab.runs import Run


@dataclass(frozen=True, slots=True)
class Row:
    """What a setting was like with an engine, as means over its runs; times in seconds."""

    engine: str
    setting: str
    runs: int
    ttfa: float
    gaps: float
    wait: float
    """TTFA and gaps together."""
    over: float
    """Wait beyond the least that was possible."""
    bound: float
    """The least wait that was possible."""
    bound_ttfa: float
    """The earliest first sound that was possible."""
    utterances: float
    """Utterances that were spoken."""
    wait_by_language: Mapping[str, float]


def summarize(runs: Iterable[Run]) -> list[Row]:
    """The means of each engine and setting, engines and settings in the order of their first run."""
    runs = list(runs)
    groups: dict[tuple[str, str], list[Run]] = {
        (engine, setting): [] for engine in names(runs, "engine") for setting in names(runs, "setting")
    }
    for run in runs:
        groups[run.engine, run.setting].append(run)
    return [_row(engine, setting, group) for (engine, setting), group in groups.items() if group]


def _row(engine: str, setting: str, runs: Sequence[Run]) -> Row:
    def mean(value: Callable[[Run], float]) -> float:
        return fmean(map(value, runs))

    languages = sorted({run.language for run in runs})
    return Row(
        engine=engine,
        setting=setting,
        runs=len(runs),
        ttfa=mean(lambda run: run.ttfa),
        gaps=mean(lambda run: run.gap_seconds),
        wait=mean(lambda run: run.wait),
        over=mean(lambda run: run.wait - run.bound_wait),
        bound=mean(lambda run: run.bound_wait),
        bound_ttfa=mean(lambda run: run.bound_ttfa),
        utterances=mean(lambda run: sum(bool(piece.spoken) for piece in run.pieces)),
        wait_by_language={
            language: fmean(run.wait for run in runs if run.language == language) for language in languages
        },
    )


def pareto_front(rows: Iterable[Row]) -> list[Row]:
    """The rows that no other row beats in both TTFA and gaps, by rising TTFA."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.ttfa, row.gaps)):
        if not front or row.gaps < front[-1].gaps:
            front.append(row)
    return front


def names(runs: Iterable[Run], attribute: str) -> list[str]:
    """The values of an attribute of the runs, each once, in the order in which they come."""
    return list(dict.fromkeys(getattr(run, attribute) for run in runs))
