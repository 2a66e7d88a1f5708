"""voicebot lab: chunking and pacing, seen from close by. Each command imports what it needs when it runs."""

from __future__ import annotations

import json as json_format
import shutil
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli.runner import FAILED, OK, exit_code, leave_at_once, run_command, show_error, status

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
ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Use this config.toml.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Set any key of config.toml; may be repeated."),
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Vary arrival times and costs a little; 0 leaves them as they are.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
_ENGINES = "cpu-fast, cpu-slow, gpu, cloud, instant, or SECONDS+RTF such as 0.2+0.4"


@lab_app.command()
def replay(
    traces: TracesArgument,
    config: ConfigOption = None,
    set_: SetOption = None,
    tts: Annotated[str, typer.Option("--tts", metavar="MODEL", help=f"What a synthesis costs: {_ENGINES}.")] = (
        "cpu-fast"
    ),
    seed: SeedOption = 0,
    json: Annotated[bool, typer.Option("--json", help="Print each run as one JSON object a line.")] = False,
    debug: DebugOption = False,
) -> None:
    """Print the timeline of a recorded reply: what is said when, every gap, and the best there could be.

    Example: voicebot lab replay trace.jsonl --tts cpu-slow --set chunking.strategy=sentence
    """
    with _faults_told(debug):
        from voicebot.cli.lab.view import timeline
        from voicebot.lab.engines import parse_engine
        from voicebot.lab.replay import replay as run_replay
        from voicebot.lab.runs import as_dict
        from voicebot.lab.traces import read_traces

        settings = _config(config, set_)
        engine = parse_engine(tts)
        for number, trace in enumerate(read_traces(traces)):
            run = run_replay(trace, settings, engine, setting=settings.chunking.strategy, seed=seed)
            if json:
                _out_json(as_dict(run))
            else:
                _out(("\n" if number else "") + timeline(run, width=_width()))


@lab_app.command()
def record(
    question: Annotated[list[str], typer.Argument(help="The question.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Write the trace to this file.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    chat: Annotated[
        str | None, typer.Option("--chat", metavar="KIND", help="Chat model: auto, ollama, openai, demo, langchain …")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Name of the chat server's model.")] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Address of the chat server.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    debug: DebugOption = False,
) -> None:
    """Keep a chat model's reply with the time of each delta, for replays.

    Example: voicebot lab record -o trace.jsonl "Why is the sky blue?"
    """
    options = {
        "chat.kind": ("--chat", chat),
        "chat.model": ("--model", model),
        "chat.base_url": ("--base-url", base_url),
    }
    with _faults_told(debug):
        settings = _config(config, set_, options)
    run_command(lambda _: _record(settings, " ".join(question), output, force=force), debug=debug)


@lab_app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A.toml", help="The configuration as it was.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B.toml", help="The other one.", show_default=False)],
    traces: TracesArgument,
    tts: Annotated[
        list[str] | None,
        typer.Option("--tts", metavar="MODEL,...", help=f"What a synthesis costs [cpu-fast]: {_ENGINES}."),
    ] = None,
    seed: SeedOption = 0,
    json: Annotated[bool, typer.Option("--json", help="Print each comparison as one JSON object a line.")] = False,
    debug: DebugOption = False,
) -> None:
    """Show what B changes against A, run by run: first sound, gaps, and where the cuts differ.

    Example: voicebot lab compare old.toml new.toml traces/ --tts cpu-slow,gpu
    """
    with _faults_told(debug):
        from voicebot.cli.lab.view import comparison
        from voicebot.lab.comparison import Comparison, as_dict
        from voicebot.lab.replay import replay as run_replay
        from voicebot.lab.traces import read_traces

        (name_a, config_a), (name_b, config_b) = ((str(path), _config(path, None)) for path in (a, b))
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
            for one in compared:
                _out_json(as_dict(one))
        else:
            _out(comparison(compared, width=_width()))


@lab_app.command()
def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A text or a trace; - reads standard input.", show_default=False)
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="NAME", help="Short for --set chunking.strategy=NAME.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print each decision as one JSON object a line.")] = False,
    debug: DebugOption = False,
) -> None:
    """Print each decision about a text with the rule behind it.

    Example: echo "Dr. Smith arrived. 「はい。」と言った。" | voicebot lab explain -
    """
    with _faults_told(debug):
        import dataclasses

        from voicebot.cli.lab.view import explanation
        from voicebot.lab.explain import explain as decisions_about

        settings = _config(config, set_, {"chunking.strategy": ("--strategy", strategy)})
        decisions = decisions_about(_read_text(file), settings)
        if json:
            for decision in decisions:
                _out_json(dataclasses.asdict(decision))
        else:
            _out(explanation(decisions, width=_width()))


async def _record(config: Config, question: str, output: Path, *, force: bool) -> int:
    """Write the deltas of the reply to `output` and the reply to standard output; return the exit code."""
    import anyio

    from voicebot import events
    from voicebot.app import open_memory
    from voicebot.chat import open_chat
    from voicebot.cli.view import write_out
    from voicebot.errors import LabError
    from voicebot.messages import Message
    from voicebot.recording import open_recorder

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


def _config(
    path: Path | None, assignments: list[str] | None, options: Mapping[str, tuple[str, object]] | None = None
) -> Config:
    from voicebot.config.loading import load_config

    given = {key: value for key, value in (options or {}).items() if value[1] is not None}
    return load_config(path, assignments=assignments or (), options=given).config


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


@contextmanager
def _faults_told(debug: bool) -> Iterator[None]:
    """Say what went wrong, and leave with the exit code for it."""
    from voicebot.errors import VoicebotError

    try:
        yield
    except VoicebotError as error:
        if debug:
            traceback.print_exc()
        show_error(error)
        raise typer.Exit(exit_code(error)) from error
    except BrokenPipeError:
        leave_at_once(FAILED)  # whoever read our output has gone


def _out(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _out_json(value: dict[str, Any]) -> None:  # Any: ready for json.dumps
    _out(json_format.dumps(value, ensure_ascii=False) + "\n")


def _width() -> int:
    """Columns to print in: those of the terminal, and a good many where there is none."""
    return shutil.get_terminal_size((120, 24)).columns
