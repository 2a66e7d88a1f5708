"""One HTML file that shows the runs of a sweep: no network, dark and light, phone and desktop."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from voicebot.errors import LabError
from voicebot.lab.plots import marker, scatter
from voicebot.lab.report_parts import About, differences_table, listening_section, made_section
from voicebot.lab.runs import Run
from voicebot.lab.summary import Row, against_first, names, summarize
from voicebot.translation import counted, marked, system_reason, tr

COMFORTABLE_BYTES = 5_000_000
"""A larger report is slow on a phone."""

_FIGURES = {
    "ttfa": "TTFA",
    "gap_seconds": marked("gaps"),
    "silence_seconds": marked("silence"),
    "silence_median": marked("median silence"),
    "silence_p95": marked("p95 of silence"),
    "over_bound_seconds": marked("over bound"),
    "utterances": marked("utterances"),
}
"""The columns of the table: attribute of a row → its heading."""


# ---------------------------------------------------------------- the page


def write_report(path: Path, runs: Sequence[Run], about: About) -> int:
    """Write the report and return its size in bytes; raises LabError where that cannot be done."""
    page = render_report(runs, about).encode("utf-8")
    try:
        path.write_bytes(page)
    except OSError as error:
        raise LabError(f"{path}: {system_reason(error)}", hint=tr("name another folder with -o")) from error
    return len(page)


def render_report(runs: Sequence[Run], about: About) -> str:
    """The report as one HTML page; raises LabError where matplotlib is missing."""
    rows = summarize(runs)
    settings = names(runs, "setting")
    parts = {
        "TITLE": escape(about.title),
        "ABOUT": _about(runs, about),
        "FINDINGS": _findings(rows),
        "TABLE": _table(rows, settings, about),
        "DIFFERENCES": differences_table(against_first(runs)),
        "LISTEN": listening_section(about.recordings),
        "MADE": made_section(about),
        "PLOTS": _plots(rows, settings),
        "DATA": _script_json(_data(runs)),
    }
    template = (resources.files("voicebot.lab") / "report.html").read_text(encoding="utf-8")
    template = re.sub("«(.*?)»", _translated, template, flags=re.DOTALL)
    # In one pass: what is put in is not searched again, so a reply that contains a placeholder stays as it is.
    return re.sub(r"<!--([A-Z]+)-->", lambda place: parts[place[1]], template)


def _translated(marked_text: re.Match[str]) -> str:
    """A text of the template, whose lines mean nothing."""
    words = " ".join(marked_text[1].split())
    return tr(words)


def _about(runs: Sequence[Run], about: About) -> str:
    counts = [
        counted(len(names(runs, "setting")), "{count} setting", "{count} settings"),
        counted(len(names(runs, "trace")), "{count} trace", "{count} traces"),
        counted(len(names(runs, "engine")), "{count} engine", "{count} engines"),
        counted(len({run.seed for run in runs}), "{count} seed", "{count} seeds"),
    ]
    made = tr("{matrix}: {number} runs in virtual time.", matrix=" × ".join(counts), number=len(runs))
    return f"<p>{made}</p><p class=quiet>voicebot {escape(about.version)}, {escape(about.made)}</p>"


def _findings(rows: Sequence[Row]) -> str:
    items = []
    for engine in dict.fromkeys(row.engine for row in rows):
        best = min((row for row in rows if row.engine == engine), key=lambda row: row.silence_seconds)
        over = best.over_bound_seconds
        fields = {
            "engine": f"<b>{escape(engine)}</b>",
            "setting": f"<b>{escape(best.setting)}</b>",
            "silence": f"{best.silence_seconds:.2f}&nbsp;s",
            "difference": f"{abs(over):.2f}&nbsp;s",
        }
        found = (
            tr("Least silence with {engine}: {setting}, {silence}, {difference} over the bound.", **fields)
            if over >= 0
            else tr("Least silence with {engine}: {setting}, {silence}, {difference} under the bound.", **fields)
        )
        items.append(f"<li>{found}</li>")
    return f"<ul class=findings>{''.join(items)}</ul>"


def _table(rows: Sequence[Row], settings: Sequence[str], about: About) -> str:
    languages = sorted({language for row in rows for language in row.silence_by_language})
    by_language = languages if len(languages) > 1 else []
    longest = max((row.silence_seconds for row in rows), default=0) or 1
    heads = [
        *map(tr, _FIGURES.values()),
        *(tr("silence {language}", language=language) for language in by_language),
    ]
    parts = ["<table><thead><tr><th scope=col>", tr("setting"), "</th>"]
    parts += [f"<th scope=col>{escape(head)}</th>" for head in heads]
    parts.append("</tr></thead>")
    for engine in dict.fromkeys(row.engine for row in rows):
        group = [row for row in rows if row.engine == engine]
        cost = about.engines.get(engine, "")
        parts.append(
            f"<tbody><tr><th scope=rowgroup colspan={len(heads) + 1} class=engine><span>{escape(engine)}"
            + (f" <span class=quiet>{escape(cost)}</span>" if cost and cost != engine else "")
            + "</span></th></tr>"
        )
        counted_column = [*_FIGURES].index("utterances")
        columns = [
            *([getattr(row, figure) for row in group] for figure in _FIGURES),
            *([row.silence_by_language.get(language) for row in group] for language in by_language),
        ]
        for number, row in enumerate(group):
            cells = "".join(
                _cell(column[number], column, seconds=place != counted_column) for place, column in enumerate(columns)
            )
            change = about.settings.get(row.setting, "")
            parts.append(
                f'<tr><th scope=row title="{escape(change)}">'
                f"{_dot(settings.index(row.setting))}{escape(row.setting)}{_bar(row, longest)}</th>{cells}</tr>"
            )
        parts.append("</tbody>")
    return "".join([*parts, "</table>"])


def _cell(value: float | None, column: Sequence[float | None], *, seconds: bool) -> str:
    if value is None:
        return "<td>–</td>"
    text = f"{value:.{2 if seconds else 1}f}".replace("-", "−")
    best = seconds and len(column) > 1 and value <= min(other for other in column if other is not None) + 0.005
    return f"<td><b>{text}</b></td>" if best else f"<td>{text}</td>"


def _bar(row: Row, longest: float) -> str:
    """TTFA and gaps as a bar, with a line where the bound is."""
    return (
        "<span class=bar aria-hidden=true>"
        f'<i class=first style="width:{100 * row.ttfa / longest:.1f}%"></i>'
        f'<i class=gaps style="width:{100 * row.gap_seconds / longest:.1f}%"></i>'
        f'<i class=bound style="left:{min(100, 100 * row.bound_silence_seconds / longest):.1f}%"></i></span>'
    )


def _dot(setting: int) -> str:
    shape, colour = marker(setting)
    return f'<span class=dot aria-hidden=true style="color:var({colour})">{shape}</span>'


def _plots(rows: Sequence[Row], settings: Sequence[str]) -> str:
    figures = []
    for engine in dict.fromkeys(row.engine for row in rows):
        group = [row for row in rows if row.engine == engine]
        title = tr(
            "TTFA against gaps with {engine}, {count} settings; the numbers are in the table",
            engine=engine,
            count=len(group),
        )
        figures.append(
            f"<figure><figcaption>{escape(engine)}</figcaption>"
            f'<div role=img aria-label="{escape(title)}">{scatter(group, settings)}</div></figure>'
        )
    return "".join(figures)


# ---------------------------------------------------------------- the data


def _data(runs: Sequence[Run]) -> dict[str, Any]:  # Any: ready for json.dumps
    """Every run in short: numbers for names, times to the millisecond, and each reply once."""
    replies = {run.trace: {"name": run.trace, "language": run.language, "reply": run.reply} for run in runs}
    found = {attribute: names(runs, attribute) for attribute in ("trace", "setting", "engine")}
    numbers = {attribute: {name: n for n, name in enumerate(all_names)} for attribute, all_names in found.items()}
    cuts = sorted({(kind, rule) for run in runs for utterance in run.utterances for _, kind, rule in utterance.cuts})
    cut_numbers = {cut: number for number, cut in enumerate(cuts)}
    return {
        "traces": list(replies.values()),
        "settings": found["setting"],
        "engines": found["engine"],
        "cuts": cuts,
        "runs": [
            [
                *(numbers[attribute][getattr(run, attribute)] for attribute in ("trace", "setting", "engine")),
                run.seed,
                *_times(run.ttft, run.ttfa, run.finish, run.bound_ttfa, run.bound_silence_seconds),
                [[index, round(seconds, 3)] for index, seconds in run.gaps],
                [
                    [
                        utterance.index,
                        utterance.start,
                        utterance.end,
                        *_times(utterance.written, utterance.asked, utterance.ready, utterance.heard, utterance.ended),
                        None if utterance.spoken == utterance.text.strip() else utterance.spoken,
                        [[end, cut_numbers[kind, rule]] for end, kind, rule in utterance.cuts],
                    ]
                    for utterance in run.utterances
                ],
            ]
            for run in runs
        ],
    }


def _times(*seconds: float) -> list[float | None]:
    return [round(value, 3) if math.isfinite(value) else None for value in seconds]  # JSON knows no infinity


def _script_json(data: object) -> str:
    """JSON for a <script>: nothing in it can end the script or begin a comment."""
    return (
        json.dumps(data, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )
