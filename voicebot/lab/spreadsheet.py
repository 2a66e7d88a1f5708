"""Runs and verdicts as CSV (RFC 4180), a row each, for spreadsheets and statistics programs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from voicebot.errors import LabError
from voicebot.lab.runs import Run
from voicebot.lab.score import Verdict
from voicebot.translation import system_reason, tr

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula; full-width ones too."""

Row = Mapping[str, str | int | float]


def run_rows(runs: Iterable[Run]) -> list[Row]:
    """A row for each reply, setting, engine and seed; times in seconds."""
    return [
        {
            "trace": run.trace,
            "language": run.language,
            "setting": run.setting,
            "engine": run.engine,
            "seed": run.seed,
            "ttft": run.ttft,
            "ttfa": run.ttfa,
            "gap_seconds": run.gap_seconds,
            "gaps": len(run.gaps),
            "silence_seconds": run.silence_seconds,
            "bound_ttfa": run.bound_ttfa,
            "bound_silence_seconds": run.bound_silence_seconds,
            "over_bound_seconds": run.silence_seconds - run.bound_silence_seconds,
            "finish": run.finish,
            "utterances": sum(bool(utterance.spoken) for utterance in run.utterances),
        }
        for run in runs
    ]


def verdict_rows(strategy: str, verdicts: Iterable[Verdict]) -> list[Row]:
    """A row for each text and strategy; delays in characters."""
    return [
        {
            "id": verdict.item.id,
            "language": verdict.item.language,
            "category": verdict.item.category,
            "strategy": strategy,
            "exact": int(verdict.exact),
            "found": len(verdict.found),
            "extra": len(verdict.extra),
            "missing": len(verdict.missing),
            "hard": len(verdict.hard),
            "lost": verdict.lost,
            "torn": verdict.torn,
            "delay_mean": fmean(verdict.delays or (0,)),
        }
        for verdict in verdicts
    ]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows under a line with their names; raises LabError.

    A byte order mark tells spreadsheets that it is UTF-8. A text that one would take for a formula gets an apostrophe
    in front: names of traces, settings and texts are other people's.
    """
    try:
        with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(rows[0] if rows else ())
            writer.writerows([_harmless(value) for value in row.values()] for row in rows)
    except OSError as error:
        raise LabError(f"{path}: {system_reason(error)}", hint=tr("name another file with --csv")) from error


def _harmless(value: str | int | float) -> str | int | float:
    if isinstance(value, float):
        return round(value, 6)
    return "'" + value if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS) else value
