"""The composition root: what a process opens once, and what one person's conversation is made of."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from voicebot.audio import open_audio
from voicebot.chat import open_chat
from voicebot.config.models import STRATEGIES, AudioAuto, AudioDevice, Config
from voicebot.errors import AudioError, without_groups
from voicebot.events import Broadcast, Event
from voicebot.held_secrets import redactor, stream_redactor
from voicebot.memory.window import WindowMemory
from voicebot.protocols import (
    AudioOutput,
    Background,
    ChatModel,
    Memory,
    Synthesizer,
    TurnChunker,
    for_new_conversation,
    takes_tools,
)
from voicebot.speech import AudioFormat
from voicebot.text.respelling import OwnWords, warm_up
from voicebot.translation import named, tr
from voicebot.tts import open_synthesizer

if TYPE_CHECKING:
    from voicebot.conversation import Conversation
    from voicebot.dictionary import Dictionary
    from voicebot.memory.history import History
    from voicebot.pacing import VoiceCost
    from voicebot.tools import Tools
    from voicebot.turn import Pipeline

Notify = Callable[[str], None]
"""Takes a sentence for the person at the terminal or in the log."""


@dataclass(frozen=True, slots=True)
class Engines:
    """What a process has once, however many conversations it serves."""

    chat: ChatModel
    """Without tools: those are a conversation's."""
    synthesizer: Synthesizer | None
    """None: replies are shown and not spoken."""
    cost: VoiceCost | None
    """What the synthesizer takes, learned in all conversations."""
    tools: Tools | None
    history: History | None
    """The one writer of the file that keeps conversations; None: nothing is kept."""
    words: Callable[[], OwnWords] = OwnWords
    """The person's own words and how they are said, as they are now."""


@asynccontextmanager
async def open_engines(
    config: Config,
    *,
    notify: Notify,
    chat: ChatModel | None = None,
    synthesizer: Synthesizer | None = None,
    speak: bool = True,
    japanese_expected: bool = False,
) -> AsyncIterator[Engines]:
    """Open chat model, synthesizer, tools and history.

    `chat` and `synthesizer` stand in for the configured ones; without `speak` there is text only; `japanese_expected`
    lets the synthesizer load what only Japanese needs. Raises VoicebotError.
    """
    needs_portaudio = speak and isinstance(config.audio, AudioAuto | AudioDevice)
    threading.Thread(target=_load, args=(needs_portaudio,), daemon=True).start()
    async with AsyncExitStack() as stack:
        tools: Tools | None = None
        dictionary = cache(_open_dictionary)
        if not speak:
            synthesizer = None
        elif synthesizer is None:
            synthesizer = await stack.enter_async_context(
                open_synthesizer(config.tts, japanese_expected=japanese_expected, words=lambda: dictionary().words())
            )
        if synthesizer and synthesizer.credit:
            notify(synthesizer.credit)
        if chat is None:
            opened = await stack.enter_async_context(open_chat_and_tools(config, notify=notify, speak=speak))
            chat, tools = opened
        cost = None
        if synthesizer:
            from voicebot.voice_costs import remembered_cost, try_out

            cost = stack.enter_context(remembered_cost(synthesizer.identity))
            await try_out(synthesizer, cost)
        history = None
        if config.memory.store:
            from voicebot.memory.history import open_history

            history = await stack.enter_async_context(
                open_history(config.memory.path, notify=notify, redact=redactor(config))
            )
        words = _words(dictionary(), notify) if synthesizer else OwnWords
        yield Engines(chat, synthesizer, cost, tools, history, words)


def _open_dictionary() -> Dictionary:
    from voicebot.dictionary import Dictionary, dictionary_path

    return Dictionary(dictionary_path())


def _words(dictionary: Dictionary, notify: Notify) -> Callable[[], OwnWords]:
    """The person's own words; what is wrong with their file is reported once."""
    dictionary.words()
    if dictionary.fault is not None:
        notify(tr("your dictionary is not used: {message}", message=dictionary.fault.message))
    return dictionary.words


