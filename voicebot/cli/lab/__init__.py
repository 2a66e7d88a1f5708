"""voicebot lab: chunking and pacing, seen from close by. Each command imports what it needs when it runs."""

from __future__ import annotations

import shutil
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.command import add_command
from voicebot.cli.lab.experiments import TUNE_HELP, sweep, tune
from voicebot.cli.lab.score import SCORE_HELP, score
from voicebot.cli.options import ChatOptions, ConfigOptions, JsonLinesOption, StrategyOption
from voicebot.cli.output import status, write_json, write_out
from voicebot.cli.runner import OK, Body

if TYPE_CHECKING:
    from voicebot.config.models import Config
    from voicebot.lab.engines import SynthesisCost

lab_app = typer.Typer(
    help="Experiments with chunking and pacing: the real pipeline, in virtual time.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

TracesArgument = Annotated[
    list[Path], typer.Argument(metavar="TRACE", help="Traces, or folders of traces.", show_default=False)
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Vary arrival times and costs a little; 0 leaves them as they are.")
]
_ENGINES = "cpu-fast, cpu-slow, gpu, cloud, instant, or SECONDS+RTF such as 0.2+0.4"


def replay(
    traces: TracesArgument,
    *,
    config: ConfigOptions,
    tts: Annotated[str, typer.Option("--tts", metavar="MODEL", help=f"What a synthesis costs: {_ENGINES}.")] = (
        "cpu-fast"
    ),
    seed: SeedOption = 0,
    json: JsonLinesOption = False,
) -> int:
    """Print the timeline of a recorded reply: what is said when, every gap, and the best there could be.

    Example: voicebot lab replay trace.jsonl --tts cpu-slow --set chunking.strategy=sentence
    """
    from voicebot.cli.lab.view import timeline
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
            write_out(("\n" if number else "") + timeline(run, width=_width()))
    return OK


def record(
    question: Annotated[list[str], typer.Argument(help="The question.", show_default=False)],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Write the trace to this file.")],
    config: ConfigOptions,
    chat: ChatOptions,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
) -> Body:
    """Keep a chat model's reply with the time of each delta, for replays.

    Example: voicebot lab record -o trace.jsonl "Why is the sky blue?"
    """
    settings = config.load(chat.settings()).config
    return lambda _: _record(settings, " ".join(question), output, force=force)


def compare(
    a: Annotated[Path, typer.Argument(metavar="A.toml", help="The configuration as it was.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B.toml", help="The other one.", show_default=False)],
    traces: TracesArgument,
    *,
    tts: Annotated[
        list[str] | None,
        typer.Option("--tts", metavar="MODEL,...", help=f"What a synthesis costs [cpu-fast]: {_ENGINES}."),
    ] = None,
    seed: SeedOption = 0,
    json: JsonLinesOption = False,
) -> int:
    """Show what B changes against A, run by run: first sound, gaps, and where the cuts differ.

    Example: voicebot lab compare old.toml new.toml traces/ --tts cpu-slow,gpu
    """
    from voicebot.cli.lab.view import comparison
    from voicebot.config.loading import load_config
    from voicebot.lab.comparison import Comparison, as_dict
    from voicebot.lab.replay import replay as run_replay
    from voicebot.lab.traces import read_traces

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
    if json:
        write_json(map(as_dict, compared))
    else:
        write_out(comparison(compared, width=_width()))
    return OK


def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A text or a trace; - reads standard input.", show_default=False)
    ],
    *,
    config: ConfigOptions,
    strategy: StrategyOption = None,
    json: JsonLinesOption = False,
) -> int:
    """Print each decision about a text with the rule behind it.

    Example: echo "Dr. Smith arrived. 「はい。」と言った。" | voicebot lab explain -
    """
    import dataclasses

    from voicebot.cli.lab.view import explanation
    from voicebot.lab.explain import explain as decisions_about

    settings = config.load({"chunking.strategy": ("--strategy", strategy)}).config
    decisions = decisions_about(_read_text(file), settings)
    if json:
        write_json(map(dataclasses.asdict, decisions))
    else:
        write_out(explanation(decisions, width=_width()))
    return OK


async def _record(config: Config, question: str, output: Path, *, force: bool) -> int:
    """Write the deltas of the reply to `output` and the reply to standard output; return the exit code."""
    import anyio

    from voicebot import events
    from voicebot.app import open_memory
    from voicebot.chat import open_chat
    from voicebot.errors import LabError
    from voicebot.lab.record import open_recorder
    from voicebot.messages import Message

    if not question.strip():
        raise LabError("the question is empty")
    with open_recorder(output, force=force) as recorder:
        async with open_chat(config.chat, notify=status) as chat:
            messages = [*open_memory(config).messages(), Message("user", question)]
            began, turn = anyio.current_time(), events.new_turn_id()
            try:
                async with aclosing(chat.stream_reply(messages)) as reply:
                    async for delta in reply:
                        if isinstance(delta, str):
                            recorder(events.Delta(turn, anyio.current_time() - began, delta))
                            write_out(delta)
            finally:
                if recorder.written:
                    write_out("\n")
                    status(f"wrote {output}")
    return OK


def _engines(names: list[str]) -> list[SynthesisCost]:
    from voicebot.lab.engines import parse_engine

    return [parse_engine(name) for option in names for name in option.split(",")]


def _read_text(file: str) -> str:
    """The text of a file, of a trace, or of standard input; what is not UTF-8 becomes U+FFFD. Raises LabError."""
    if file == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    from voicebot.errors import LabError
    from voicebot.lab.traces import read_trace

    path = Path(file)
    if path.suffix == ".jsonl":
        return read_trace(path).text
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise LabError(
            f"{path}: {error.strerror}", hint="name a text file, a trace, or - for standard input"
        ) from error


def _width() -> int:
    """Columns to print in: those of the terminal, and a good many where there is none."""
    return shutil.get_terminal_size((120, 24)).columns


add_command(lab_app, replay)
add_command(lab_app, record)
add_command(lab_app, compare)
add_command(lab_app, explain)
add_command(lab_app, score, help=SCORE_HELP)
add_command(lab_app, sweep)
add_command(lab_app, tune, help=TUNE_HELP)
