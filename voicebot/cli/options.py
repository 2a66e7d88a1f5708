"""The options that several commands share, each defined once, and the groups in which commands take them.

A group is a dataclass; `voicebot.cli.command` spreads its fields out as options of the command that takes it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, assert_never

import typer

from voicebot.cli import completion
from voicebot.cli.completion import completing
from voicebot.cli.help import COMMON
from voicebot.cli.output import hide, status
from voicebot.cli.runner import UsageError
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.loading import Loaded
    from voicebot.config.models import TtsConfig

Settings = Mapping[str, tuple[str, object]]
"""Dotted key of config.toml → the option that sets it, and its value; None where the person did not give it."""
_USUAL_RATE = 200
"""Words a minute at which an engine that counts in times its usual speed is taken to speak."""

ConfigFileOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Use this config.toml.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Set any key of config.toml; may be repeated."),
]
ChatOption = Annotated[
    str | None,
    typer.Option(
        "--chat",
        metavar="KIND",
        autocompletion=completing(completion.kinds("chat")),
        help="Chat model: auto, ollama, openai, demo, langchain …",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        autocompletion=completing(completion.models),
        help="Name of the model on the chat server.",
    ),
]
BaseUrlOption = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Address of the chat server.")]
TtsOption = Annotated[
    str | None,
    typer.Option(
        "--tts",
        metavar="KIND",
        autocompletion=completing(completion.kinds("tts")),
        help="Speech engine: pyttsx3, voicevox, tone or rabbitmq.",
    ),
]
VoiceOption = Annotated[
    str | None,
    typer.Option(
        "--voice",
        "-v",
        metavar="VOICE",
        autocompletion=completing(completion.voices),
        help="Voice id or name, or a language; for VOICEVOX a style id or character/style.",
    ),
]
RateOption = Annotated[
    int | None,
    typer.Option(
        "--rate", "-r", metavar="WORDS", min=50, max=500, help="How fast to speak: words a minute; 200 is usual."
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE.wav",
        help="Write the speech to this WAV file instead of playing it; - is standard output.",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")]
NoAudioOption = Annotated[bool, typer.Option("--no-audio", help="Text only: no voice, no sound.")]
RealtimeOption = Annotated[
    bool, typer.Option("--realtime", help="Write the WAV file in real time instead of as fast as possible.")
]
RecordOption = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="FILE.jsonl",
        help="Record the reply with its timing, for `voicebot lab replay`.",
        rich_help_panel="Output options",
    ),
]
ContinueOption = Annotated[bool, typer.Option("--continue", "-c", help="Continue the latest conversation.")]
ConversationOption = Annotated[
    str | None,
    typer.Option(
        "--conversation",
        metavar="NAME",
        autocompletion=completing(completion.conversations),
        help="Continue the conversation with this name, or start it.",
    ),
]
NoLogOption = Annotated[bool, typer.Option("--no-log", help="Keep nothing of this run in the history.")]
SystemOption = Annotated[
    str | None,
    typer.Option("--system", "-s", metavar="TEXT", help="Instructions for the chat model: its system prompt."),
]
StrategyOption = Annotated[
    str | None,
    typer.Option(
        "--strategy",
        metavar="NAME",
        autocompletion=completing(completion.strategies),
        help="How to cut: adaptive, sentence, punctuation, newline, or package.module:attribute.",
    ),
]
JsonEventsOption = Annotated[
    bool, typer.Option("--json", help="Print events as JSON, one object per line.", rich_help_panel="Output options")
]
JsonLinesOption = Annotated[
    bool, typer.Option("--json", help="Print JSON, one object per line.", rich_help_panel="Output options")
]
JsonListOption = Annotated[bool, typer.Option("--json", help="Print a JSON list.", rich_help_panel="Output options")]
JsonObjectOption = Annotated[
    bool, typer.Option("--json", help="Print a JSON object.", rich_help_panel="Output options")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no status on standard error.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.", rich_help_panel=COMMON)]


@dataclass(frozen=True, slots=True)
class ConfigOptions:
    """Which configuration the command works with."""

    heading: ClassVar[str] = COMMON
    config: ConfigFileOption = None
    set_: SetOption = None

    def load(self, *settings: Settings, rate: int | None = None, quiet: bool = False) -> Loaded:
        """The configuration with the command's own options on top; says what the current folder has to do with it.

        `rate` is words a minute, whatever the engine counts in. Raises ConfigError, and UsageError for a rate that the
        engine does not have.
        """
        from voicebot.config.loading import load_config

        given = {key: option for group in settings for key, option in group.items() if option[1] is not None}
        loaded = load_config(self.config, assignments=self.set_ or (), options=given)
        if rate is not None:
            given |= _rate_settings(loaded.config.tts, rate)
            loaded = load_config(self.config, assignments=self.set_ or (), options=given)
        from voicebot.held_secrets import held_secrets

        hide(held_secrets(loaded.config))
        if loaded.used and not quiet:
            status(loaded.used)
        if loaded.refused:
            from voicebot.cli.refused_keys import in_short

            for line in in_short(loaded.refused):
                status(line)
        return loaded


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Who writes the reply."""

    heading: ClassVar[str] = "Chat options"
    chat: ChatOption = None
    model: ModelOption = None
    base_url: BaseUrlOption = None

    def settings(self) -> Settings:
        """The keys of config.toml that these options set."""
        return {
            "chat.kind": ("--chat", self.chat),
            "chat.model": ("--model", self.model),
            "chat.base_url": ("--base-url", self.base_url),
        }


