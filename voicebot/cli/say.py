"""`voicebot say`: a text as it stands, even one that is still arriving."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.options import AudioOptions, ConfigOptions, RecordOption, ViewOptions, VoiceOptions, text_of
from voicebot.cli.runner import Body, UsageError
from voicebot.cli.verbs import DaemonOptions, perform_say

if TYPE_CHECKING:
    from voicebot.chat.piped import GivenText, PipedChat


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
    daemon: DaemonOptions,
) -> Body | int:
    """Speak a text, even one that is still arriving.

    Examples:
      voicebot say "Good morning." --rate 160
      some-program | voicebot say -
      voicebot say "Good morning." -o - | aplay
    """
    audio.claim(as_json=shown.json)
    # What says how it sounds, where it goes or what is shown of it, only a process of its own can honour.
    own = [record, shown.json or None, config.config, config.set_, voice.tts, voice.voice, voice.rate]
    if audio == AudioOptions() and own == [None] * len(own) and text and text != ["-"]:
        autospawn = daemon.daemon is None and config.load(quiet=True).config.daemon.autospawn
        if (connection := daemon.connect(autospawn=autospawn)) is not None:
            return perform_say(connection, text_of(text, noun="text"), daemon.as_light(quiet=shown.quiet))
    elif daemon.daemon:
        raise UsageError("the daemon speaks with its own voice, and to its own loudspeaker", hint="leave --daemon out")
    settings = config.load(voice.settings(), audio.settings(), rate=voice.rate, quiet=shown.quiet).config
    from voicebot.chat.piped import GivenText, PipedChat

    source: GivenText | PipedChat
    if text and text != ["-"]:
        source = GivenText(text_of(text, noun="text"))
    elif not text and sys.stdin.isatty():
        raise UsageError("nothing to say", hint='voicebot say "some text", or some-program | voicebot say -')
    else:
        source = PipedChat()
    from voicebot.cli.talk import TalkOptions, speak_once

    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet, record)
    return lambda context: speak_once(settings, context, talk, source=source)
