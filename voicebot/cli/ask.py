"""`voicebot ask`: one question, and its answer while it is being written."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from voicebot.cli.options import (
    AudioOptions,
    ChatOptions,
    ConfigOptions,
    ConversationOptions,
    RecordOption,
    ViewOptions,
    VoiceOptions,
)
from voicebot.cli.runner import Body, UsageError
from voicebot.cli.standard_input import question_of
from voicebot.cli.verbs import DaemonOptions, ask_daemon
from voicebot.translation import tr


def ask(
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUESTION", help="The question; text that is piped in, or -, follows it."),
    ] = None,
    *,
    config: ConfigOptions,
    audio: AudioOptions,
    shown: ViewOptions,
    record: RecordOption = None,
    chat: ChatOptions,
    voice: VoiceOptions,
    conversation: ConversationOptions,
    daemon: DaemonOptions,
) -> Body | int:
    """Ask one question and hear the answer while it is being written; if the daemon is running, it answers.

    Examples:
      voicebot "Why is the sky blue?"
      cat notes.txt | voicebot ask "Summarise this"
      voicebot ask 日本の首都は？ -v ja -o answer.wav
    """
    audio.claim(as_json=shown.json)
    groups = (chat.settings(), voice.settings(), audio.settings(), conversation.settings())
    settings = config.load(*groups, rate=voice.rate, quiet=shown.quiet).config
    name = conversation.name()
    if not question and sys.stdin.isatty():
        raise UsageError(tr("nothing to ask"), hint=tr('voicebot ask "How are you?", or some-program | voicebot ask'))
    text = question_of(question or ())
    # What says how it is answered, where it is heard or what is shown can only be honoured by a process of its own.
    own = [record, shown.json or None, config.config, config.set_]
    groups_as_they_are = [audio, chat, voice, conversation] == [
        AudioOptions(),
        ChatOptions(),
        VoiceOptions(),
        ConversationOptions(),
    ]
    if groups_as_they_are and own == [None] * len(own):
        connection = daemon.connect(autospawn=daemon.daemon is None and settings.daemon.autospawn)
        if connection is not None:
            return ask_daemon(text, daemon, connection, quiet=shown.quiet)
    elif daemon.daemon:
        raise UsageError(tr("the daemon answers with its own model and voice"), hint=tr("leave --daemon out"))
    from voicebot.cli.talk import TalkOptions, speak_once

    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet, record, name)
    return lambda context: speak_once(settings, context, talk, message=text)