@dataclass(frozen=True, slots=True)
class VoiceOptions:
    """Who speaks it."""

    heading: ClassVar[str] = "Voice options"
    tts: TtsOption = None
    voice: VoiceOption = None
    rate: RateOption = None

    def settings(self) -> Settings:
        """The keys of config.toml that these options set."""
        return {"tts.kind": ("--tts", self.tts), "tts.voice": ("--voice", self.voice)}


@dataclass(frozen=True, slots=True)
class AudioOptions:
    """Where the speech goes."""

    heading: ClassVar[str] = "Audio options"
    output: OutputOption = None
    no_audio: NoAudioOption = False
    realtime: RealtimeOption = False
    force: ForceOption = False

    def claim(self, *, as_json: bool) -> None:
        """Make sure that the speech may go where --output says, and leave standard output to it where that is meant.

        Raises UsageError.
        """
        if self.output is None:
            return
        if self.no_audio:
            raise UsageError(tr("with --no-audio there is no speech to write"), hint=tr("leave --no-audio or -o out"))
        if self.output == "-":
            if as_json:
                raise UsageError(
                    tr("--json and -o - both need standard output"), hint=tr("name a file with -o FILE.wav")
                )
            if sys.stdout.isatty():
                raise UsageError(
                    tr("a terminal cannot show a WAV file"), hint=tr('for example: voicebot say "Hello." -o - | aplay')
                )
            sys.stdout = sys.stderr  # so that nothing else gets among the audio
            return
        path = Path(self.output).expanduser()
        if re.fullmatch(r"\.[a-z]\w*", suffix := path.suffix.lower()) and suffix not in (".wav", ".wave"):
            raise UsageError(
                tr("the speech is written as WAV, not as {suffix}", suffix=suffix[1:]),
                hint=tr(
                    "name it {path}, or convert it: voicebot … -o - | ffmpeg -i - {target}",
                    path=path.with_suffix(".wav"),
                    target=path,
                ),
            )
        refuse_to_overwrite(path, force=self.force)

    def settings(self) -> Settings:
        """The keys of config.toml that these options set. Raises UsageError."""
        settings: dict[str, tuple[str, object]] = {}
        if self.output is not None:
            settings |= {"audio.kind": ("--output", "wav"), "audio.path": ("--output", self.output)}
        elif self.no_audio:
            settings |= {"audio.kind": ("--no-audio", "silent")}
        if self.realtime:
            if self.output is None:
                raise UsageError(tr("--realtime needs a WAV file"), hint=tr("name one with -o FILE.wav"))
            settings |= {"audio.realtime": ("--realtime", True)}
        return settings


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """What is shown of a turn."""

    heading: ClassVar[str] = "Output options"
    json: JsonEventsOption = False
    quiet: QuietOption = False


@dataclass(frozen=True, slots=True)
class ConversationOptions:
    """Which conversation the turns belong to."""

    heading: ClassVar[str] = "Chat options"
    system: SystemOption = None
    continue_: ContinueOption = False
    conversation: ConversationOption = None
    no_log: NoLogOption = False

    def settings(self) -> Settings:
        """The keys of config.toml that these options set."""
        return {
            "conversation.system_prompt": ("--system", self.system),
            "memory.store": ("--no-log", False if self.no_log else None),
        }

    def name(self) -> str | None:
        """The conversation to continue; empty: the latest; None: a new one. Raises UsageError."""
        if self.conversation is None:
            return "" if self.continue_ else None
        if not self.conversation.strip() or not self.conversation.isprintable():
            raise UsageError(tr("a conversation needs a printable name"), hint=tr("for example --conversation kitchen"))
        return self.conversation.strip()


def refuse_to_overwrite(path: Path, *, force: bool) -> None:
    """Raise UsageError where there is a file already, unless that is what the person asks for."""
    if path.is_file() and not force:
        raise UsageError(tr("{path} is there already", path=path), hint=tr("choose another file, or add --force"))


def _rate_settings(tts: TtsConfig, rate: int) -> dict[str, tuple[str, object]]:
    """The key of config.toml that means `rate` words a minute. Raises UsageError where the engine has no such key."""
    match tts.kind:
        case "pyttsx3":
            return {"tts.rate": ("--rate", rate)}
        case "voicevox" | "rabbitmq":
            return {"tts.speed": ("--rate", rate / _USUAL_RATE)}
        case "tone":
            raise UsageError(
                tr("the tone has no rate"), hint=tr("--rate needs another engine: --tts pyttsx3 or voicevox")
            )
        case "plugin":
            raise UsageError(
                tr("--rate is unknown to a plugin"), hint=tr("tts.options in config.toml holds what it can be told")
            )
        case _:
            assert_never(tts)


def text_of(words: Sequence[str]) -> str:
    """The words of a command as one text. Raises UsageError where it is empty."""
    text = " ".join(words)
    if not text.strip():
        raise UsageError(tr("the text is empty"))
    return text
