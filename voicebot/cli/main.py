"""The commands. Each imports what it needs when it runs, so that `voicebot --help` is there at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.history import history_app
from voicebot.cli.lab import experiments as lab_experiments
from voicebot.cli.lab import lab_app
from voicebot.cli.lab import score as lab_score
from voicebot.cli.output import show_error, status
from voicebot.cli.runner import CommandContext, die_quietly_until_running, exit_code, run_command

if TYPE_CHECKING:
    from voicebot.config.loading import Loaded

app = typer.Typer(
    name="voicebot",
    help="Hear a chat model's answer while it is still being written.",
    rich_markup_mode=None,  # rich's help costs more than the rest of the start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(
    help="Show the configuration and where it comes from.", rich_markup_mode=None, no_args_is_help=True
)
app.add_typer(config_app, name="config")
app.add_typer(lab_app, name="lab")
app.add_typer(history_app, name="history")
lab_score.register(lab_app)
lab_experiments.register(lab_app)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Use this config.toml.", rich_help_panel="Configuration")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Set any key of config.toml; may be repeated."),
]
OutputOption = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE.wav", help="Write the speech to this WAV file.")
]
NoAudioOption = Annotated[bool, typer.Option("--no-audio", help="Text only: no voice, no sound.")]
RealtimeOption = Annotated[
    bool, typer.Option("--realtime", help="Write the WAV file at the pace of a loudspeaker, not as fast as possible.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print every event as one JSON object a line.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No status on standard error.")]
ChatOption = Annotated[
    str | None, typer.Option("--chat", metavar="KIND", help="Chat model: auto, ollama, openai, demo, langchain …")
]
ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="Name of the chat server's model.")]
BaseUrlOption = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Address of the chat server.")]
TtsOption = Annotated[str | None, typer.Option("--tts", metavar="KIND", help="Voice: pyttsx3, voicevox or tone.")]
VoiceOption = Annotated[
    str | None, typer.Option("--voice", help="Voice id or name; for VOICEVOX a style id or character/style.")
]
RecordOption = Annotated[
    Path | None,
    typer.Option("--record", metavar="FILE.jsonl", help="Keep the deltas and their times, for `voicebot lab replay`."),
]
ContinueOption = Annotated[bool, typer.Option("--continue", "-c", help="Go on with the latest conversation.")]
ConversationOption = Annotated[
    str | None,
    typer.Option("--conversation", metavar="NAME", help="Go on with the conversation of this name, or begin it."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def load(
    config: Path | None, assignments: list[str] | None, options: Mapping[str, tuple[str, object]] | None = None
) -> Loaded:
    """The configuration with the command's own options on top, or the end of the command."""
    from voicebot.config.loading import load_config
    from voicebot.errors import ConfigError

    given = {key: value for key, value in (options or {}).items() if value[1] is not None}
    try:
        return load_config(config, assignments=assignments or (), options=given)
    except ConfigError as error:
        show_error(error)
        raise typer.Exit(exit_code(error)) from error


def audio_options(output: str | None, no_audio: bool, realtime: bool) -> dict[str, tuple[str, object]]:
    """The options about audio as keys of config.toml."""
    options: dict[str, tuple[str, object]] = {}
    if output is not None:
        options |= {"audio.kind": ("--output", "wav"), "audio.path": ("--output", output)}
    elif no_audio:
        options |= {"audio.kind": ("--no-audio", "silent")}
    if realtime:
        if output is None:
            status("voicebot: --realtime is about a WAV file → name one with -o FILE.wav", bold=True)
            raise typer.Exit(2)
        options |= {"audio.realtime": ("--realtime", True)}
    return options


def talk_options(
    chat: str | None, model: str | None, base_url: str | None, tts: str | None, voice: str | None
) -> dict[str, tuple[str, object]]:
    """The options about chat model and voice as keys of config.toml."""
    return {
        "chat.kind": ("--chat", chat),
        "chat.model": ("--model", model),
        "chat.base_url": ("--base-url", base_url),
        "tts.kind": ("--tts", tts),
        "tts.voice": ("--voice", voice),
    }


def conversation_name(conversation: str | None, continue_: bool) -> str | None:
    """The name of the conversation to go on with; empty: the latest; None: a new one."""
    if conversation is None:
        return "" if continue_ else None
    if not conversation.strip() or not conversation.isprintable():
        status("voicebot: a conversation wants a name that can be read, such as --conversation kitchen", bold=True)
        raise typer.Exit(2)
    return conversation.strip()


