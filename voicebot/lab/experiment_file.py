"""An experiment file: which settings, on which traces, with which engines.

name = "First sound"
traces = ["traces"]                     # files or folders, from this file's own folder
corpora = ["texts.jsonl"]               # marked texts, as for `lab score`; each is written at about 30 deltas a second
sample = 60                             # this many of them, as many of each language as there are
engines = ["cpu-fast", "0.2+0.4"]       # a name, or seconds + seconds for each second of audio
seeds = [0]                             # 0: exactly as recorded; others vary the times a little

[settings.lines]                        # what config.toml would say
chunking.strategy = "newline"

[settings.sentences]
chunking.strategy = "sentence"

[matrix]                                # each setting with every combination of these
chunking.max_characters = [100, 300]    # `lab tune` also takes ranges: {min = 50, max = 500}
chunking.options.size = [3, 5]          # of your own strategy: what its factory takes
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictFloat,
    StrictInt,
    Tag,
    ValidationError,
    model_validator,
)

from voicebot.config.faults import InvalidConfig
from voicebot.config.models import Config
from voicebot.errors import ConfigError, LabError
from voicebot.lab.corpus import Item, read_corpus
from voicebot.lab.engines import SynthesisCost, parse_engine
from voicebot.lab.experiment import OPTIONS, Experiment, Knob, Range
from voicebot.lab.made_traces import made_trace, sample
from voicebot.lab.traces import Trace, read_traces
from voicebot.translation import about, system_reason, tr


class _RangeTable(BaseModel):
    """{min = 0.5, max = 2}"""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    min: StrictInt | StrictFloat
    max: StrictInt | StrictFloat

    @model_validator(mode="after")
    def in_order(self) -> _RangeTable:
        if self.min >= self.max:
            raise ValueError(tr("min must be less than max, not {min} and {max}", min=self.min, max=self.max))
        return self


_Text = Annotated[str, Field(min_length=1)]
_Report = Callable[[str, str], None]
"""Takes a mistake: the key that it is about, and what is wrong."""

_Values = Annotated[
    Annotated[list[object], Tag("list")] | Annotated[_RangeTable, Tag("range")],
    Discriminator(lambda value: "range" if isinstance(value, dict) else "list"),
]


class _File(BaseModel):
    """What an experiment file may say."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: str = ""
    traces: list[_Text] = []
    corpora: list[_Text] = []
    sample: Annotated[StrictInt, Field(ge=2)] | None = None
    engines: Annotated[list[_Text], Field(min_length=1)] = ["cpu-fast"]
    seeds: Annotated[list[Annotated[StrictInt, Field(ge=0)]], Field(min_length=1)] = [0]
    config: _Text | None = None
    settings: dict[str, dict[str, object]] = {}
    matrix: dict[str, _Values] = {}


def read_experiment(path: str | Path) -> Experiment:
    """The experiment in a file; raises LabError that lists every mistake with file and line."""
    path = Path(path)
    text = _text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = f"{path}:{place[1]}:{place[2]}" if place else str(path)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        hint = tr('texts need quotes, and so do names that are not plain ASCII: [settings."一文ごと"]')
        raise LabError(tr("{where}: not valid TOML: {reason}", where=where, reason=reason), hint=hint) from error

    lines = _line_numbers(text)
    problems: set[tuple[int, str]] = set()

    def report(key: str, message: str) -> None:
        place = key
        while place and place not in lines:
            place = place.rpartition(".")[0]
        problems.add((lines[place], f":{lines[place]}: {key}: {message}") if place else (0, f": {key}: {message}"))

    _flatten(raw)
    file = _validate(raw, report)
    engines, traces = _engines(file, report), _traces(file, path.parent, report)
    for name in ("engines", "seeds"):
        if (repeated := _repeated(getattr(file, name))) is not None:
            report(name, tr("{value!r} is there twice", value=repeated))
    base = path.parent / file.config if file.config else Path(os.devnull)
    matrix = {key: _knob(value) for key, value in file.matrix.items()}
    settings = file.settings or {"": {}}
    experiment = Experiment(
        name=file.name or path.stem,
        path=path,
        base=base,
        settings=settings,
        matrix=matrix,
        traces=tuple(traces),
        engines=tuple(engines),
        seeds=tuple(file.seeds),
    )
    _check_values(experiment, report)
    if problems:
        message = "\n".join(f"{path}{problem}" for _, problem in sorted(problems))
        raise LabError(message, hint=tr("see docs/experiments for one that works"))
    return experiment


def _validate(raw: dict[str, Any], report: _Report) -> _File:  # Any: TOML
    """What the file says, without the parts that are wrong, so that the rest of it can be checked too."""
    try:
        return _File.model_validate(raw)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            report(*_explain(problem))
            table, *rest = problem["loc"]
            inner = raw.get(str(table))
            if isinstance(inner, dict) and rest:
                inner.pop(rest[0], None)
            else:
                raw.pop(str(table), None)
        return _File.model_validate(raw)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise LabError(
            tr("there is no file {path}", path=path), hint=tr("see docs/experiments for one that works")
        ) from error
    except UnicodeDecodeError as error:
        raise LabError(
            tr("{path}: not UTF-8: {reason} at byte {start}", path=path, reason=error.reason, start=error.start)
        ) from error
    except OSError as error:
        raise LabError(about(path, system_reason(error))) from error