@asynccontextmanager
async def open_chat_and_tools(
    config: Config, *, notify: Notify, speak: bool = True
) -> AsyncIterator[tuple[ChatModel, Tools | None]]:
    """The configured chat model and the tools that it may use, opened by themselves. Raises VoicebotError."""
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(open_chat(config.chat, notify=notify, speak=speak))
        tools = None
        if config.tools.enabled or config.tools.mcp:
            tools = await _open_tools(config, chat, notify, stack)
        yield chat, tools


async def _open_tools(config: Config, chat: ChatModel, notify: Notify, stack: AsyncExitStack) -> Tools | None:
    """The configured tools, where `chat` can use any."""
    from voicebot.tools import open_tools

    if takes_tools(chat):
        return await stack.enter_async_context(open_tools(config.tools))
    notify(tr("no tools: {name} cannot use any", name=named(chat.name)))
    return None


@asynccontextmanager
async def open_conversation(
    engines: Engines,
    config: Config,
    *,
    notify: Notify,
    output: AudioOutput | None = None,
    memory: Memory | None = None,
    record: Path | None = None,
    listener: Callable[[Event], None] | None = None,
    reopen: Conversation | None = None,
    tell_file: Notify | None = None,
) -> AsyncIterator[Conversation]:
    """Open what one person has: audio output, memory, tools with their timers, floor and events.

    `output` stands in for the configured one, `memory` for that of a new conversation in the history; the deltas of
    each reply are kept in `record`. `listener` is told of each event at once; it never blocks and never raises. A timer
    speaks in the conversation that set it. `reopen` is a conversation that goes on, with all this from its next turn
    on; it keeps its own listeners, and its timers. `tell_file` (usually `notify`) is told of a file that the sound goes
    to because there is no loudspeaker. Raises VoicebotError.
    """
    async with AsyncExitStack() as stack:
        if output is None:
            format = engines.synthesizer.format if engines.synthesizer else AudioFormat(24_000)
            output = await stack.enter_async_context(
                open_audio(config.audio, format, notify=notify, tell_file=tell_file)
            )
        if memory is None:
            memory = await stack.enter_async_context(open_memory(engines, config, conversation=None, notify=notify))
        listeners = [listener] if listener is not None else []
        if record is not None:
            from voicebot.recording import open_recorder

            listeners.append(stack.enter_context(open_recorder(record, redact=redactor(config))))
        stack.enter_context(without_groups())
        background = await stack.enter_async_context(anyio.create_task_group())
        conversation = await make_conversation(
            engines,
            config,
            notify=notify,
            output=output,
            memory=memory,
            listeners=listeners,
            background=background,
            reopen=reopen,
        )
        if reopen is None:
            stack.callback(conversation.floor.close)  # a turn that still ends starts nothing any more
        yield conversation
        background.cancel_scope.cancel()


async def make_conversation(
    engines: Engines,
    config: Config,
    *,
    notify: Notify,
    output: AudioOutput,
    memory: Memory,
    background: Background,
    listeners: Iterable[Callable[[Event], None]] = (),
    reopen: Conversation | None = None,
) -> Conversation:
    """What `open_conversation` opens, of things that the caller closes: the floor, and what runs in `background`.

    Raises VoicebotError.
    """
    from voicebot.conversation import Conversation

    if reopen is not None and reopen.background is not None:
        background = reopen.background

    def say_when_due(text: str) -> None:
        if reopen is None:
            notify(f"\n{text}")  # elsewhere the events tell it, and logs hold nothing that is spoken
        background.start_soon(partial(conversation.say, text, source="timer"))

    if config.chunking.strategy not in STRATEGIES:  # somebody else's module may take long to import
        await to_thread.run_sync(chunker_maker, config, abandon_on_cancel=True)
    chat = _with_tools(engines, config, background, say_when_due)
    built = build_pipeline(
        config, chat=chat, synthesizer=engines.synthesizer, output=output, cost=engines.cost, words=engines.words
    )
    pipeline = replace(built, new_redactor=stream_redactor(config))
    if reopen is None:
        conversation = Conversation(pipeline, memory=memory, broadcast=Broadcast(*listeners), background=background)
    else:
        conversation = reopen
        conversation.pipeline, conversation.memory = pipeline, memory
    return conversation


