"""`voicebot lab sweep`: every setting on every trace with every engine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.lab.figures import interval
from voicebot.cli.lab.options import CsvOption, ExperimentArgument, JobsOption, TrustOption
from voicebot.cli.lab.progress import progress_bar, stoppable
from voicebot.cli.lab.sweep_report import about_sweep, recorded
from voicebot.cli.options import ForceOption, JsonObjectOption, refuse_to_overwrite
from voicebot.cli.output import fitting_table, signed_seconds, status, terminal_width, write_json, write_prose
from voicebot.cli.runner import OK
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.lab.runs import Run
    from voicebot.lab.summary import Against, Row


def sweep(
    experiment: ExperimentArgument,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Folder for the results; by default lab-results/EXPERIMENT."
        ),
    ] = None,
    jobs: JobsOption = None,
    trust: TrustOption = False,
    csv: CsvOption = None,
    force: ForceOption = False,
    listen: Annotated[
        list[str] | None,
        typer.Option("--listen", metavar="SETTING", help="Put this setting's speech into the report; give it twice."),
    ] = None,
    tone: Annotated[bool, typer.Option("--tone", help="Listen to tones instead of the configured voice.")] = False,
    json: JsonObjectOption = False,
) -> int:
    """Run every setting of an experiment on every trace with every engine, and write a report.

    Writes results.jsonl (each run) and report.html (one file, works without a network). After Ctrl-C, the same
    command continues where it stopped; what has changed since then is run again.

    With --listen SETTING --listen OTHER the report has the shortest reply as it would be heard with both, by the voice
    of the experiment's config.toml, or as tones with --tone.

    Your own strategy is a setting too, chunking.strategy = "package.module:factory"; see voicebot lab score
    --help. An experiment that names one needs --trust.

    Example: voicebot lab sweep docs/experiments/first-sound.toml
    """
    if csv:
        refuse_to_overwrite(csv, force=force)
    folder = output or Path("lab-results") / experiment.stem
    kept = [0, 0]
    with stoppable(lambda: _kept(kept, folder)):
        from voicebot.lab.experiment_file import read_experiment
        from voicebot.lab.own_code import refuse_untrusted_code, try_own_strategies
        from voicebot.lab.plots import require_matplotlib
        from voicebot.lab.report import COMFORTABLE_BYTES, write_report
        from voicebot.lab.spreadsheet import run_rows, write_csv
        from voicebot.lab.sweep import RESULTS, plan
        from voicebot.lab.sweep import sweep as run_sweep

        chosen = read_experiment(experiment)
        refuse_untrusted_code(chosen, trusted_now=trust)
        try_own_strategies(chosen)
        settings = chosen.all_settings()
        recordings = recorded(chosen, settings, listen or (), tone=tone)
        require_matplotlib()  # before the work, not after it
        with progress_bar(tr("runs")) as show:

            def progress(done: int, of: int) -> None:
                kept[:] = done, of
                show(done, of)

            runs = run_sweep(plan(chosen, settings), folder, processes=jobs or os.cpu_count() or 1, progress=progress)
        report = folder / "report.html"
        size = write_report(report, runs, about_sweep(chosen, settings, recordings))
        if csv:
            write_csv(csv, run_rows(runs))
        named = {"experiment": chosen.name, "runs": len(runs), "results": str(folder / RESULTS), "report": str(report)}
        _print(runs, named, json=json)
        if size > COMFORTABLE_BYTES:
            status(
                tr(
                    "the report is {size:.1f} MB, slow to open on a phone → fewer seeds or traces make it smaller",
                    size=size / 1e6,
                )
            )
        status(tr("wrote {report}", report=report))
    return OK


def _print(runs: Sequence[Run], named: Mapping[str, object], *, json: bool) -> None:
    """The means and the differences, for people or, below what is `named`, for programs."""
    from dataclasses import asdict

    from voicebot.lab.summary import against_first, summarize

    rows, found = summarize(runs), against_first(runs)
    if json:
        write_json([{**named, "means": [*map(asdict, rows)], "differences": [*map(asdict, found)]}])
    else:
        width = terminal_width()
        write_prose(_means(rows, width=width) + _differences(found, width=width))


def _means(rows: Sequence[Row], *, width: int) -> str:
    """The means of each setting with each engine."""
    heads = ["TTFA", tr("gaps"), tr("silence"), tr("median"), "p95", tr("over bound"), tr("utterances")]
    lines = [[tr("engine"), tr("setting"), *heads]]
    for row in rows:
        silence = (row.silence_seconds, row.silence_median, row.silence_p95)
        seconds = (f"{value:.2f}" for value in (row.ttfa, row.gap_seconds, *silence, row.over_bound_seconds))
        lines.append([row.engine, row.setting, *seconds, f"{row.utterances:.1f}"])
    return "".join(line + "\n" for line in fitting_table(lines, width=width, right=range(2, 9)))


def _differences(found: Sequence[Against], *, width: int) -> str:
    """What each setting changes compared with the first, and whether that is more than chance."""
    if not found:
        return ""
    lines = [[tr("engine"), tr("setting"), "TTFA", "", tr("silence"), ""]]
    for one in found:
        measures = (one.ttfa, one.silence_seconds)
        cells = [cell for d in measures for cell in (signed_seconds(d.mean), interval(d, signed_seconds))]
        lines.append([one.engine, one.setting, *cells])
    title = tr("Against {setting}, reply by reply, with 95 % intervals:", setting=found[0].against)
    return "\n" + title + "\n" + "".join(line + "\n" for line in fitting_table(lines, width=width, right={2, 4}))


def _kept(kept: Sequence[int], folder: Path) -> str:
    done, of = kept
    if not of:
        return tr("stopped")
    return tr(
        "stopped: {done} of {of} runs are in {folder} → run the same command to continue",
        done=done,
        of=of,
        folder=folder,
    )
