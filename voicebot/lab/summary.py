"""The means of a sweep, setting by setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from voicebot.lab.runs import Run


@dataclass(frozen=True, slots=True)
class Row:
    """The means over the runs of one setting with one engine; times in seconds."""

    engine: str
    setting: str
    runs: int
    ttfa: float
    gap_seconds: float
    silence_seconds: float
    """TTFA and gaps together."""
    over_bound_seconds: float
    """Silence beyond the least that cuts at clauses allow."""
    bound_silence_seconds: float
    """The least silence that cuts at clauses allow."""
    bound_ttfa: float
    """The earliest first sound that cuts at clauses allow."""
    utterances: float
    """Utterances that were spoken."""
    silence_by_language: Mapping[str, float]


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
        gap_seconds=mean(lambda run: run.gap_seconds),
        silence_seconds=mean(lambda run: run.silence_seconds),
        over_bound_seconds=mean(lambda run: run.silence_seconds - run.bound_silence_seconds),
        bound_silence_seconds=mean(lambda run: run.bound_silence_seconds),
        bound_ttfa=mean(lambda run: run.bound_ttfa),
        utterances=mean(lambda run: sum(bool(utterance.spoken) for utterance in run.utterances)),
        silence_by_language={
            language: fmean(run.silence_seconds for run in runs if run.language == language) for language in languages
        },
    )


def pareto_front(rows: Iterable[Row]) -> list[Row]:
    """The rows that no other row beats in both TTFA and gaps, by rising TTFA."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.ttfa, row.gap_seconds)):
        if not front or row.gap_seconds < front[-1].gap_seconds:
            front.append(row)
    return front


def names(runs: Iterable[Run], attribute: str) -> list[str]:
    """The values of an attribute of the runs, each once, in the order in which they come."""
    return list(dict.fromkeys(getattr(run, attribute) for run in runs))
