"""Finds the configuration of an experiment with the least silence, and checks it on other traces."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

from voicebot.config.models import Config
from voicebot.errors import ConfigError, LabError
from voicebot.lab.experiment import Experiment
from voicebot.lab.runs import Run
from voicebot.lab.search import Search, knobs_of
from voicebot.lab.spread import Difference, by_reply, difference
from voicebot.lab.sweep import Job, RunAll, open_workers
from voicebot.lab.traces import Trace
from voicebot.translation import counted, tr

_SMALLEST_GAIN = 1e-4
"""Seconds; a smaller gain is not an improvement."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over runs, in seconds."""

    objective: float
    """silence_seconds + weight × TTFA."""
    silence_seconds: float
    ttfa: float
    gap_seconds: float


@dataclass(frozen=True, slots=True)
class Half:
    """What was measured on one half of the traces."""

    traces: tuple[str, ...]
    before: Measured
    best: Measured
    gain: Difference | None = None
    """What the best one changes in the objective, reply by reply; None where it is the first setting itself."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """The result of a search."""

    experiment: str
    engines: tuple[str, ...]
    weight_ttfa: float
    tried: int
    """Configurations that were measured."""
    impossible: int
    """Combinations that no configuration can have."""
    overrides: Mapping[str, object]
    """Dotted key → value of the best configuration, without what the base already says."""
    config: Config
    searched: Half
    checked: Half

    def remarks(self) -> list[str]:
        """What to know before believing the result."""
        remarks = []
        if self.searched.best.objective >= self.searched.before.objective - _SMALLEST_GAIN:
            remarks.append(tr("nothing better than the first setting was found"))
        elif self.checked.best.objective > self.checked.before.objective + _SMALLEST_GAIN:
            remarks.append(tr("over-fitted: it is better on the traces that were searched and worse on the others"))
        elif self.checked.gain and not self.checked.gain.is_shown:
            remarks.append(
                counted(
                    self.checked.gain.replies,
                    "no difference shown on {count} reply that was not searched: more replies would tell",
                    "no difference shown on {count} replies that were not searched: more would tell",
                )
            )
        if self.impossible:
            remarks.append(tr("{count} combinations were left out because they are impossible", count=self.impossible))
        return remarks


def as_dict(tuned: Tuned) -> dict[str, Any]:  # Any: ready for json.dumps
    """The result as one JSON object, without the whole configuration."""
    return {
        "experiment": tuned.experiment,
        "engines": tuned.engines,
        "weight_ttfa": tuned.weight_ttfa,
        "tried": tuned.tried,
        "overrides": dict(tuned.overrides),
        "searched": asdict(tuned.searched),
        "checked": asdict(tuned.checked),
        "remarks": tuned.remarks(),
    }


def tune(
    experiment: Experiment,
    *,
    budget: int = 60,
    weight_ttfa: float = 0.5,
    seed: int = 0,
    processes: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Tuned:
    """The best configuration that `budget` tries find, measured against the experiment's first setting.

    All combinations are tried if there are no more than that; otherwise one half of the tries is drawn at random, and
    the other half improves the best of them one knob at a time. Raises LabError when there is nothing to search or no
    second text to check the answer on, and VoicebotError when a turn fails.
    """
    knobs = knobs_of(experiment)
    searched, checked = split_traces(experiment.traces)
    runs_of_one = len(searched) * len(experiment.engines) * len(experiment.seeds)
    with open_workers(processes, budget * runs_of_one) as run_all:
        measure = _Measure(experiment, searched, weight_ttfa, run_all)
        search = Search(experiment, knobs, measure.objectives, budget=budget, progress=progress)
        best = _simplified(*search.run(random.Random(seed)), experiment, measure)
        first = next(iter(experiment.settings.values()))
        before, found = experiment.configure(first), experiment.configure(best)
        check = _Measure(experiment, checked, weight_ttfa, run_all)
        on_searched, on_checked = measure.half([before, found]), check.half([before, found])
    if on_searched.best.objective >= on_searched.before.objective - _SMALLEST_GAIN:
        best, found = dict(first), before
        on_searched, on_checked = (replace(half, best=half.before, gain=None) for half in (on_searched, on_checked))
    return Tuned(
        experiment=experiment.name,
        engines=tuple(engine.name for engine in experiment.engines),
        weight_ttfa=weight_ttfa,
        tried=search.tried,
        impossible=search.impossible,
        overrides=best,
        config=found,
        searched=on_searched,
        checked=on_checked,
    )


def split_traces(traces: Iterable[Trace]) -> tuple[list[Trace], list[Trace]]:
    """The traces to search on and those to check on: each language in both, each text (NAME@10, NAME@30) in one.

    Raises LabError when there is only one text.
    """
    texts: dict[tuple[str, str], list[Trace]] = {}
    for trace in sorted(traces, key=lambda trace: (trace.language, trace.name)):
        texts.setdefault((trace.language, trace.name.partition("@")[0]), []).append(trace)
    halves: tuple[list[Trace], list[Trace]] = ([], [])
    for number, group in enumerate(texts.values()):
        halves[number % 2].extend(group)
    if not halves[1]:
        raise LabError(
            tr("all traces are of one text: there is nothing to check the answer on"),
            hint=tr("add traces of another reply; voicebot lab record keeps one"),
        )
    return halves


# ---------------------------------------------------------------- measuring


class _Measure:
    """Measures configurations on some traces."""

    def __init__(self, experiment: Experiment, traces: Sequence[Trace], weight_ttfa: float, run_all: RunAll) -> None:
        self._experiment, self._traces, self._weight, self._run_all = experiment, traces, weight_ttfa, run_all

    def __call__(self, configs: Sequence[Config]) -> list[Measured]:
        return [self._means(group) for group in self._runs(configs)]

    def half(self, configs: Sequence[Config]) -> Half:
        """What is measured with the first setting and the best one, and their difference."""
        before, best = self._runs(configs)
        gain = difference(*(by_reply((run.trace, self._objective(run)) for run in runs) for runs in (before, best)))
        return Half(tuple(trace.name for trace in self._traces), self._means(before), self._means(best), gain)

    def _objective(self, run: Run) -> float:
        return run.silence_seconds + self._weight * run.ttfa

    def _runs(self, configs: Sequence[Config]) -> list[list[Run]]:
        jobs = [
            Job(str(number), config, trace, engine, seed)
            for number, config in enumerate(configs)
            for trace in self._traces
            for engine in self._experiment.engines
            for seed in self._experiment.seeds
        ]
        runs: list[list[Run]] = [[] for _ in configs]
        for job, run in self._run_all(jobs):
            runs[int(job.setting)].append(run)
        return runs

    def objectives(self, configs: Sequence[Config]) -> list[float]:
        return [measured.objective for measured in self(configs)]

    def _means(self, runs: Sequence[Run]) -> Measured:
        # fmean adds with fsum: the same sum in whichever order the processes finish
        silence, ttfa = fmean(run.silence_seconds for run in runs), fmean(run.ttfa for run in runs)
        return Measured(silence + self._weight * ttfa, silence, ttfa, fmean(run.gap_seconds for run in runs))


def _simplified(
    setting: Mapping[str, object], values: Mapping[str, object], experiment: Experiment, measure: _Measure
) -> dict[str, object]:
    """The setting and those values that make a difference, so that nobody wonders about the others."""
    [limit] = measure([experiment.configure({**setting, **values})])
    for key in values:
        fewer = {other: value for other, value in values.items() if other != key}
        try:
            [measured] = measure([experiment.configure({**setting, **fewer})])
        except ConfigError:
            continue
        if measured.objective <= limit.objective + _SMALLEST_GAIN:
            values = fewer
    return {**setting, **values}
