"""`voicebot say`: a text as it stands, even one that is still arriving."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from voicebot.cli.options import AudioOptions, ConfigOptions, RecordOption, ViewOptions, VoiceOptions, text_of
from voicebot.cli.runner import Body, UsageError
from voicebot.cli.verbs import DaemonOptions, let_daemon
from voicebot.daemon.text_sources import NoText
from voicebot.daemon.verbs import Options, given_text
from voicebot.errors import VoicebotError
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.chat.piped import GivenText, PipedChat


@dataclass(frozen=True, slots=True)
class TextOptions:
    """Where the text is, if it is not typed."""

    heading: ClassVar[str] = "Text options"
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Say what is in this file.")] = None
    clipboard: Annotated[bool, typer.Option("--clipboard", help="Say what was copied last.")] = False
    selection: Annotated[bool, typer.Option("--selection", help="Say what is selected in any window.")] = False
    toggle: Annotated[
        bool, typer.Option("--toggle", help="Stop instead if it is being said already: for a keyboard shortcut.")
    ] = False

    def pointed(self) -> bool:
        """Whether the text is anywhere but on the command line or standard input."""
        return self.file is not None or self.clipboard or self.selection

    def flags(self) -> set[str]:
        """As the light client has them."""
        named = (("--clipboard", self.clipboard), ("--selection", self.selection), ("--toggle", self.toggle))
        return {name for name, on in named if on}


def say(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="The text; without it, or with -, standard input is spoken as it arrives."),
    ] = None,
    *,
    config: ConfigOptions,
    audio: AudioOptions,
    shown: ViewOptions,
    record: RecordOption = None,
    voice: VoiceOptions,
    given: TextOptions,
    daemon: DaemonOptions,
) -> Body | int:
    """Speak a text, even one that is still arriving; if the daemon is running, it speaks.

    Examples:
      voicebot say "Good morning." --rate 160
      some-program | voicebot say -
      voicebot say --selection --toggle
      voicebot say "Good morning." -o - | aplay
    """
    audio.claim(as_json=shown.json)
    if given.pointed() + bool(text) > 1 or given.clipboard + given.selection + (given.file is not None) > 1:
        raise UsageError(
            tr("there is more than one text"), hint=tr("choose one of TEXT, --file, --clipboard and --selection")
        )
    if text and text != ["-"]:
        text_of(text)
    elif not text and not given.pointed() and sys.stdin.isatty():
        raise UsageError(tr("nothing to say"), hint=tr('voicebot say "some text", or some-program | voicebot say -'))
    settings = config.load(voice.settings(), audio.settings(), rate=voice.rate, quiet=shown.quiet).config
    values = daemon.values() | {"--file": str(given.file) if given.file else None}
    asked = Options(text or (), given.flags() | daemon.flags(quiet=shown.quiet), values)
    # What says how it sounds, where it goes or what is shown of it can only be honoured by a process of its own.
    own = [record, shown.json or None, config.config, config.set_, voice.tts, voice.voice, voice.rate]
    if audio == AudioOptions() and own == [None] * len(own):
        start = daemon.daemon is None and (given.toggle or settings.daemon.autospawn)
        connection = daemon.connect(autospawn=start)
        if connection is not None and (code := let_daemon("say", asked, connection)) is not None:
            return code
    elif daemon.daemon:
        raise UsageError(
            tr("the daemon speaks with its own voice, to its own loudspeaker"), hint=tr("leave --daemon out")
        )
    source = _source(asked)
    from voicebot.cli.talk import TalkOptions, speak_once

    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet, record)
    return lambda context: speak_once(settings, context, talk, source=source)


def _source(asked: Options) -> GivenText | PipedChat:
    """What this process says."""
    from voicebot.chat.piped import GivenText, PipedChat

    try:
        text = given_text(asked)
    except NoText as error:
        raise VoicebotError(error.message, hint=error.hint) from error
    return GivenText(text_of([text])) if isinstance(text, str) else PipedChat()
