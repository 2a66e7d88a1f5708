"""The composition root: opens what a conversation is made with, in order, in one exit stack."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from voicebot.audio import open_audio
from voicebot.chat import open_chat
from voicebot.config import AudioAuto, AudioDevice, Config
from voicebot.errors import AudioError
from voicebot.memory.window import WindowMemory
from voicebot.protocols import ChatModel
from voicebot.speech import AudioFormat
from voicebot.text.chunking import Chunker
from voicebot.tts import open_synthesizer
from voicebot.turn import Parts

Announce = Callable[[str], None]
"""Takes a sentence for the person at the terminal or in the log."""


@asynccontextmanager
async def open_parts(
    config: Config, *, announce: Announce, chat: ChatModel | None = None, speak: bool = True
) -> AsyncIterator[Parts]:
    """Open chat model, voice and audio output, whatever takes long at the same time.

    `chat` stands in for the configured one; without `speak` there is text only. Raises VoicebotError.
    """
    async with AsyncExitStack() as stack:
        synthesizer = None
        if speak:
            if isinstance(config.audio, AudioAuto | AudioDevice):
                threading.Thread(target=_load_portaudio, daemon=True).start()  # the import itself takes long
            synthesizer = await stack.enter_async_context(open_synthesizer(config.tts))
        if chat is None:
            chat = await stack.enter_async_context(open_chat(config.chat, announce=announce))
        format = synthesizer.format if synthesizer else AudioFormat(24_000)
        output = await stack.enter_async_context(open_audio(config.audio, format, announce=announce))
        yield Parts(
            chat=chat,
            synthesizer=synthesizer,
            output=output,
            new_chunker=partial(
                Chunker,
                strategy=config.chunking.strategy,
                delimiters=config.chunking.delimiters,
                max_characters=config.chunking.max_characters,
            ),
            idle_seconds=config.chunking.idle_seconds,
        )


def open_memory(config: Config) -> WindowMemory:
    """What the chat model is told of the conversation."""
    return WindowMemory(system_prompt=config.session.system_prompt, turns=config.session.turns)


def _load_portaudio() -> None:
    from voicebot.audio.portaudio import import_sounddevice

    with suppress(AudioError):  # whoever opens the device says so
        import_sounddevice()
