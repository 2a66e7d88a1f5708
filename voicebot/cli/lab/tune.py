"""`voicebot lab tune`: the settings that leave the least silence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.lab.figures import interval
from voicebot.cli.lab.options import ExperimentArgument, JobsOption, TrustOption
from voicebot.cli.lab.progress import progress_bar, stoppable
from voicebot.cli.options import ForceOption, JsonObjectOption
from voicebot.cli.output import fitting_table, signed_seconds, status, terminal_width, write_json, write_prose
from voicebot.cli.runner import OK
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.lab.tune import Measured, Tuned


def tune(
    experiment: ExperimentArgument,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write the best configuration to this file.")
    ] = Path("best.toml"),
    budget: Annotated[int, typer.Option("--budget", metavar="N", min=1, help="How many configurations to try.")] = 60,
    weight_ttfa: Annotated[
        float,
        typer.Option(
            "--weight-ttfa", metavar="NUMBER", min=0, help="How much more the first silence counts than a later one."
        ),
    ] = 0.5,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", min=0, help="Another seed searches elsewhere.")] = 0,
    jobs: JobsOption = None,
    trust: TrustOption = False,
    force: ForceOption = False,
    json: JsonObjectOption = False,
) -> int:
    """Search the values of an experiment's [matrix] for the least silence, and write the best config.toml.

    The objective is the mean over all runs of silence + WEIGHT × TTFA, in seconds, where silence is TTFA + gaps: all
    that the listener sits through. Less is better.

    [matrix] holds lists of values, and ranges: {min = 0.5, max = 2.0}. If there are several [settings], the best of
    them is searched for too. The search first draws values at random, then improves the best ones one key at a time;
    the same --seed gives the same answer. It sees one half of the traces; the other half shows whether the result holds
    elsewhere: that is what to believe. Traces of one text (NAME@10, NAME@30) stay in one half. A few recorded replies
    are not enough to tell; corpora = ["texts.jsonl"] in the experiment makes a trace of each marked text, and sample =
    60 takes that many.

    Example: voicebot lab tune experiment.toml -o best.toml --budget 100
    """
    with stoppable(lambda: tr("stopped: nothing was written")):
        from voicebot.lab.experiment_file import read_experiment
        from voicebot.lab.own_code import refuse_untrusted_code, try_own_strategies
        from voicebot.lab.tune import as_dict
        from voicebot.lab.tune import tune as run_tune
        from voicebot.lab.tuned_config import refuse_to_overwrite, write_config

        if not force:
            refuse_to_overwrite(output)
        chosen = read_experiment(experiment)
        refuse_untrusted_code(chosen, trusted_now=trust)
        try_own_strategies(chosen)
        with progress_bar(tr("configurations")) as progress:
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
            write_json([{"config": str(output), **as_dict(tuned)}])
        else:
            write_prose(_result(tuned, width=terminal_width()))
        status(tr("wrote {output}", output=output))
    return OK


def _result(tuned: Tuned, *, width: int) -> str:
    """What the search found, and the configuration that it writes."""

    def line(half: str, what: str, measured: Measured) -> list[str]:
        figures = (measured.objective, measured.silence_seconds, measured.ttfa, measured.gap_seconds)
        return [half, what, *(f"{value:.3f}" for value in figures)]

    lines = [[tr("traces"), tr("configuration"), tr("objective"), tr("silence"), "TTFA", tr("gaps")]]
    lines += [
        line(tr("searched"), tr("before"), tuned.searched.before),
        line(tr("searched"), tr("best"), tuned.searched.best),
        line(tr("checked"), tr("before"), tuned.checked.before),
        line(tr("checked"), tr("best"), tuned.checked.best),
    ]
    gains = [
        tr("{half}: best against before, reply by reply: {change} s", half=half, change=signed_seconds(gain.mean))
        + f" {interval(gain, signed_seconds)}"
        for half, gain in ((tr("searched"), tuned.searched.gain), (tr("checked"), tuned.checked.gain))
        if gain
    ]
    chosen = [f"  {key} = {value!r}" for key, value in tuned.overrides.items()]
    figures = fitting_table(lines, width=width, right=range(2, 6))
    return "\n".join([*figures, *gains, "", tr("best:"), *(chosen or ["  " + tr("as it was")]), *tuned.remarks(), ""])
