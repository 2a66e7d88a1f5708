"""`voicebot lab replay`: the timeline of a recorded reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.foreign_prints import prints_told
from voicebot.cli.lab.options import ENGINES, SeedOption, TracesArgument
from voicebot.cli.options import ConfigOptions, JsonLinesOption
from voicebot.cli.output import fitting_table, signed_seconds, table, terminal_width, write_json, write_prose
from voicebot.cli.runner import OK
from voicebot.text.safe_display import safe_line
from voicebot.translation import counted, tr

if TYPE_CHECKING:
    from voicebot.lab.runs import ReplayedUtterance, Run

_WRITING, _SYNTHESIS, _READY, _HEARD = "·", "░", "─", "█"


@prints_told()
def replay(
    traces: TracesArgument,
    *,
    config: ConfigOptions,
    tts: Annotated[str, typer.Option("--tts", metavar="MODEL", help=f"What a synthesis costs: {ENGINES}.")] = (
        "cpu-fast"
    ),
    seed: SeedOption = 0,
    json: JsonLinesOption = False,
) -> int:
    """Print the timeline of a recorded reply: what is said when, every gap, and the best possible.

    Example: voicebot lab replay trace.jsonl --tts cpu-slow --set chunking.strategy=sentence
    """
    from voicebot.lab.engines import parse_engine
    from voicebot.lab.replay import replay as run_replay
    from voicebot.lab.runs import as_dict
    from voicebot.lab.traces import read_traces

    settings = config.load().config
    engine = parse_engine(tts)
    for number, trace in enumerate(read_traces(traces)):
        run = run_replay(trace, settings, engine, setting=settings.chunking.strategy, seed=seed)
        if json:
            write_json([as_dict(run)])
        else:
            write_prose(("\n" if number else "") + timeline(run, width=terminal_width()))
    return OK


def timeline(run: Run, *, width: int) -> str:
    """The account of one turn: figures, utterances, waterfall."""
    return "\n".join([*_figures(run, width), "", *_utterances(run, width), "", *_waterfall(run, width), ""])


def _figures(run: Run, width: int) -> list[str]:
    seed = " · " + tr("seed {seed}", seed=run.seed) if run.seed else ""
    setting = f" · {run.setting}" if run.setting else ""
    gaps = tr("TTFA and no gaps")
    if run.gaps:
        gaps = counted(
            len(run.gaps),
            "TTFA and {count} gap, {seconds:.2f} s",
            "TTFA and {count} gaps, {seconds:.2f} s",
            seconds=run.gap_seconds,
        )
    speech = sum(utterance.audio_seconds for utterance in run.utterances)
    said = counted(
        len(run.utterances),
        "{seconds:.2f} s of speech in {count} utterance",
        "{seconds:.2f} s of speech in {count} utterances",
        seconds=speech,
    )
    rows = [
        ["TTFT", f"{run.ttft:.2f} s", ""],
        ["TTFA", f"{run.ttfa:.2f} s", _against(run.ttfa, run.bound_ttfa)],
        [
            tr("silence"),
            f"{run.silence_seconds:.2f} s",
            f"{_against(run.silence_seconds, run.bound_silence_seconds)}   {gaps}",
        ],
        [tr("end"), f"{run.finish:.2f} s", said],
    ]
    return [
        f"{run.trace} ({run.language}) · {run.engine}{setting}{seed}",
        *table(rows, width=width, right={1}),
    ]


def _against(seconds: float, bound: float) -> str:
    return tr(
        "{difference} against {bound:.2f} s, the best that cuts at clauses allow",
        difference=signed_seconds(seconds - bound),
        bound=bound,
    )


def _utterances(run: Run, width: int) -> list[str]:
    gaps = dict(run.gaps)
    rows = [["#", tr("written"), tr("asked"), tr("ready"), tr("heard"), tr("ended"), tr("gap"), tr("text")]]
    for utterance in run.utterances:
        gap = f"{gaps[utterance.index]:.2f}" if utterance.index in gaps else ""
        times = [
            f"{t:.2f}" for t in (utterance.written, utterance.asked, utterance.ready, utterance.heard, utterance.ended)
        ]
        rows.append([str(utterance.index), *times, gap, _segments(utterance)])
        rows.append([""] * 7 + [_rules(utterance)])
    return fitting_table(rows, width=width, right=range(7), fold={7})


def _segments(utterance: ReplayedUtterance) -> str:
    """The text with a bar after each segment but the last."""
    parts, start = [], 0
    for end, _, _ in utterance.cuts:
        parts.append(utterance.text[start : end - utterance.start])
        start = end - utterance.start
    parts.append(utterance.text[start:])
    silent = "" if utterance.spoken else " " + tr("(only shown)")
    return safe_line("│".join(part for part in parts if part)) + silent


def _rules(utterance: ReplayedUtterance) -> str:
    return "└ " + " │ ".join(
        boundary if rule == boundary else f"{boundary}: {rule}" for _, boundary, rule in utterance.cuts
    )


def _legend() -> str:
    meanings = {
        _WRITING: tr("written, waits for the voice"),
        _SYNTHESIS: tr("synthesis"),
        _READY: tr("ready, waits"),
        _HEARD: tr("heard"),
    }
    return "   ".join(f"{mark} {meaning}" for mark, meaning in meanings.items())


def _waterfall(run: Run, width: int) -> list[str]:
    """A line an utterance: when it waited for the voice, was synthesized, was heard."""
    label = len(str(len(run.utterances) - 1)) + 2
    place = max(20, width - label - 1)
    end = max((utterance.ended for utterance in run.utterances), default=0.0) or 1.0

    def column(seconds: float) -> int:
        return min(place - 1, round(seconds / end * (place - 1)))

    lines = [_legend(), " " * label + "0" + f"{end:.1f} s".rjust(place - 1)]
    for utterance in run.utterances:
        cells = [" "] * place
        for mark, start, stop in (
            (_WRITING, utterance.written, utterance.asked),
            (_READY, utterance.ready, utterance.heard),
            (_SYNTHESIS, utterance.asked, utterance.ready),
            (_HEARD, utterance.heard, utterance.ended),
        ):
            first, last = column(start), column(stop)
            if stop > start:
                cells[first : max(last, first + 1)] = mark * max(last - first, 1)
        lines.append(f"{utterance.index:>{label - 2}}  {''.join(cells).rstrip()}")
    return lines
