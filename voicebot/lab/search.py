"""A search for the best values of a matrix: at random first, then one knob at a time."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from voicebot.config.models import Config
from voicebot.errors import ConfigError, LabError
from voicebot.lab.experiment import Experiment, Knob, Range
from voicebot.translation import tr

_FIRST_STEP, _LAST_STEP = 1 / 4, 1 / 64
"""How far a value is moved, as a share of its range, at first and at last."""
_SETTING = "setting"
"""The knob that chooses among the experiment's settings."""

Point = tuple[float, ...]
"""One value for each knob: a place in its list, or a number in its range."""


def knobs_of(experiment: Experiment) -> dict[str, Knob]:
    """What may vary: the keys of the matrix, and the setting if there are several. Raises LabError if nothing may."""
    knobs = dict(experiment.matrix)
    if len(experiment.settings) > 1:
        knobs = {_SETTING: tuple(experiment.settings), **knobs}
    if not knobs:
        raise LabError(
            tr("{path}: there is nothing to search", path=experiment.path),
            hint=tr("name what may change in [matrix], such as chunking.max_characters = {min = 50, max = 500}"),
        )
    return knobs


class Search:
    """Tries random points, then moves the best of them along one knob at a time; less is better."""

    def __init__(
        self,
        experiment: Experiment,
        knobs: Mapping[str, Knob],
        objective: Callable[[Sequence[Config]], Sequence[float]],
        *,
        budget: int,
        progress: Callable[[int, int], None],
    ) -> None:
        self._experiment, self._knobs, self._objective = experiment, knobs, objective
        self._budget, self._progress = budget, progress
        self._seen: dict[Point, float] = {}
        self.tried = 0
        """Configurations that were measured."""
        self.impossible = 0
        """Combinations that no configuration can have."""

    def run(self, source: random.Random) -> tuple[Mapping[str, object], dict[str, object]]:
        """The best setting, and the best values of the matrix."""
        self._progress(0, self._budget)
        everything = self._everything()
        if everything is not None:
            self._try(everything)
        else:
            draws = max(1, self._budget // 2)
            self._try([self._draw(source) for _ in range(draws)])
            self._refine()
        self._progress(self._budget, self._budget)
        best = self._best()
        if self._seen[best] == math.inf:
            raise LabError(
                tr("{path}: none of the combinations that were tried is possible", path=self._experiment.path),
                hint=tr("voicebot lab sweep says what is wrong with each"),
            )
        return self._read(best)

    def _everything(self) -> list[Point] | None:
        """All points, if there are no more than the budget allows."""
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
                self._try(self._neighbours(self._best(), number, step))
            if self._best() == before:
                step /= 2

    def _neighbours(self, point: Point, number: int, step: float) -> list[Point]:
        """The point with one knob, by number, a little lower and a little higher, or at each of its values."""
        knob, value = list(self._knobs.values())[number], point[number]
        values: Sequence[float]
        if isinstance(knob, Range):
            distance = max(step * (knob.high - knob.low), 1 if knob.whole else 0)
            values = [_within(knob, value - distance), _within(knob, value + distance)]
        else:
            values = places = range(len(knob))
            numbers = [each for each in knob if isinstance(each, int | float)]
            if len(numbers) == len(knob):
                by_size = sorted(places, key=numbers.__getitem__)
                place = by_size.index(int(value))
                values = by_size[max(0, place - 1) : place + 2]
        return [(*point[:number], other, *point[number + 1 :]) for other in values]

    def _try(self, points: Iterable[Point]) -> None:
        """Measure the points that have not been tried, as far as the budget goes."""
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
        self._seen |= zip(new, self._objective(list(new.values())), strict=True)
        self.tried += len(new)
        self._progress(self.tried, self._budget)

    def _best(self) -> Point:
        return min(self._seen, key=self._seen.__getitem__)

    def _read(self, point: Point) -> tuple[Mapping[str, object], dict[str, object]]:
        """The setting that a point stands for, and its values of the matrix."""
        values: dict[str, object] = {
            key: knob[int(value)] if isinstance(knob, tuple) else value
            for (key, knob), value in zip(self._knobs.items(), point, strict=True)
        }
        name = values.pop(_SETTING, next(iter(self._experiment.settings)))
        return self._experiment.settings[str(name)], values


def _within(allowed: Range, value: float) -> float:
    """The nearest value within the range, rounded as a person would."""
    value = min(allowed.high, max(allowed.low, value))
    return round(value) if allowed.whole else round(value, 3)
