"""`voicebot lab replay`: the timeline of a recorded reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.lab.options import ENGINES, SeedOption, TracesArgument
from voicebot.cli.options import ConfigOptions, JsonLinesOption
from voicebot.cli.output import counted, signed_seconds, table, terminal_width, write_json, write_out
from voicebot.cli.runner import OK
from voicebot.text.safe_display import safe_line

if TYPE_CHECKING:
    from voicebot.lab.runs import ReplayedUtterance, Run

_WRITING, _SYNTHESIS, _READY, _HEARD = "·", "░", "─", "█"
_LEGEND = f"{_WRITING} written, waits for the voice   {_SYNTHESIS} synthesis   {_READY} ready, waits   {_HEARD} heard"


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
            write_out(("\n" if number else "") + timeline(run, width=terminal_width()))
    return OK


def timeline(run: Run, *, width: int) -> str:
    """The account of one turn: figures, utterances, waterfall."""
    return "\n".join([*_figures(run, width), "", *_utterances(run, width), "", *_waterfall(run, width), ""])


def _figures(run: Run, width: int) -> list[str]:
    seed = f" · seed {run.seed}" if run.seed else ""
    setting = f" · {run.setting}" if run.setting else ""
    gaps = "no gaps" if not run.gaps else f"{counted(len(run.gaps), 'gap')}, {run.gap_seconds:.2f} s"
    speech = sum(utterance.audio_seconds for utterance in run.utterances)
    rows = [
        ["TTFT", f"{run.ttft:.2f} s", ""],
        ["TTFA", f"{run.ttfa:.2f} s", _against(run.ttfa, run.bound_ttfa)],
        [
            "silence",
            f"{run.silence_seconds:.2f} s",
            f"{_against(run.silence_seconds, run.bound_silence_seconds)}   TTFA and {gaps}",
        ],
        ["end", f"{run.finish:.2f} s", f"{speech:.2f} s of speech in {counted(len(run.utterances), 'utterance')}"],
    ]
    return [
        f"{run.trace} ({run.language}) · {run.engine}{setting}{seed}",
        *table(rows, width=width, right={1}),
    ]


def _against(seconds: float, bound: float) -> str:
    return f"{signed_seconds(seconds - bound)} against {bound:.2f} s, the best that cuts at clauses allow"


def _utterances(run: Run, width: int) -> list[str]:
    gaps = dict(run.gaps)
    rows = [["#", "written", "asked", "ready", "heard", "ended", "gap", "text"]]
    for utterance in run.utterances:
        gap = f"{gaps[utterance.index]:.2f}" if utterance.index in gaps else ""
        times = [
            f"{t:.2f}" for t in (utterance.written, utterance.asked, utterance.ready, utterance.heard, utterance.ended)
        ]
        rows.append([str(utterance.index), *times, gap, _segments(utterance)])
        rows.append([""] * 7 + [_rules(utterance)])
    return table(rows, width=width, right=range(7), fold={7})


def _segments(utterance: ReplayedUtterance) -> str:
    """The text with a bar after each segment but the last."""
    parts, start = [], 0
    for end, _, _ in utterance.cuts:
        parts.append(utterance.text[start : end - utterance.start])
        start = end - utterance.start
    parts.append(utterance.text[start:])
    silent = "" if utterance.spoken else " (only shown)"
    return safe_line("│".join(part for part in parts if part)) + silent


def _rules(utterance: ReplayedUtterance) -> str:
    return "└ " + " │ ".join(
        boundary if rule == boundary else f"{boundary}: {rule}" for _, boundary, rule in utterance.cuts
    )


def _waterfall(run: Run, width: int) -> list[str]:
    """A line an utterance: when it waited for the voice, was synthesized, was heard."""
    label = len(str(len(run.utterances) - 1)) + 2
    place = max(20, width - label - 1)
    end = max((utterance.ended for utterance in run.utterances), default=0.0) or 1.0

    def column(seconds: float) -> int:
        return min(place - 1, round(seconds / end * (place - 1)))

    lines = [_LEGEND, " " * label + "0" + f"{end:.1f} s".rjust(place - 1)]
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