def _line_numbers(text: str) -> dict[str, int]:
    """Dotted key → its line, as far as it can be told from the text: tomllib does not say."""
    numbers: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.replace('"', "").replace("'", "")
        if head := re.match(r"\s*\[([^\[\]=]+)\]\s*(#.*)?$", plain):
            table = head[1].strip() + "."
            numbers.setdefault(table[:-1], number)
        elif key := re.match(r"\s*([^\s=#\[\]{}][^=#]*?)\s*=", plain):
            numbers.setdefault(table + key[1], number)
    return numbers


def _flatten(raw: dict[str, Any]) -> None:  # Any: TOML
    """`chunking.strategy = …` and `"chunking.strategy" = …` mean the same; each option in the matrix is a key, too."""
    matrix = raw.get("matrix")
    tables = [matrix]
    if isinstance(settings := raw.get("settings"), dict):
        tables += settings.values()
    for table in tables:
        if isinstance(table, dict):
            for section in [key for key, value in table.items() if isinstance(value, dict) and "." not in key]:
                _take_out(table, section)
    if isinstance(matrix, dict) and isinstance(matrix.get(OPTIONS), dict):
        _take_out(matrix, OPTIONS)


def _take_out(table: dict[str, Any], name: str) -> None:  # Any: TOML
    """Replace the table `name` within `table` by its keys."""
    inner = table.pop(name)
    table |= {f"{name}.{key}": value for key, value in inner.items()} or {name: {}}


def _explain(problem: Any) -> tuple[str, str]:  # Any: pydantic's ErrorDetails
    """One mistake in the keys of the file, as key and message."""
    location = [str(part) for part in problem["loc"] if not isinstance(part, int)]
    message = str(problem["msg"]).removeprefix("Value error, ")
    match problem["type"]:
        case "extra_forbidden":
            known = list(_File.model_fields if len(location) == 1 else _RangeTable.model_fields)
            near = difflib.get_close_matches(location[-1], known, 1, 0.6)
            names = tr(", ").join(known)
            match len(location), near:
                case 1, [name]:
                    message = tr("unknown key; did you mean {name}?", name=name)
                case 1, _:
                    message = tr("unknown key; known are: {names}", names=names)
                case _, [name]:
                    message = tr("unknown key {key}; did you mean {name}?", key=location[-1], name=name)
                case _:
                    message = tr("unknown key {key}; known are: {names}", key=location[-1], names=names)
        case "missing":
            message = tr("{location} is missing", location=location[-1])
        case "too_short":
            message = tr("is empty")
        case "dict_type":
            message = tr("expected a table: [{location}] and its keys below it", location=".".join(location))
    if location[0] == "matrix" and len(location) > 1:
        location = location[:2]  # after that comes the kind of value that pydantic took it for
        if problem["type"] == "list_type":
            message = tr("expected a list of values such as [0.5, 1.0], or a range such as {min = 0.5, max = 2.0}")
    return ".".join(location), message


def _engines(file: _File, report: _Report) -> list[SynthesisCost]:
    engines = []
    for text in file.engines:
        try:
            engines.append(parse_engine(text))
        except LabError as error:
            report("engines", error.message + tr("; ") + error.hint)
    return engines


def _traces(file: _File, folder: Path, report: _Report) -> list[Trace]:
    if not file.traces and not file.corpora:
        report("traces", tr('name at least one file or folder, such as ["traces"]'))
    traces: list[Trace] = []
    for text in file.traces:
        try:
            traces += read_traces([folder / text])
        except LabError as error:
            report("traces", error.message)
    items: list[Item] = []
    for text in file.corpora:
        try:
            items += read_corpus(folder / text)
        except LabError as error:
            report("corpora", error.message)
    traces += map(made_trace, sample([item for item in items if item.text.strip()], file.sample))
    if repeated := _repeated([trace.name for trace in traces]):
        report("traces", tr("two of them are called {name}: rename one", name=repeated))
    return traces


def _repeated(values: Sequence[Any]) -> Any:  # Any: one of the values, or None
    return next((value for number, value in enumerate(values) if value in values[:number]), None)


def _knob(value: list[object] | _RangeTable) -> Knob:
    if isinstance(value, _RangeTable):
        return Range(value.min, value.max, isinstance(value.min, int) and isinstance(value.max, int))
    return tuple(value)


def _check_values(experiment: Experiment, report: _Report) -> None:
    """Check each setting, and each value of the matrix by itself, and report each mistake where it is written."""
    try:
        experiment.configure({})
    except ConfigError as error:
        report("config", error.message)
        return
    for name, overrides in experiment.settings.items():
        for key, message in _mistakes(experiment, overrides):
            report(f"settings.{name}.{key}" if name else key, message)
    for key, knob in experiment.matrix.items():
        if knob == ():
            report(f"matrix.{key}", tr("the list is empty"))
        elif isinstance(knob, tuple) and (repeated := _repeated(knob)) is not None:
            report(f"matrix.{key}", tr("{value!r} is there twice", value=repeated))
        for value in knob if isinstance(knob, tuple) else knob.ends:
            for overrides in experiment.settings.values():
                for wrong, message in _mistakes(experiment, {**overrides, key: value}):
                    # Two values that do not go together are not a mistake here: `lab tune` leaves such pairs out.
                    if wrong == key or key.partition(".")[0] not in Config.model_fields:
                        report(f"matrix.{key}", message)


def _mistakes(experiment: Experiment, overrides: Mapping[str, object]) -> list[tuple[str, str]]:
    """What is wrong with these values, as (dotted key, message)."""
    mistakes = [(key, tr("expected SECTION.KEY, such as chunking.strategy")) for key in overrides if "." not in key]
    try:
        experiment.configure({key: value for key, value in overrides.items() if "." in key})
    except InvalidConfig as error:
        mistakes += [(fault.key, fault.message) for fault in error.faults]
    return mistakes
