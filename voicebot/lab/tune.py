"""Searches the values of an experiment's matrix for the least silence, and checks what it found on other traces."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import SecretStr

import voicebot
from voicebot.config.models import DEFAULT_KINDS, Config
from voicebot.errors import ConfigError, LabError
from voicebot.lab.experiment import Experiment, Knob, Span
from voicebot.lab.runs import Run
from voicebot.lab.sweep import Job, RunAll, open_workers
from voicebot.lab.traces import Trace

_FIRST_STEP, _LAST_STEP = 1 / 4, 1 / 64
"""How far a value is moved within its range, at first and at last."""
_ENOUGH = 1e-4
"""Seconds; what is gained by less is no improvement."""
_SETTING = "setting"
"""The knob that chooses among the experiment's settings."""

Point = tuple[float, ...]
"""One value for each knob: the place in its list, or the number in its range."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over runs, in seconds."""

    objective: float
    """wait + weight × TTFA."""
    wait: float
    ttfa: float
    gaps: float


@dataclass(frozen=True, slots=True)
class Half:
    """What one half of the traces says."""

    traces: tuple[str, ...]
    before: Measured
    best: Measured


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a search found."""

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
        """What should be known before it is believed."""
        remarks = []
        if self.searched.best.objective >= self.searched.before.objective - _ENOUGH:
            remarks.append("nothing better than the first setting was found")
        elif self.checked.best.objective > self.checked.before.objective + _ENOUGH:
            remarks.append("over-fitted: it is better on the traces that were searched, and worse on the others")
        if self.impossible:
            remarks.append(f"{self.impossible} combinations were left out, since they are impossible")
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

    All combinations are tried if there are no more than that; else one half of the tries is drawn at random, and the
    other improves the best of them one knob at a time. Raises LabError when there is nothing to search, or too few
    texts to check the answer on others, and VoicebotError when a turn fails.
    """
    knobs = _knobs(experiment)
    searched, checked = split_traces(experiment.traces)
    runs_of_one = len(searched) * len(experiment.engines) * len(experiment.seeds)
    with open_workers(processes, budget * runs_of_one) as run_all:
        measure = _Measure(experiment, searched, weight_ttfa, run_all)
        search = _Search(experiment, knobs, measure, budget, progress)
        best = _simplified(*search.run(random.Random(seed)), experiment, measure)
        first = next(iter(experiment.settings.values()))
        before, found = experiment.configure(first), experiment.configure(best)
        check = _Measure(experiment, checked, weight_ttfa, run_all)
        before_searched, best_searched = measure([before, found])
        before_checked, best_checked = check([before, found])
    if best_searched.objective >= before_searched.objective - _ENOUGH:
        best, found, best_searched, best_checked = dict(first), before, before_searched, before_checked
    return Tuned(
        experiment=experiment.name,
        engines=tuple(engine.name for engine in experiment.engines),
        weight_ttfa=weight_ttfa,
        tried=search.tried,
        impossible=search.impossible,
        overrides=best,
        config=found,
        searched=Half(tuple(trace.name for trace in searched), before_searched, best_searched),
        checked=Half(tuple(trace.name for trace in checked), before_checked, best_checked),
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
            "all traces are of one text: there is nothing to check the answer on",
            hint="add traces of another reply; voicebot lab record keeps one",
        )
    return halves


# ---------------------------------------------------------------- the search


def _knobs(experiment: Experiment) -> dict[str, Knob]:
    knobs = dict(experiment.matrix)
    if len(experiment.settings) > 1:
        knobs = {_SETTING: tuple(experiment.settings), **knobs}
    if not knobs:
        raise LabError(
            f"{experiment.path}: there is nothing to search",
            hint="name what may change in [matrix], such as chunking.max_characters = {min = 50, max = 500}",
        )
    return knobs


class _Measure:
    """Measures configurations on some traces."""

    def __init__(self, experiment: Experiment, traces: Sequence[Trace], weight_ttfa: float, run_all: RunAll) -> None:
        self._experiment, self._traces, self._weight, self._run_all = experiment, traces, weight_ttfa, run_all

    def __call__(self, configs: Sequence[Config]) -> list[Measured]:
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
        return [self._means(group) for group in runs]

    def _means(self, runs: Sequence[Run]) -> Measured:
        # fsum behind fmean: the same sum in whichever order the processes were done
        wait, ttfa = fmean(run.wait for run in runs), fmean(run.ttfa for run in runs)
        return Measured(wait + self._weight * ttfa, wait, ttfa, fmean(run.gap_seconds for run in runs))


