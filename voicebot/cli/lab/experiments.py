"""`voicebot lab sweep` and `voicebot lab tune`."""

from __future__ import annotations

import json as json_format
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.runner import FAILED, INTERRUPTED, exit_code, leave_at_once, show_error, status

if TYPE_CHECKING:
    from voicebot.lab.summary import Row
    from voicebot.lab.tune import Measured, Tuned

_SECONDS_BETWEEN_LINES = 5.0
"""How often the progress is told where standard error is no terminal."""

Progress = Callable[[int, int], None]

ExperimentArgument = Annotated[
    Path, typer.Argument(metavar="EXPERIMENT.toml", help="What to run; see docs/experiments.", show_default=False)
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Processes; as many as there are cores by default.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def register(lab_app: typer.Typer) -> None:
    """Add the commands `sweep` and `tune`."""
    lab_app.command("sweep")(sweep)
    lab_app.command("tune", help=_TUNE_HELP)(tune)


def sweep(
    experiment: ExperimentArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where to; lab-results/EXPERIMENT by default."),
    ] = None,
    jobs: JobsOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Run every setting of an experiment on every trace with every engine, and write a report.

    Writes results.jsonl (each run) and report.html (one file, works without a network). Stopped with Ctrl-C, the same
    command goes on where it was; what has changed since is run again.

    Example: voicebot lab sweep docs/experiments/first-sound.toml
    """
    folder = output or Path("lab-results") / experiment.stem
    kept = [0, 0]
    with _faults_told(debug, stopped=lambda: _kept(kept, folder)):
        from dataclasses import asdict
        from datetime import datetime

        import voicebot
        from voicebot.lab.experiment_file import read_experiment
        from voicebot.lab.plots import require_matplotlib
        from voicebot.lab.report import COMFORTABLE_BYTES, About, write_report
        from voicebot.lab.summary import summarize
        from voicebot.lab.sweep import RESULTS, plan
        from voicebot.lab.sweep import sweep as run_sweep

        chosen = read_experiment(experiment)
        settings = chosen.all_settings()
        require_matplotlib()  # before the work, not behind it
        with _progress("runs") as show:

            def progress(done: int, of: int) -> None:
                kept[:] = done, of
                show(done, of)

            runs = run_sweep(plan(chosen, settings), folder, processes=jobs or os.cpu_count() or 1, progress=progress)
        about = About(
            title=chosen.name,
            made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
            version=voicebot.__version__,
            settings={
                setting.name: ", ".join(f"{key} = {value!r}" for key, value in setting.overrides.items())
                for setting in settings
            },
            engines={engine.name: f"{engine.fixed_seconds:g} s + {engine.rtf:g} × audio" for engine in chosen.engines},
        )
        report = folder / "report.html"
        size = write_report(report, runs, about)
        rows = summarize(runs)
        if json:
            _out_json(
                {
                    "experiment": chosen.name,
                    "runs": len(runs),
                    "results": str(folder / RESULTS),
                    "report": str(report),
                    "means": [asdict(row) for row in rows],
                }
            )
        else:
            _out(_table(rows))
        if size > COMFORTABLE_BYTES:
            status(f"the report has {size / 1e6:.1f} MB: phones will be slow → fewer seeds or traces make it smaller")
        status(f"wrote {report}")


_TUNE_HELP = """Search the values of an experiment's [matrix] for the least silence, and write the best config.toml.

The objective is the mean over all runs of silence + WEIGHT × TTFA, in seconds, where silence is TTFA + gaps: all of it
that the listener sits through. Less is better.

[matrix] holds lists of values, and ranges: {min = 0.5, max = 2.0}. If there are several [settings], which of them is
best is searched too. First values are drawn at random, then the best is improved one key at a time; the same --seed
gives the same answer. The search sees one half of the traces; the other half tells whether what it found holds
elsewhere. Traces of one text (NAME@10, NAME@30) stay in one half.

Example: voicebot lab tune experiment.toml -o best.toml --budget 100"""


def tune(
    experiment: ExperimentArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write the winning configuration here.")
    ] = Path("best.toml"),
    budget: Annotated[int, typer.Option("--budget", min=1, help="How many configurations to try.")] = 60,
    weight_ttfa: Annotated[
        float, typer.Option("--weight-ttfa", min=0, help="How much more the first silence counts than a later one.")
    ] = 0.5,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another one searches elsewhere.")] = 0,
    jobs: JobsOption = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Search the best values; the command's help is `_TUNE_HELP`."""
    with _faults_told(debug, stopped=lambda: "stopped: nothing was written"):
        from voicebot.lab.experiment_file import read_experiment
        from voicebot.lab.tune import as_dict, refuse_to_overwrite, write_config
        from voicebot.lab.tune import tune as run_tune

        if not force:
            refuse_to_overwrite(output)
        chosen = read_experiment(experiment)
        with _progress("configurations") as progress:
            tuned = run_tune(
                chosen,
                budget=budget,
                weight_ttfa=weight_ttfa,
                seed=seed,
                processes=jobs or os.cpu_count() or 1,
                progress=progress,
            )
        write_config(output, tuned)
        if json:
            _out_json({"config": str(output), **as_dict(tuned)})
        else:
            _out(_tuned(tuned))
        status(f"wrote {output}")


# ---------------------------------------------------------------- what is printed


def _table(rows: Sequence[Row]) -> str:
    from voicebot.cli.lab.view import columns

    lines = [["engine", "setting", "TTFA", "gaps", "silence", "over bound", "utterances"]]
    for row in rows:
        seconds = (f"{value:.2f}" for value in (row.ttfa, row.gap_seconds, row.silence_seconds, row.over_bound_seconds))
        lines.append([row.engine, row.setting, *seconds, f"{row.utterances:.1f}"])
    return "".join(line + "\n" for line in columns(lines, right={2, 3, 4, 5, 6}))


def _tuned(tuned: Tuned) -> str:
    from voicebot.cli.lab.view import columns

    def line(half: str, what: str, measured: Measured) -> list[str]:
        figures = (measured.objective, measured.silence_seconds, measured.ttfa, measured.gap_seconds)
        return [half, what, *(f"{value:.3f}" for value in figures)]

    lines = [["traces", "configuration", "objective", "silence", "TTFA", "gaps"]]
    lines += [
        line("searched", "before", tuned.searched.before),
        line("searched", "best", tuned.searched.best),
        line("checked", "before", tuned.checked.before),
        line("checked", "best", tuned.checked.best),
    ]
    chosen = [f"  {key} = {value!r}" for key, value in tuned.overrides.items()]
    table = [*columns(lines, right={2, 3, 4, 5}), "", "best:", *(chosen or ["  as it was"]), *tuned.remarks()]
    return "".join(line + "\n" for line in table)


def _kept(kept: Sequence[int], folder: Path) -> str:
    done, of = kept
    if not of:
        return "stopped"
    return f"stopped: {done} of {of} runs are in {folder} → the same command goes on from there"


def _out(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _out_json(value: object) -> None:
    _out(json_format.dumps(value, ensure_ascii=False) + "\n")


# ---------------------------------------------------------------- progress and faults


@contextmanager
def _progress(noun: str) -> Iterator[Progress]:
    """Shows how far it is on standard error: a bar on a terminal, else a line now and then."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn(noun), TimeRemainingColumn())
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(noun, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)
        return
    told = monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal told
        if monotonic() - told >= _SECONDS_BETWEEN_LINES:
            told = monotonic()
            status(f"{done} of {of} {noun}")

    yield tell


@contextmanager
def _faults_told(debug: bool, *, stopped: Callable[[], str]) -> Iterator[None]:
    """Say what went wrong, or what Ctrl-C leaves behind, and leave with the exit code for it."""
    from voicebot.errors import VoicebotError

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except VoicebotError as error:
        if debug:
            traceback.print_exc()
        show_error(error)
        raise typer.Exit(exit_code(error)) from error
    except KeyboardInterrupt:
        status(stopped(), bold=True)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        leave_at_once(FAILED)  # whoever read our output has gone
    finally:
        signal.signal(signal.SIGINT, before)
