"""The commands. Each imports what it needs when it runs, so that `voicebot --help` is there at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.command import add_command
from voicebot.cli.history import history_app
from voicebot.cli.lab import lab_app
from voicebot.cli.options import (
    AudioOptions,
    ChatOptions,
    ConfigFileOption,
    ConfigOptions,
    ConversationOptions,
    JsonLinesOption,
    JsonObjectOption,
    RecordOption,
    StrategyOption,
    TtsOption,
    ViewOptions,
    VoiceOptions,
)
from voicebot.cli.runner import OK, Body, CommandContext, UsageError, die_quietly_until_running

if TYPE_CHECKING:
    from voicebot.chat.piped import GivenText, PipedChat

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


@app.callback(invoke_without_command=True)
def start(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Hear a chat model's answer while it is still being written. Without a command: chat."""
    if version:
        from voicebot import __version__

        typer.echo(__version__)
        raise typer.Exit


def chat(
    *,
    config: ConfigOptions,
    audio: AudioOptions,
    shown: ViewOptions,
    record: RecordOption = None,
    chat: ChatOptions,
    voice: VoiceOptions,
    conversation: ConversationOptions,
) -> Body:
    """Talk in the terminal. Enter or Ctrl-C interrupts the voice; Ctrl-C twice, Ctrl-D or "exit" leaves."""
    settings = config.load(chat.settings(), voice.settings(), audio.settings()).config
    name = conversation.name()
    from voicebot.cli.talk import TalkOptions, converse

    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet, record, name)

    async def body(context: CommandContext) -> int:
        return await converse(settings, context, talk)

    return body


def ask(
    question: Annotated[list[str], typer.Argument(help="The question; - reads it from standard input.")],
    *,
    config: ConfigOptions,
    audio: AudioOptions,
    shown: ViewOptions,
    record: RecordOption = None,
    chat: ChatOptions,
    voice: VoiceOptions,
    conversation: ConversationOptions,
) -> Body:
    """Ask one question and hear the answer while it is being written."""
    settings = config.load(chat.settings(), voice.settings(), audio.settings()).config
    name = conversation.name()
    text = _text(question, "question")
    from voicebot.cli.talk import TalkOptions, speak_once

    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet, record, name)

    async def body(context: CommandContext) -> int:
        return await speak_once(settings, context, talk, message=text)

    return body


def say(
    text: Annotated[
        list[str] | None, typer.Argument(help="The text; - or nothing speaks standard input while it arrives.")
    ] = None,
    *,
    config: ConfigOptions,
    audio: AudioOptions,
    shown: ViewOptions,
    record: RecordOption = None,
    voice: VoiceOptions,
) -> Body:
    """Speak a text, also one that is still arriving: some-program | voicebot say -"""
    settings = config.load(voice.settings(), audio.settings()).config
    from voicebot.chat.piped import GivenText, PipedChat

    source: GivenText | PipedChat
    if text and text != ["-"]:
        source = GivenText(_text(text, "text"))
    elif not text and sys.stdin.isatty():
        raise UsageError("nothing to say", hint='voicebot say "some text", or some-program | voicebot say -')
    else:
        source = PipedChat()
    from voicebot.cli.talk import TalkOptions, speak_once

    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet, record)

    async def body(context: CommandContext) -> int:
        return await speak_once(settings, context, talk, source=source)

    return body


def chunk(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A text file; - is standard input.")] = "-",
    *,
    config: ConfigOptions,
    strategy: StrategyOption = None,
    json: JsonLinesOption = False,
) -> Body:
    """Print how a text is cut, one segment a line while it arrives: some-program | voicebot chunk"""
    settings = config.load({"chunking.strategy": ("--strategy", strategy)}).config
    from voicebot.chat.piped import GivenText, PipedChat
    from voicebot.cli.chunk import chunk

    source: GivenText | PipedChat
    if file != "-":
        try:
            source = GivenText(Path(file).read_text(encoding="utf-8-sig", errors="replace"))
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}", hint="name a text file, or - for standard input") from error
    elif sys.stdin.isatty():
        raise UsageError("nothing to cut", hint="voicebot chunk FILE, or some-program | voicebot chunk")
    else:
        source = PipedChat()
    return lambda context: chunk(settings, context, source, as_json=json)


def voices(
    *,
    config: ConfigOptions,
    tts: TtsOption = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Address of the VOICEVOX engine.")
    ] = None,
    json: JsonLinesOption = False,
) -> Body:
    """List the voices of the configured engine."""
    settings = config.load({"tts.kind": ("--tts", tts), "tts.base_url": ("--base-url", base_url)}).config
    from voicebot.cli.listing import list_voices

    return lambda _: list_voices(settings.tts, as_json=json)


def models(*, config: ConfigOptions, chat: ChatOptions, json: JsonLinesOption = False) -> Body:
    """List the chat models of the configured server, or of every server on this machine."""
    settings = config.load(chat.settings()).config
    from voicebot.cli.models import list_models

    return lambda _: list_models(settings.chat, as_json=json)


def devices(*, json: JsonLinesOption = False) -> Body:
    """List the sound devices."""
    from voicebot.cli.listing import list_devices

    return lambda _: list_devices(as_json=json)


def show(
    *,
    config: ConfigOptions,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    json: JsonObjectOption = False,
) -> int:
    """Print the configuration in force, as config.toml."""
    loaded = config.load()
    from voicebot.cli.listing import show_config

    show_config(loaded, origin=origin, as_json=json)
    return OK


def path(config: ConfigFileOption = None) -> int:
    """Print where config.toml is looked for, and which one is used."""
    from voicebot.cli.listing import show_paths

    return show_paths(config)


def schema() -> int:
    """Print the JSON schema of config.toml, for editors."""
    from voicebot.cli.listing import show_schema

    show_schema()
    return OK


def _text(words: list[str], what: str) -> str:
    text = sys.stdin.read() if words == ["-"] else " ".join(words)
    if not text.strip():
        raise UsageError(f"the {what} is empty")
    return text


add_command(app, chat)
add_command(app, ask)
add_command(app, say)
add_command(app, chunk)
add_command(app, voices)
add_command(app, models)
add_command(app, devices)
add_command(config_app, show)
add_command(config_app, path)
add_command(config_app, schema)
app.add_typer(config_app, name="config")
app.add_typer(lab_app, name="lab")
app.add_typer(history_app, name="history")

_OF_ALL_COMMANDS = {"-h", "--help", "--version", "--install-completion", "--show-completion"}


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