class _Search:
    """Random points first, then the best of them moved along one knob at a time."""

    def __init__(
        self,
        experiment: Experiment,
        knobs: Mapping[str, Knob],
        measure: _Measure,
        budget: int,
        progress: Callable[[int, int], None],
    ) -> None:
        self._experiment, self._knobs, self._measure = experiment, knobs, measure
        self._budget, self._progress = budget, progress
        self._seen: dict[Point, float] = {}
        self.tried = self.impossible = 0

    def run(self, source: random.Random) -> tuple[Mapping[str, object], dict[str, object]]:
        """The best setting, and the best values of the matrix."""
        self._progress(0, self._budget)
        everything = self._everything()
        if everything is not None:
            self._look_at(everything)
        else:
            draws = max(1, self._budget // 2)
            self._look_at([self._draw(source) for _ in range(draws)])
            self._refine()
        self._progress(self._budget, self._budget)
        best = self._best()
        if self._seen[best] == math.inf:
            raise LabError(
                f"{self._experiment.path}: none of the combinations that were tried is possible",
                hint="voicebot lab sweep says what is wrong with each",
            )
        return self._read(best)

    def _everything(self) -> list[Point] | None:
        """All points, if there are no more than may be tried."""
        sizes = [len(knob) for knob in self._knobs.values() if isinstance(knob, tuple)]
        if len(sizes) < len(self._knobs) or math.prod(sizes) > self._budget:
            return None
        return list(itertools.product(*map(range, sizes)))

    def _draw(self, source: random.Random) -> Point:
        return tuple(
            source.randrange(len(knob))
            if isinstance(knob, tuple)
            else _within(knob, source.uniform(knob.low, knob.high))
            for knob in self._knobs.values()
        )

    def _refine(self) -> None:
        step = _FIRST_STEP
        while step >= _LAST_STEP and self.tried < self._budget:
            before = self._best()
            for number in range(len(self._knobs)):
                self._look_at(self._neighbours(self._best(), number, step))
            if self._best() == before:
                step /= 2

    def _neighbours(self, point: Point, number: int, step: float) -> list[Point]:
        """The point with its knob of that number a little lower and a little higher, or at its other values."""
        knob, value = list(self._knobs.values())[number], point[number]
        values: Sequence[float]
        if isinstance(knob, Span):
            way = max(step * (knob.high - knob.low), 1 if knob.whole else 0)
            values = [_within(knob, value - way), _within(knob, value + way)]
        else:
            values = places = range(len(knob))
            numbers = [each for each in knob if isinstance(each, int | float)]
            if len(numbers) == len(knob):
                by_size = sorted(places, key=numbers.__getitem__)
                place = by_size.index(int(value))
                values = by_size[max(0, place - 1) : place + 2]
        return [(*point[:number], other, *point[number + 1 :]) for other in values]

    def _look_at(self, points: Iterable[Point]) -> None:
        """Measure the points that are new, as far as the budget goes."""
        new: dict[Point, Config] = {}
        for point in dict.fromkeys(points):
            if point in self._seen or len(new) >= self._budget - self.tried:
                continue
            try:
                setting, values = self._read(point)
                new[point] = self._experiment.configure({**setting, **values})
            except ConfigError:
                self._seen[point] = math.inf
                self.impossible += 1
        for point, measured in zip(new, self._measure(list(new.values())), strict=True):
            self._seen[point] = measured.objective
        self.tried += len(new)
        self._progress(self.tried, self._budget)

    def _best(self) -> Point:
        return min(self._seen, key=self._seen.__getitem__)

    def _read(self, point: Point) -> tuple[Mapping[str, object], dict[str, object]]:
        """The setting that the point names, and its values of the matrix."""
        values: dict[str, object] = {
            key: knob[int(value)] if isinstance(knob, tuple) else value
            for (key, knob), value in zip(self._knobs.items(), point, strict=True)
        }
        name = values.pop(_SETTING, next(iter(self._experiment.settings)))
        return self._experiment.settings[str(name)], values


def _within(span: Span, value: float) -> float:
    """The value within the range, rounded as a person would."""
    value = min(span.high, max(span.low, value))
    return round(value) if span.whole else round(value, 3)


def _simplified(
    setting: Mapping[str, object], values: Mapping[str, object], experiment: Experiment, measure: _Measure
) -> dict[str, object]:
    """The setting with those of the values that make a difference: nobody should wonder about the others."""
    [limit] = measure([experiment.configure({**setting, **values})])
    for key in values:
        fewer = {other: value for other, value in values.items() if other != key}
        try:
            [measured] = measure([experiment.configure({**setting, **fewer})])
        except ConfigError:
            continue
        if measured.objective <= limit.objective + _ENOUGH:
            values = fewer
    return {**setting, **values}


# ---------------------------------------------------------------- the file


def refuse_to_overwrite(path: Path) -> None:
    """Raise LabError if the file is there."""
    if path.exists():
        raise LabError(f"{path} is there already", hint="overwrite it with --force, or name another with -o")


def write_config(path: Path, tuned: Tuned) -> None:
    """Write the winning config.toml; raises LabError."""
    try:
        path.write_text(config_text(tuned), encoding="utf-8")
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}", hint="name another file with -o") from error


def config_text(tuned: Tuned) -> str:
    """The winning config.toml: what differs from the defaults, and what was measured."""
    lines = [
        f"# Found by voicebot lab tune (voicebot {voicebot.__version__}), experiment {json.dumps(tuned.experiment)}.",
        f"# Objective: mean wait + {tuned.weight_ttfa:g} × TTFA in seconds, with {', '.join(tuned.engines)};"
        f" {tuned.tried} configurations tried.",
        *(
            f"# {what} on {len(half.traces)} traces: objective {half.before.objective:.3f} → {half.best.objective:.3f},"
            f" wait {half.before.wait:.3f} → {half.best.wait:.3f}, TTFA {half.before.ttfa:.3f} → {half.best.ttfa:.3f}."
            for what, half in (("Searched", tuned.searched), ("Checked", tuned.checked))
        ),
        *(f"# {remark[0].upper()}{remark[1:]}." for remark in tuned.remarks()),
    ]
    for section in Config.model_fields:
        if changed := _changed(section, getattr(tuned.config, section)):
            lines += ["", f"[{section}]", *changed]
    return "\n".join(lines) + "\n"


def _changed(section: str, table: Any) -> list[str]:  # Any: one of the pydantic sections
    """The lines of a section that differ from the defaults of its kind."""
    lines = []
    for key, field in type(table).model_fields.items():
        value = getattr(table, key)
        default = DEFAULT_KINDS.get(section) if key == "kind" else field.get_default(call_default_factory=True)
        if value == default or value is None:
            continue
        if isinstance(value, SecretStr):
            lines.append(f"# {key}: better in the environment, VOICEBOT_{section.upper()}__{key.upper()}")
        else:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return lines
