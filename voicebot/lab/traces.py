"""Traces: the deltas of one reply with the times at which they came, one JSON object a line.

    {"t_ms": 273.3, "token": "それ"}

`t_ms` is in milliseconds since the question.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from voicebot.errors import LabError
from voicebot.translation import about, marked, system_reason, tr

_EXPECTED = marked('expected one delta a line, such as {"t_ms": 273.3, "token": "Hello"}')
_SCRIPTS = {
    "ja": re.compile("[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9d]"),
    "zh": re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
    "ko": re.compile("[\u1100-\u11ff\uac00-\ud7a3]"),
    "ru": re.compile("[\u0400-\u052f]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "th": re.compile("[\u0e01-\u0e5b]"),
    "en": re.compile("[A-Za-z\u00c0-\u024f]"),
}
_LETTERS_FOR_ONE_KANJI = 4
"""Four Latin letters say about as much as one kanji or kana."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The deltas of one reply, and when they came."""

    name: str
    """The name of the file without its extension, such as `tr-ja-chat@30`."""
    language: str
    """Guessed by script: ja, zh, ko, ru, ar, hi, th, and en for everything in Latin letters."""
    deltas: tuple[tuple[float, str], ...]
    """Seconds since the question, delta."""

    @property
    def text(self) -> str:
        """The whole reply."""
        return "".join(delta for _, delta in self.deltas)


def read_trace(path: str | Path) -> Trace:
    """The trace in a file; raises LabError that names file and line."""
    path = Path(path)
    deltas: list[tuple[float, str]] = []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        seconds, delta = _read_line(line, f"{path}:{number}")
        if deltas and seconds < deltas[-1][0]:
            raise LabError(
                tr(
                    "{path}:{number}: t_ms goes back, from {before:g} to {now:g}",
                    path=path,
                    number=number,
                    before=deltas[-1][0] * 1000,
                    now=seconds * 1000,
                ),
                hint=tr("times count from the question and never decrease; one file holds one reply"),
            )
        deltas.append((seconds, delta))
    text = "".join(delta for _, delta in deltas)
    if not text.strip():
        raise LabError(
            f"{path}: " + (tr("no text in any delta") if deltas else tr("the file is empty")), hint=tr(_EXPECTED)
        )
    return Trace(path.stem, language_of(text), tuple(deltas))


def read_traces(paths: Iterable[str | Path]) -> list[Trace]:
    """The traces in files; a folder stands for every trace in it, by name. Raises LabError."""
    traces: list[Trace] = []
    for path in map(Path, paths):
        if path.is_dir():
            files = [file for file in sorted(path.glob("*.jsonl")) if _looks_like_trace(file)]
            if not files:
                raise LabError(
                    tr("{path}: no trace in this folder", path=path),
                    hint=tr("a trace is a .jsonl file; {expected}", expected=tr(_EXPECTED)),
                )
            traces += map(read_trace, files)
        else:
            traces.append(read_trace(path))
    return traces


def language_of(text: str) -> str:
    """The language that most of `text` is written in, judging by its script alone."""
    counts = {language: sum(1 for _ in script.finditer(text)) for language, script in _SCRIPTS.items()}
    if counts["ja"]:
        counts["ja"] += counts.pop("zh")
    counts["en"] //= _LETTERS_FOR_ONE_KANJI
    return max(counts, key=counts.__getitem__) if any(counts.values()) else "en"


def _lines(path: Path) -> Iterator[str]:
    try:
        # Only \n ends a line: a delta may hold U+2028.
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            yield from file
    except FileNotFoundError as error:
        raise LabError(
            tr("there is no file {path}", path=path), hint=tr('record one: voicebot lab record -o FILE "question"')
        ) from error
    except UnicodeDecodeError as error:
        raise LabError(
            tr("{path}: not UTF-8: {reason} at byte {start}", path=path, reason=error.reason, start=error.start),
            hint=tr(_EXPECTED),
        ) from error
    except OSError as error:
        raise LabError(about(path, system_reason(error))) from error


def _read_line(line: str, place: str) -> tuple[float, str]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise LabError(tr("{place}: not valid JSON: {error}", place=place, error=error), hint=tr(_EXPECTED)) from error
    if not isinstance(entry, dict):
        raise LabError(tr("{place}: not an object", place=place), hint=tr(_EXPECTED))
    milliseconds, delta = entry.get("t_ms"), entry.get("token")
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or not 0 <= milliseconds < math.inf:
        raise LabError(
            tr(
                "{place}: t_ms must be a number of milliseconds, not {milliseconds!r}",
                place=place,
                milliseconds=milliseconds,
            ),
            hint=tr(_EXPECTED),
        )
    if not isinstance(delta, str):
        raise LabError(tr("{place}: token must be text, not {delta!r}", place=place, delta=delta), hint=tr(_EXPECTED))
    return milliseconds / 1000, delta


def _looks_like_trace(path: Path) -> bool:
    """Whether the first line is a delta; there may be other .jsonl files beside the traces."""
    try:
        _read_line(next(_lines(path), ""), str(path))
    except LabError:
        return False
    return True