def _with_tools(engines: Engines, config: Config, tasks: Background, say: Callable[[str], None]) -> ChatModel:
    """The chat model of one conversation, with its tools where there are any."""
    if engines.tools is None:
        return for_new_conversation(engines.chat)
    from voicebot.tools.loop import ToolUsingChat

    assert takes_tools(engines.chat)
    return ToolUsingChat(
        engines.chat,
        engines.tools.toolbox(tasks, say),
        max_steps=config.tools.max_steps,
        timeout_seconds=config.tools.timeout_seconds,
        speak=config.tools.speak,
        max_result_characters=config.tools.max_result_characters,
    )


def build_pipeline(
    config: Config,
    *,
    chat: ChatModel,
    synthesizer: Synthesizer | None,
    output: AudioOutput,
    cost: VoiceCost | None = None,
    words: Callable[[], OwnWords] = OwnWords,
) -> Pipeline:
    """What turns are made with: the chunker and the pacer as `config` says, everything else as given.

    `cost` is what is known of the voice; left out, it is learned anew. Each turn says the `words` that there are then.
    """
    from voicebot.budoux_phrases import split_japanese
    from voicebot.pacing import Pacer, Pacing, VoiceCost
    from voicebot.text.render_options import RenderOptions
    from voicebot.text.rendering import Renderer
    from voicebot.text.respelling import Respeller
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
        new_chunker=chunker_maker(config),
        new_pacer=partial(Pacer, pacing, cost or VoiceCost(), split_japanese=split_japanese),
        new_renderer=partial(Renderer, RenderOptions(**dict(config.spoken))),
        new_respeller=lambda: Respeller(words()),
        idle_seconds=chunking.idle_seconds,
        patience_seconds=chunking.patience_seconds,
    )


def chunker_maker(config: Config, *, on_held: Callable[[int, str], None] | None = None) -> Callable[[], TurnChunker]:
    """What makes a chunker for each reply as `config` says; `on_held` is told of each mark that did not cut.

    A strategy made elsewhere is imported now. Raises ConfigError.
    """
    from voicebot.text.chunking import Chunker, is_strategy

    chunking = config.chunking
    if is_strategy(strategy := chunking.strategy):
        return partial(
            Chunker,
            strategy=strategy,
            delimiters=chunking.delimiters,
            max_characters=chunking.max_characters,
            on_held=on_held,
        )
    from voicebot.plugins.chunker import strategy_maker

    return strategy_maker(chunking.strategy, chunking.options)


def window_memory(config: Config) -> WindowMemory:
    """What the chat model is told of the conversation, in this process only."""
    return WindowMemory(
        system_prompt=config.conversation.system_prompt,
        turns=config.conversation.turns,
        max_tokens=config.memory.max_tokens,
        summary=config.memory.summary,
    )


@asynccontextmanager
async def open_memory(
    engines: Engines, config: Config, *, conversation: str | None, single: bool = False, notify: Notify
) -> AsyncIterator[Memory]:
    """What the chat model is told of the conversation, every turn kept in the history unless `config` says no.

    `conversation` names the conversation to continue, or to start; empty: the latest; None: a new one, which
    with `single` is kept as a question asked alone. Raises HistoryError.
    """
    window = window_memory(config)
    if engines.history is None:
        if conversation is not None:
            notify(tr("memory.store is false: nothing is kept, and there is nothing to continue"))
        yield window
        return
    from voicebot.memory.persistent import open_persistent_memory

    async with open_persistent_memory(
        window, engines.history, conversation=conversation, single=single, notify=notify
    ) as memory:
        yield memory


def _load(portaudio: bool) -> None:
    """Import what takes long while the voice starts in its own process."""
    if portaudio:
        from voicebot.audio.portaudio import import_sounddevice

        with suppress(AudioError):  # opening the device reports it
            import_sounddevice()
    import voicebot.turn  # noqa: F401 - loaded before the first turn

    warm_up()
