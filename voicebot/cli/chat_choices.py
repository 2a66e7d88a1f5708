"""Which voices and chat models a conversation can change to, and opening the one that was chosen."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, assert_never

from voicebot.config.models import (
    ChatAuto,
    ChatOllama,
    ChatOpenAI,
    Config,
    TtsPlugin,
    TtsPyttsx3,
    TtsRabbitmq,
    TtsTone,
    TtsVoicevox,
)
from voicebot.errors import ChatError, UnknownVoice
from voicebot.protocols import ChatModel, Synthesizer
from voicebot.translation import language, tr

if TYPE_CHECKING:
    from voicebot.pacing import VoiceCost


async def voice_names(config: Config, synthesizer: Synthesizer | None) -> list[str]:
    """What can stand behind /voice; empty where the engine has one voice. Raises VoicebotError."""
    match config.tts:
        case TtsPyttsx3():
            from voicebot.tts.pyttsx3_local import Pyttsx3Synthesizer

            voices = await synthesizer.voices() if isinstance(synthesizer, Pyttsx3Synthesizer) else []
            numbers = in_order([voice.languages for voice in voices], language())
            return [voices[number].id for number in numbers]
        case TtsVoicevox():
            from voicebot.tts.voicevox import list_voices

            return [style.name for style in await list_voices(config.tts)]
        case TtsTone() | TtsPlugin() | TtsRabbitmq():
            return []
        case _:
            assert_never(config.tts)


def in_order(languages: Sequence[Sequence[str]], own: str) -> list[int]:
    """The numbers of voices that speak these languages: first the person's `own`, then our two first languages."""
    from voicebot.text.language_tags import closest

    first = [number for tag in (own, "en", "ja") for number in closest(tag, languages)]
    return [*dict.fromkeys([*first, *range(len(languages))])]


@asynccontextmanager
async def open_voice(config: Config, voice: str) -> AsyncGenerator[tuple[Synthesizer, VoiceCost], None]:
    """The voice of this name, and what is known of the time it takes. Raises VoicebotError."""
    from voicebot.dictionary import Dictionary, dictionary_path
    from voicebot.tts import open_synthesizer
    from voicebot.voice_costs import remembered_cost, try_out

    tts, words = config.tts.model_copy(update={"voice": voice}), Dictionary(dictionary_path()).words
    async with AsyncExitStack() as stack:
        try:
            synthesizer = await stack.enter_async_context(open_synthesizer(tts, words=words))
        except UnknownVoice as error:  # whose hint is a command of the shell
            raise UnknownVoice(error.message, hint=tr("/voice lists them")) from error
        with remembered_cost(synthesizer.identity) as cost:
            await try_out(synthesizer, cost)
            yield synthesizer, cost


async def model_names(config: Config) -> list[str]:
    """What can stand behind /model. Raises VoicebotError where there is nothing to choose from."""
    match config.chat:
        case ChatAuto():
            from voicebot.chat.discovery import find_server

            found = await find_server(config.chat)
            if found.config is None:
                raise ChatError(found.why, hint=tr("start a chat server, and begin a chat with it"))
            return await model_names(config.model_copy(update={"chat": found.config}))
        case ChatOllama():
            from voicebot.chat.ollama import list_ollama_models

            return [model.name for model in await list_ollama_models(config.chat)]
        case ChatOpenAI():
            from voicebot.chat.openai_compatible import list_openai_models

            return [model.name for model in await list_openai_models(config.chat)]
        case _:
            raise ChatError(
                tr("the kind {kind} has no models to choose from", kind=config.chat.kind),
                hint=tr("begin a chat with --chat ollama, or --chat openai"),
            )


@asynccontextmanager
async def open_model(config: Config, model: str, *, notify: Callable[[str], None]) -> AsyncGenerator[ChatModel, None]:
    """The chat model of this name on the server of `config`. Raises VoicebotError."""
    from voicebot.chat import open_chat

    names = await model_names(config)  # which says what to do where there is no server at all
    if not isinstance(config.chat, ChatAuto):  # it may find the model on another one
        from voicebot.chat.wire.models import has_model, nearest_model

        if names and not has_model(names, model):
            near = nearest_model(model, names)
            raise ChatError(
                tr("there is no model {model!r}; near to it: {near}", model=model, near=near)
                if near
                else tr("there is no model {model!r}", model=model),
                hint=tr("/model lists them"),
            )
    async with open_chat(config.chat.model_copy(update={"model": model}), notify=notify) as chat:
        yield chat


def conversation_names(config: Config) -> list[str]:
    """The conversations in the history, the latest first; empty without a history."""
    import sqlite3

    from voicebot.memory.sqlite_file import history_path
    from voicebot.memory.sqlite_store import known_names

    try:
        return [*known_names(history_path(config.memory.path)).conversations]
    except sqlite3.Error:
        return []
