"""`voicebot chat`, or `voicebot` alone: talk in the terminal."""

from __future__ import annotations

from voicebot.cli.options import (
    AudioOptions,
    ChatOptions,
    ConfigOptions,
    ConversationOptions,
    RecordOption,
    ViewOptions,
    VoiceOptions,
)
from voicebot.cli.runner import Body


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
    """Talk in the terminal. Enter or Ctrl-C interrupts the voice; Ctrl-C twice, Ctrl-D or "exit" leaves.

    Examples:
      voicebot chat --chat ollama --model llama3.2
      voicebot chat -c -s "Answer in one sentence."
    """
    audio.claim(as_json=shown.json)
    groups = (chat.settings(), voice.settings(), audio.settings(), conversation.settings())
    settings = config.load(*groups, rate=voice.rate, quiet=shown.quiet).config
    name = conversation.name()
    from voicebot.cli.talk import TalkOptions, converse

    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet, record, name)
    return lambda context: converse(settings, context, talk)
