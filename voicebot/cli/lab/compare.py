"""`voicebot lab compare`: what one configuration changes against another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.foreign_prints import prints_told
from voicebot.cli.lab.figures import interval
from voicebot.cli.lab.options import ENGINES, CsvOption, SeedOption, TracesArgument
from voicebot.cli.options import ForceOption, JsonLinesOption, refuse_to_overwrite
from voicebot.cli.output import (
    fits,
    fitting_table,
    one_below_another,
    signed_seconds,
    table,
    terminal_width,
    write_json,
    write_prose,
)
from voicebot.cli.runner import OK
from voicebot.text.safe_display import safe_line
from voicebot.translation import counted, tr

if TYPE_CHECKING:
    from voicebot.lab.comparison import Comparison
    from voicebot.lab.engines import SynthesisCost

_CONTEXT_COLUMNS = 12
"""This much of the text is shown on either side of a cut, in columns of the terminal."""
_INDENT = "    "
_MOST_CUTS = 8
"""At most this many cuts that differ are shown; --json has them all."""


@prints_told()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A.toml", help="The configuration before.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B.toml", help="The configuration after.", show_default=False)],
    traces: TracesArgument,
    *,
    tts: Annotated[
        list[str] | None,
        typer.Option("--tts", metavar="MODEL,...", help=f"What a synthesis costs [cpu-fast]: {ENGINES}."),
    ] = None,
    seed: SeedOption = 0,
    csv: CsvOption = None,
    force: ForceOption = False,
    json: JsonLinesOption = False,
) -> int:
    """Show what B changes compared with A, run by run: first sound, gaps, and where the cuts differ.

    Example: voicebot lab compare old.toml new.toml traces/ --tts cpu-slow,gpu
    """
    from voicebot.config.loading import load_config
    from voicebot.lab.comparison import Comparison, as_dict
    from voicebot.lab.replay import replay as run_replay
    from voicebot.lab.spreadsheet import run_rows, write_csv
    from voicebot.lab.traces import read_traces

    if csv:
        refuse_to_overwrite(csv, force=force)
    (name_a, config_a), (name_b, config_b) = ((str(path), load_config(path).config) for path in (a, b))
    engines = _engines(tts or ["cpu-fast"])
    compared = [
        Comparison(
            run_replay(trace, config_a, engine, setting=name_a, seed=seed),
            run_replay(trace, config_b, engine, setting=name_b, seed=seed),
        )
        for trace in read_traces(traces)
        for engine in engines
    ]
    if csv:
        write_csv(csv, run_rows(run for c in compared for run in (c.a, c.b)))
    if json:
        write_json(map(as_dict, compared))
    else:
        write_prose(comparison(compared, width=terminal_width()))
    return OK


def _engines(names: list[str]) -> list[SynthesisCost]:
    from voicebot.lab.engines import parse_engine

    return [parse_engine(name) for option in names for name in option.split(",")]


def comparison(compared: Sequence[Comparison], *, width: int) -> str:
    """What changes from run to run, then on average."""
    from voicebot.lab.comparison import changes

    rows = [[tr("trace"), tr("engine"), "TTFA", "", tr("gaps"), "", tr("silence"), "", tr("utterances")]]
    for c in compared:
        a, b = c.a, c.b
        rows.append(
            [
                a.trace,
                a.engine,
                *_from_to(a.ttfa, b.ttfa),
                *_from_to(a.gap_seconds, b.gap_seconds),
                *_from_to(a.silence_seconds, b.silence_seconds),
                f"{len(a.utterances)} → {len(b.utterances)}",
            ]
        )
    header, *lines_of_runs = table(rows, width=width)
    if not fits([header, *lines_of_runs], width=width):
        names, *runs = rows
        header, lines_of_runs = "", ["\n".join(one_below_another([names, row])) + "\n" for row in runs]
    lines = [tr("A {a} → B {b}, seconds", a=compared[0].a.setting, b=compared[0].b.setting), "", header]
    for c, row in zip(compared, lines_of_runs, strict=True):
        lines.append(row)
        lines += _cuts(tr("only A"), c.only_a, c.a.reply, width) + _cuts(tr("only B"), c.only_b, c.a.reply, width)
    lines += [
        "",
        counted(len(compared), "{count} run, B against A on average:", "{count} runs, B against A on average:"),
    ]
    changed = changes(compared)
    lines += [
        "  "
        + tr(
            "{name}  {seconds} s  ({better} better, {worse} worse, {same} the same)",
            name=tr(change.name),
            seconds=signed_seconds(change.difference.mean),
            better=change.better,
            worse=change.worse,
            same=change.same,
        )
        + "  "
        + interval(change.difference, signed_seconds)
        for change in changed
    ]
    rows = [["", "", tr("mean"), tr("median"), "p95"]]
    for change in changed:
        for name, figures in (("A", change.a), ("B", change.b)):
            seconds = (f"{value:.2f}" for value in (figures.mean, figures.median, figures.p95))
            rows.append([tr(change.name), name, *seconds])
    lines += ["", *fitting_table(rows, width=width, right=range(2, 5))]
    return "\n".join([*lines, ""])


def _from_to(a: float, b: float) -> list[str]:
    return [f"{a:.2f} → {b:.2f}", signed_seconds(b - a)]


def _cuts(name: str, places: Sequence[int], reply: str, width: int) -> list[str]:
    if not places:
        return []
    shown = [f"{_before(place, reply)}|{_after(place, reply)}" for place in places[:_MOST_CUTS]]
    if more := len(places) - len(shown):
        shown.append(tr("and {count} more", count=more))
    lines = table([[f"{name}:", "   ".join(shown)]], width=width - len(_INDENT), fold={1})
    return [_INDENT + line for line in lines]


def _before(place: int, reply: str) -> str:
    from rich.cells import cell_len

    text = safe_line(reply[max(0, place - _CONTEXT_COLUMNS) : place])
    while cell_len(text) > _CONTEXT_COLUMNS:
        text = text[1:]
    return text


def _after(place: int, reply: str) -> str:
    from rich.cells import chop_cells

    text = safe_line(reply[place : place + _CONTEXT_COLUMNS])
    return chop_cells(text, _CONTEXT_COLUMNS)[0] if text else ""
