"""`voicebot ask`: one question, and its answer while it is being written."""

from __future__ import annotations

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
    text_of,
)
from voicebot.cli.runner import Body


def ask(
    question: Annotated[
        list[str], typer.Argument(metavar="QUESTION", help="The question; - reads it from standard input.")
    ],
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
    settings = config.load(chat.settings(), voice.settings(), audio.settings(), quiet=shown.quiet).config
    name = conversation.name()
    text = text_of(question, noun="question")
    from voicebot.cli.talk import TalkOptions, speak_once

    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet, record, name)
    return lambda context: speak_once(settings, context, talk, message=text)
