"""The means of a sweep, setting by setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from voicebot.lab.runs import Run
from voicebot.lab.spread import Difference, by_reply, difference, spread


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
    ttfa_median: float
    ttfa_p95: float
    silence_median: float
    silence_p95: float


@dataclass(frozen=True, slots=True)
class Against:
    """What a setting changes with one engine, compared with the first setting; in seconds, less is better."""

    engine: str
    setting: str
    against: str
    """The first setting."""
    ttfa: Difference
    gap_seconds: Difference
    silence_seconds: Difference


def summarize(runs: Iterable[Run]) -> list[Row]:
    """The means of each engine and setting, engines and settings in the order of their first run."""
    runs = list(runs)
    groups: dict[tuple[str, str], list[Run]] = {
        (engine, setting): [] for engine in names(runs, "engine") for setting in names(runs, "setting")
    }
    for run in runs:
        groups[run.engine, run.setting].append(run)
    return [_row(engine, setting, group) for (engine, setting), group in groups.items() if group]


def against_first(runs: Iterable[Run]) -> list[Against]:
    """What each setting but the first changes, engine by engine."""
    runs = list(runs)
    first, *others = names(runs, "setting") or [""]
    found = []
    for engine in names(runs, "engine"):
        of_engine = [run for run in runs if run.engine == engine]
        before = [run for run in of_engine if run.setting == first]
        for setting in others:
            if before and (after := [run for run in of_engine if run.setting == setting]):
                changed = [_changed(before, after, measure) for measure in ("ttfa", "gap_seconds", "silence_seconds")]
                found.append(Against(engine, setting, first, *changed))
    return found


def _changed(before: Sequence[Run], after: Sequence[Run], measure: str) -> Difference:
    a, b = (by_reply((run.trace, getattr(run, measure)) for run in runs) for runs in (before, after))
    return difference(a, b)


def _row(engine: str, setting: str, runs: Sequence[Run]) -> Row:
    def mean(value: Callable[[Run], float]) -> float:
        return fmean(map(value, runs))

    languages = sorted({run.language for run in runs})
    ttfa, silence = spread(run.ttfa for run in runs), spread(run.silence_seconds for run in runs)
    return Row(
        engine=engine,
        setting=setting,
        runs=len(runs),
        ttfa=ttfa.mean,
        gap_seconds=mean(lambda run: run.gap_seconds),
        silence_seconds=silence.mean,
        over_bound_seconds=mean(lambda run: run.silence_seconds - run.bound_silence_seconds),
        bound_silence_seconds=mean(lambda run: run.bound_silence_seconds),
        bound_ttfa=mean(lambda run: run.bound_ttfa),
        utterances=mean(lambda run: sum(bool(utterance.spoken) for utterance in run.utterances)),
        silence_by_language={
            language: fmean(run.silence_seconds for run in runs if run.language == language) for language in languages
        },
        ttfa_median=ttfa.median,
        ttfa_p95=ttfa.p95,
        silence_median=silence.median,
        silence_p95=silence.p95,
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
