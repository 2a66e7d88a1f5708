"""An experiment: which settings, on which traces, with which engines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from voicebot.config.loading import load_config
from voicebot.config.models import Config
from voicebot.errors import ConfigError, LabError
from voicebot.lab.engines import SynthesisCost
from voicebot.lab.own_strategy import names_own
from voicebot.lab.traces import Trace
from voicebot.translation import tr

STRATEGY = "chunking.strategy"
OPTIONS = "chunking.options"
"""Of the user's own strategy; in the matrix each of them is a key of its own."""
_MOST_SETTINGS = 2000
"""More than this is a mistake, not an experiment."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One configuration to try."""

    name: str
    overrides: Mapping[str, object]
    """Dotted key of config.toml → value."""
    config: Config


@dataclass(frozen=True, slots=True)
class Range:
    """Any number from `low` to `high`."""

    low: float
    high: float
    whole: bool
    """Whether only whole numbers are meant."""

    @property
    def ends(self) -> tuple[object, ...]:
        """The lowest and the highest value."""
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)


Knob = tuple[object, ...] | Range
"""The values that a key of the matrix may take."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experiment file says."""

    name: str
    path: Path
    base: Path
    """The config.toml that every setting is based on; an empty file without one."""
    settings: Mapping[str, Mapping[str, object]]
    """Name → dotted key → value; at least one."""
    matrix: Mapping[str, Knob]
    """Dotted key → the values it may take."""
    traces: tuple[Trace, ...]
    engines: tuple[SynthesisCost, ...]
    seeds: tuple[int, ...]

    def configure(self, overrides: Mapping[str, object], *, label: str = "") -> Config:
        """The base configuration with `overrides` on top; raises ConfigError."""
        values = self._with_whole_options(overrides)
        options = {key: (label or str(self.path), value) for key, value in values.items()}
        return load_config(self.base, environment={}, options=options).config

    def _with_whole_options(self, overrides: Mapping[str, object]) -> dict[str, object]:
        """`overrides` with single options, such as `chunking.options.size`, put into the table of all options."""
        options = {key.removeprefix(f"{OPTIONS}."): key for key in overrides if key.startswith(f"{OPTIONS}.")}
        values = {key: value for key, value in overrides.items() if key not in options.values()}
        if options:
            table = values.get(OPTIONS, load_config(self.base, environment={}).config.chunking.options)
            chosen = {name: overrides[key] for name, key in options.items()}
            values[OPTIONS] = {**(table if isinstance(table, dict) else {}), **chosen}
        return values

    def own_strategies(self) -> list[str]:
        """The import paths of all strategies that it may try and that are not voicebot's."""
        named = [setting.get(STRATEGY) for setting in self.settings.values()]
        knob = self.matrix.get(STRATEGY, ())
        named += knob if isinstance(knob, tuple) else ()
        return list(dict.fromkeys(str(path) for path in named if names_own(path)))

    def combinations(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Each setting with each combination of the matrix, as name and overrides; ranges count with both ends."""
        lists = [
            [(key, value) for value in (knob if isinstance(knob, tuple) else knob.ends)]
            for key, knob in self.matrix.items()
        ]
        for name, overrides in self.settings.items():
            for chosen in itertools.product(*lists):
                words = [*([name] if name else []), *(f"{key.rpartition('.')[2]}={value}" for key, value in chosen)]
                yield ", ".join(words) or "as it is", {**overrides, **dict(chosen)}

    def all_settings(self) -> list[Setting]:
        """Each setting with each combination of the matrix; raises LabError for ranges and impossible ones."""
        if ranges := [key for key, knob in self.matrix.items() if isinstance(knob, Range)]:
            raise LabError(
                tr("{path}: matrix.{key}: a range is for voicebot lab tune", path=self.path, key=ranges[0]),
                hint=tr("list the values to try, such as [50, 100, 200]"),
            )
        number = len(self.settings)
        for knob in self.matrix.values():
            number *= len(knob) if isinstance(knob, tuple) else 1
        if number > _MOST_SETTINGS:
            raise LabError(
                tr(
                    "{path}: the matrix makes {number} settings, more than {most}",
                    path=self.path,
                    number=number,
                    most=_MOST_SETTINGS,
                ),
                hint=tr("list fewer values, or let voicebot lab tune search"),
            )
        problems: list[str] = []
        settings: list[Setting] = []
        for name, overrides in self.combinations():
            try:
                settings.append(Setting(name, overrides, self.configure(overrides, label=f"{self.path}: {name}")))
            except ConfigError as error:
                problems.append(error.message)
        if problems:
            raise LabError("\n".join(problems[:10]), hint=tr("every key and its default: voicebot config show"))
        return settings