@app.callback(invoke_without_command=True)
def start(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Hear a chat model's answer while it is still being written. Without a command: chat."""
    if version:
        from voicebot import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command()
def chat(
    config: ConfigOption = None,
    set_: SetOption = None,
    output: OutputOption = None,
    no_audio: NoAudioOption = False,
    realtime: RealtimeOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    record: RecordOption = None,
    chat: ChatOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    tts: TtsOption = None,
    voice: VoiceOption = None,
    continue_: ContinueOption = False,
    conversation: ConversationOption = None,
    debug: DebugOption = False,
) -> None:
    """Talk in the terminal. Enter or Ctrl-C interrupts the voice; Ctrl-C twice, Ctrl-D or "exit" leaves."""
    options = {**talk_options(chat, model, base_url, tts, voice), **audio_options(output, no_audio, realtime)}
    loaded = load(config, set_, options)
    from voicebot.cli.talk import TalkOptions, converse

    talk = TalkOptions(not no_audio, json, quiet, record, conversation_name(conversation, continue_))

    async def body(context: CommandContext) -> int:
        return await converse(loaded.config, context, talk)

    run_command(body, debug=debug)


@app.command()
def ask(
    question: Annotated[list[str], typer.Argument(help="The question; - reads it from standard input.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: OutputOption = None,
    no_audio: NoAudioOption = False,
    realtime: RealtimeOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    record: RecordOption = None,
    chat: ChatOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    tts: TtsOption = None,
    voice: VoiceOption = None,
    continue_: ContinueOption = False,
    conversation: ConversationOption = None,
    debug: DebugOption = False,
) -> None:
    """Ask one question and hear the answer while it is being written."""
    options = {**talk_options(chat, model, base_url, tts, voice), **audio_options(output, no_audio, realtime)}
    loaded = load(config, set_, options)
    text = _text(question, "question")
    from voicebot.cli.talk import TalkOptions, speak_once

    talk = TalkOptions(not no_audio, json, quiet, record, conversation_name(conversation, continue_))

    async def body(context: CommandContext) -> int:
        return await speak_once(loaded.config, context, talk, message=text)

    run_command(body, debug=debug)


@app.command()
def say(
    text: Annotated[
        list[str] | None, typer.Argument(help="The text; - or nothing speaks standard input while it arrives.")
    ] = None,
    config: ConfigOption = None,
    set_: SetOption = None,
    output: OutputOption = None,
    no_audio: NoAudioOption = False,
    realtime: RealtimeOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    record: RecordOption = None,
    tts: TtsOption = None,
    voice: VoiceOption = None,
    debug: DebugOption = False,
) -> None:
    """Speak a text, also one that is still arriving: some-program | voicebot say -"""
    options = {**talk_options(None, None, None, tts, voice), **audio_options(output, no_audio, realtime)}
    loaded = load(config, set_, options)
    from voicebot.chat.piped import GivenText, PipedChat

    source: GivenText | PipedChat
    if text and text != ["-"]:
        source = GivenText(_text(text, "text"))
    elif not text and sys.stdin.isatty():
        status('voicebot: nothing to say → voicebot say "some text", or some-program | voicebot say -', bold=True)
        raise typer.Exit(2)
    else:
        source = PipedChat()
    from voicebot.cli.talk import TalkOptions, speak_once

    async def body(context: CommandContext) -> int:
        options = TalkOptions(speak=not no_audio, as_json=json, quiet=quiet, record=record)
        return await speak_once(loaded.config, context, options, source=source)

    run_command(body, debug=debug)


@app.command()
def chunk(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A text file; - is standard input.")] = "-",
    config: ConfigOption = None,
    set_: SetOption = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="NAME", help="adaptive, sentence, punctuation or newline.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print each segment as one JSON object a line.")] = False,
    debug: DebugOption = False,
) -> None:
    """Print how a text is cut, one segment a line while it arrives: some-program | voicebot chunk"""
    loaded = load(config, set_, {"chunking.strategy": ("--strategy", strategy)})
    from voicebot.chat.piped import GivenText, PipedChat
    from voicebot.cli.chunk import chunk

    source: GivenText | PipedChat
    if file != "-":
        try:
            source = GivenText(Path(file).read_text(encoding="utf-8-sig", errors="replace"))
        except OSError as error:
            status(f"voicebot: {file}: {error.strerror} → name a text file, or - for standard input", bold=True)
            raise typer.Exit(2) from error
    elif sys.stdin.isatty():
        status("voicebot: nothing to cut → voicebot chunk FILE, or some-program | voicebot chunk", bold=True)
        raise typer.Exit(2)
    else:
        source = PipedChat()
    run_command(lambda context: chunk(loaded.config, context, source, as_json=json), debug=debug)


@app.command()
def voices(
    config: ConfigOption = None,
    set_: SetOption = None,
    tts: TtsOption = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Address of the VOICEVOX engine.")
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the voices of the configured engine."""
    loaded = load(config, set_, {"tts.kind": ("--tts", tts), "tts.base_url": ("--base-url", base_url)})
    from voicebot.cli.listing import list_voices

    run_command(lambda _: list_voices(loaded.config.tts, as_json=json), debug=debug)


@app.command()
def models(
    config: ConfigOption = None,
    set_: SetOption = None,
    chat: ChatOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the chat models of the configured server, or of every server on this machine."""
    loaded = load(config, set_, talk_options(chat, model, base_url, None, None))
    from voicebot.cli.models import list_models

    run_command(lambda _: list_models(loaded.config.chat, as_json=json), debug=debug)


@app.command()
def devices(json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the sound devices."""
    from voicebot.cli.listing import list_devices

    run_command(lambda _: list_devices(as_json=json), debug=debug)


@config_app.command("show")
def config_show(
    config: ConfigOption = None,
    set_: SetOption = None,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Print the configuration in force, as config.toml."""
    loaded = load(config, set_)
    from voicebot.cli.listing import show_config

    show_config(loaded, origin=origin, as_json=json)


@config_app.command("path")
def config_path(config: ConfigOption = None) -> None:
    """Print where config.toml is looked for, and which one is used."""
    from voicebot.cli.listing import show_paths

    raise typer.Exit(show_paths(config))


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON schema of config.toml, for editors."""
    from voicebot.cli.listing import show_schema

    show_schema()


_OF_ALL_COMMANDS = {"-h", "--help", "--version", "--install-completion", "--show-completion"}


def _text(words: list[str], what: str) -> str:
    text = sys.stdin.read() if words == ["-"] else " ".join(words)
    if not text.strip():
        status(f"voicebot: the {what} is empty", bold=True)
        raise typer.Exit(2)
    return text


def main() -> None:
    """The `voicebot` command."""
    die_quietly_until_running()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for plugins costs 30 ms
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no Japanese is no reason to stop
    arguments = sys.argv[1:]
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _OF_ALL_COMMANDS):
        sys.argv.insert(1, "chat")  # voicebot, or voicebot --tts voicevox
    app()
