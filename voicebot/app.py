"""The composition root: opens what a conversation is made with, in order, in one exit stack."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from voicebot.audio import open_audio
from voicebot.chat import open_chat
from voicebot.config.models import AudioAuto, AudioDevice, ChatLangChain, Config
from voicebot.errors import AudioError
from voicebot.memory.window import WindowMemory
from voicebot.protocols import AudioOutput, ChatModel, Memory, Synthesizer
from voicebot.speech import AudioFormat
from voicebot.tts import open_synthesizer

if TYPE_CHECKING:
    from voicebot.pacing import VoiceCost
    from voicebot.text.chunking import Chunker
    from voicebot.turn import Pipeline

Notify = Callable[[str], None]
"""Takes a sentence for the person at the terminal or in the log."""


@asynccontextmanager
async def open_pipeline(
    config: Config,
    *,
    notify: Notify,
    chat: ChatModel | None = None,
    speak: bool = True,
    japanese_expected: bool = False,
    say: Notify | None = None,
) -> AsyncIterator[Pipeline]:
    """Open chat model, voice and audio output, whatever takes long at the same time.

    `chat` stands in for the configured one; without `speak` there is text only; `japanese_expected` lets the voice load
    what only Japanese needs. `say` is given what a timer wants said when it is due, and must not block; without it that
    is announced. Raises VoicebotError.
    """
    needs_portaudio = speak and isinstance(config.audio, AudioAuto | AudioDevice)
    threading.Thread(target=_load, args=(needs_portaudio,), daemon=True).start()
    async with AsyncExitStack() as stack:
        synthesizer = None
        if speak:
            synthesizer = await stack.enter_async_context(
                open_synthesizer(config.tts, japanese_expected=japanese_expected)
            )
            if synthesizer.credit:
                notify(synthesizer.credit)
        if chat is None:
            chat = await stack.enter_async_context(open_chat(config.chat, notify=notify))
            if isinstance(config.chat, ChatLangChain):
                from voicebot.tools.answers import AnswersOnly

                chat = AnswersOnly(chat)  # its agent may write down its thoughts
            if config.tools.enabled or config.tools.mcp:
                chat = await stack.enter_async_context(_open_tool_use(config, chat, notify, say or notify))
        from voicebot.voice_costs import remembered_cost

        format = synthesizer.format if synthesizer else AudioFormat(24_000)
        output = await stack.enter_async_context(open_audio(config.audio, format, notify=notify))
        cost = stack.enter_context(remembered_cost(synthesizer.name)) if synthesizer else None
        yield build_pipeline(config, chat=chat, synthesizer=synthesizer, output=output, cost=cost)


@asynccontextmanager
async def _open_tool_use(config: Config, chat: ChatModel, notify: Notify, say: Notify) -> AsyncIterator[ChatModel]:
    """`chat` with the configured tools, where it can use any."""
    from voicebot.tools import open_tools
    from voicebot.tools.loop import ToolUsingChat, takes_tools

    if not takes_tools(chat):
        notify(f"no tools: {chat.name} cannot use any")
        yield chat
        return
    tools = config.tools
    async with open_tools(tools, say=say) as toolbox:
        yield ToolUsingChat(
            chat,
            toolbox,
            max_steps=tools.max_steps,
            timeout_seconds=tools.timeout_seconds,
            speak=tools.speak,
            max_result_characters=tools.max_result_characters,
        )


def build_pipeline(
    config: Config,
    *,
    chat: ChatModel,
    synthesizer: Synthesizer | None,
    output: AudioOutput,
    cost: VoiceCost | None = None,
) -> Pipeline:
    """What turns are made with: the chunker and the pacer as `config` wants them, everything else as given.

    `cost` is what is known of the voice; left out, it is learned anew.
    """
    from voicebot.budoux_phrases import split_japanese
    from voicebot.pacing import Pacer, Pacing, VoiceCost
    from voicebot.text.render_options import RenderOptions
    from voicebot.turn import Pipeline

    chunking = config.chunking
    pacing = Pacing(
        joins=chunking.strategy == "adaptive" and synthesizer is not None,
        min_seconds=chunking.min_seconds,
        max_seconds=chunking.max_seconds,
        phrase_after_seconds=chunking.phrase_after_seconds,
    )
    return Pipeline(
        chat=chat,
        synthesizer=synthesizer,
        output=output,
        new_chunker=partial(new_chunker, config),
        new_pacer=partial(
            Pacer,
            pacing,
            cost or VoiceCost(),
            rendering=RenderOptions(**dict(config.spoken)),
            split_japanese=split_japanese,
        ),
        idle_seconds=chunking.idle_seconds,
        patience_seconds=chunking.patience_seconds,
    )


def new_chunker(config: Config, *, on_held: Callable[[int, str], None] | None = None) -> Chunker:
    """A chunker as `config` wants it; `on_held` is told of each mark that did not cut."""
    from voicebot.text.chunking import Chunker

    chunking = config.chunking
    return Chunker(
        strategy=chunking.strategy,
        delimiters=chunking.delimiters,
        max_characters=chunking.max_characters,
        on_held=on_held,
    )


def open_memory(config: Config) -> WindowMemory:
    """What the chat model is told of the conversation, in this process only."""
    return WindowMemory(
        system_prompt=config.conversation.system_prompt,
        turns=config.conversation.turns,
        max_tokens=config.memory.max_tokens,
        summary=config.memory.summary,
    )


@asynccontextmanager
async def open_history_memory(config: Config, *, conversation: str | None, notify: Notify) -> AsyncIterator[Memory]:
    """The same, and every turn is kept in the history unless `config` says no.

    `conversation` names the conversation to go on with, or to begin; empty: the latest; None: a new one. Raises
    HistoryError.
    """
    window = open_memory(config)
    if not config.memory.store:
        if conversation is not None:
            notify("memory.store is false: nothing is kept, and there is nothing to go on with")
        yield window
        return
    from voicebot.memory.persistent import open_persistent_memory

    async with open_persistent_memory(window, config.memory.path, conversation=conversation, notify=notify) as memory:
        yield memory


def _load(portaudio: bool) -> None:
    """Import what takes long while the voice starts in its own process."""
    if portaudio:
        from voicebot.audio.portaudio import import_sounddevice

        with suppress(AudioError):  # whoever opens the device says so
            import_sounddevice()
    import voicebot.turn  # noqa: F401
