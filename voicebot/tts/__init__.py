"""Voices: one file an engine, and the one place that chooses."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import assert_never

from voicebot.config.models import TtsConfig, TtsPyttsx3, TtsTone, TtsVoicevox
from voicebot.protocols import Synthesizer


def open_synthesizer(config: TtsConfig, *, japanese_expected: bool = False) -> AbstractAsyncContextManager[Synthesizer]:
    """The configured voice, ready to speak.

    `japanese_expected`: load at once what a voice needs for Japanese alone. Raises VoiceUnavailable.
    """
    match config:
        case TtsPyttsx3():
            from voicebot.tts.pyttsx3_local import open_pyttsx3

            return open_pyttsx3(config, japanese_expected=japanese_expected)
        case TtsVoicevox():
            from voicebot.tts.voicevox import open_voicevox

            return open_voicevox(config)
        case TtsTone():
            from voicebot.tts.tone import open_tone

            return open_tone(config)
        case _:
            assert_never(config)
