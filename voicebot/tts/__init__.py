"""Voices: one file an engine, and the one place that chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import assert_never

from voicebot.config.models import TtsConfig, TtsPlugin, TtsPyttsx3, TtsRabbitmq, TtsTone, TtsVoicevox
from voicebot.distributed.packages import require_packages
from voicebot.errors import VoiceUnavailable
from voicebot.protocols import Synthesizer
from voicebot.text.respelling import OwnWords


def open_synthesizer(
    config: TtsConfig, *, japanese_expected: bool = False, words: Callable[[], OwnWords] = OwnWords
) -> AbstractAsyncContextManager[Synthesizer]:
    """The configured voice, ready to speak.

    `japanese_expected`: load at once what a voice needs for Japanese alone. `words` are the person's own, for engines
    that can be told their accents. Raises VoiceUnavailable.
    """
    match config:
        case TtsPyttsx3():
            from voicebot.tts.pyttsx3_local import open_pyttsx3

            return open_pyttsx3(config, japanese_expected=japanese_expected)
        case TtsVoicevox():
            from voicebot.tts.voicevox import open_voicevox

            return open_voicevox(config, words=words)
        case TtsTone():
            from voicebot.tts.tone import open_tone

            return open_tone(config)
        case TtsPlugin():
            from voicebot.tts.plugin import open_plugin

            return open_plugin(config)
        case TtsRabbitmq():
            return _open_rabbitmq(config, japanese_expected=japanese_expected, words=words)
        case _:
            assert_never(config)


async def list_voices(config: TtsConfig) -> list[dict[str, object]]:
    """The voices of the configured engine, each with what names it in the configuration. Raises VoiceUnavailable."""
    match config:
        case TtsPyttsx3():
            from voicebot.tts.pyttsx3_local import open_pyttsx3

            async with open_pyttsx3(config.model_copy(update={"voice": ""})) as local:
                return [{"voice": v.id, "name": v.name, "languages": list(v.languages)} for v in await local.voices()]
        case TtsVoicevox():
            from voicebot.tts.voicevox import list_voices as list_styles

            return [{"voice": f"{v.character}/{v.style}", "style_id": v.style_id} for v in await list_styles(config)]
        case TtsTone():
            return [{"voice": "tone"}]
        case TtsPlugin():
            from voicebot.tts.plugin import open_plugin

            async with open_plugin(config) as plugin:
                return [{"voice": plugin.name, "languages": list(plugin.capabilities.languages)}]
        case TtsRabbitmq():
            require_packages(VoiceUnavailable)
            from voicebot.distributed.client import list_voices as list_remote

            return await list_remote(config)
        case _:
            assert_never(config)


@asynccontextmanager
async def _open_rabbitmq(
    config: TtsRabbitmq, *, japanese_expected: bool, words: Callable[[], OwnWords]
) -> AsyncIterator[Synthesizer]:
    """The workers' voice, with this machine's own beside it where one is configured."""
    require_packages(VoiceUnavailable)
    from voicebot.distributed.client import open_rabbitmq

    async with AsyncExitStack() as stack:
        fallback = None
        if config.fallback is not None:
            fallback = await stack.enter_async_context(
                open_synthesizer(config.fallback, japanese_expected=japanese_expected, words=words)
            )
        yield await stack.enter_async_context(open_rabbitmq(config, fallback))
