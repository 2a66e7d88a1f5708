"""The engines of the daemon's conversation, opened again after a fault or when the configuration has changed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import anyio
from anyio.abc import TaskGroup, TaskStatus

from voicebot.app import Engines, build_pipeline, open_chat_and_tools, open_conversation, open_engines, window_memory
from voicebot.audio import device_of, open_audio
from voicebot.audio.silent import SilentOutput
from voicebot.config.models import AudioAuto, Config
from voicebot.conversation import Conversation
from voicebot.daemon.requests import Kind
from voicebot.errors import ChatError, VoicebotError, without_groups
from voicebot.events import PlaybackStarted, TurnEnded
from voicebot.messages import Message, ReplyPart
from voicebot.protocols import AudioOutput, Memory
from voicebot.speech import AudioFormat
from voicebot.translation import tr

log = logging.getLogger(__name__)
_AGAIN_SECONDS = 1.0
"""The shortest pause before another attempt to open what could not be opened."""
_FIRST_SOUND_SECONDS = 2.0


class MissingChat:
    """Stands in for a chat model that could not be opened, and says why."""

    def __init__(self, error: VoicebotError) -> None:
        self.error = error
        self.name = "none"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # noqa: ARG002 - the protocol has it
        """Raise ChatError."""
        raise ChatError(self.error.message, hint=self.error.hint) from self.error
        yield ""


def without_engines(config: Config, tasks: TaskGroup) -> Conversation:
    """A conversation that has nothing yet to speak with."""
    missing = MissingChat(ChatError(tr("nothing is open yet")))
    pipeline = build_pipeline(config, chat=missing, synthesizer=None, output=SilentOutput(realtime=False))
    return Conversation(pipeline, memory=window_memory(config), background=tasks)


class EngineKeeper:
    """Keeps a conversation supplied with engines and an output, by the present configuration."""

    def __init__(self, conversation: Conversation, config: Config, tasks: TaskGroup) -> None:
        self.conversation = conversation
        self.config = config
        self._tasks = tasks
        self._opening = anyio.Lock()
        self._close: anyio.Event | None = None
        """Set to close what is open; None if nothing is."""
        self._settled = anyio.Event()
        """Set once the chat model is open, or known to be missing."""
        self._awaited: Counter[Kind] = Counter()
        """How many requests wait for what they need."""
        self._failed: tuple[float, VoicebotError] | None = None
        """When opening failed last, and why."""

    async def ensure(self, kind: Kind) -> None:
        """Open what is missing for such a request. Raises VoicebotError where it still is."""
        if self._has_all(kind):
            return
        self._awaited[kind] += 1
        try:
            async with self._opening:  # in the order in which they came
                await self._settle(kind)
                if self._has_all(kind):
                    return
                if self._failed is not None and anyio.current_time() - self._failed[0] < _AGAIN_SECONDS:
                    raise self._failed[1]  # not once for each of ten thousand requests
                await self._open(self.config, at_once=self._close is not None)
                await self._settle(kind)
        finally:
            self._awaited[kind] -= 1

    async def change(self, config: Config) -> None:
        """Use another configuration from the next turn on. Raises VoicebotError: then the old one stays."""
        async with self._opening:
            if self._close is not None:
                await self._settled.wait()  # its chat model, found later, would bring the old configuration back
            await self._open(config, at_once=True)
            self.config = config

    def _has_all(self, kind: Kind) -> bool:
        return self._close is not None and (kind == "say" or not self._lacks_chat())

    def _lacks_chat(self) -> bool:
        return isinstance(self.conversation.pipeline.chat, MissingChat)

    async def _settle(self, kind: Kind) -> None:
        """Wait until the chat model is open, or known to be missing, where it matters."""
        if kind == "ask" and self._close is not None:
            await self._settled.wait()

    async def _open(self, config: Config, *, at_once: bool) -> None:
        before = self._close
        failure: VoicebotError | None = await self._tasks.start(partial(self._hold, config, at_once=at_once))
        self._failed = (anyio.current_time(), failure) if failure is not None else None
        if failure is not None:
            raise failure
        if before is not None:
            before.set()

    async def _hold(self, config: Config, *, at_once: bool, task_status: TaskStatus[VoicebotError | None]) -> None:
        """Open everything in a task of its own and keep it until something newer has taken its place.

        `at_once` the conversation gets all of it; else the voice first, so that it speaks while the chat model, whose
        server may take its time, is looked for.
        """
        close, settled = anyio.Event(), anyio.Event()
        opened = False

        def open_now() -> None:
            nonlocal opened
            opened, self._close, self._settled = True, close, settled
            task_status.started(None)

        try:
            async with AsyncExitStack() as stack:
                stack.enter_context(without_groups())
                stack.callback(settled.set)
                voice, output = await self._open_voice(config, stack)
                if not at_once:
                    await self._equip(voice, config, output, stack)
                    open_now()
                    await self._until_first_sound()
                engines = await self._with_chat(voice, config, stack, needed=at_once)
                await self._equip(engines, config, output, stack, memory=None if at_once else self.conversation.memory)
                if at_once:
                    open_now()
                settled.set()
                await close.wait()
                await self._until_nobody_speaks_with_it()
        except VoicebotError as error:
            if not opened:
                task_status.started(error)
                return
            log.error("%s", error.message)
            if self._close is close:
                self._close = None  # what was open has ended by itself

    async def _open_voice(self, config: Config, stack: AsyncExitStack) -> tuple[Engines, AudioOutput]:
        chat = MissingChat(ChatError(tr("nothing is open yet")))
        engines = await stack.enter_async_context(open_engines(config, notify=log.info, chat=chat))
        format = engines.synthesizer.format if engines.synthesizer else AudioFormat(24_000)
        # Where no loudspeaker is found, a command writes a file; a daemon would fill the disk.
        audio = device_of(config.audio) if isinstance(config.audio, AudioAuto) else config.audio
        output = await stack.enter_async_context(
            open_audio(
                audio,
                format,
                notify=log.warning,
                close_after_seconds=config.daemon.close_after_seconds,
            )
        )
        return engines, output

    async def _with_chat(self, voice: Engines, config: Config, stack: AsyncExitStack, *, needed: bool) -> Engines:
        """The same with the chat model and its tools.

        Callers are told if the chat server cannot be reached. So they are of any other fault, unless all of it is
        `needed`: then the fault is raised.
        """
        try:
            chat, tools = await stack.enter_async_context(
                open_chat_and_tools(config, notify=log.info, speak=voice.synthesizer is not None)
            )
        except VoicebotError as error:
            if needed and not isinstance(error, ChatError):
                raise
            log.warning("%s", error.message)
            return replace(voice, chat=MissingChat(error))
        return replace(voice, chat=chat, tools=tools)

    async def _equip(
        self,
        engines: Engines,
        config: Config,
        output: AudioOutput,
        stack: AsyncExitStack,
        *,
        memory: Memory | None = None,
    ) -> None:
        await stack.enter_async_context(
            open_conversation(engines, config, notify=log.info, output=output, memory=memory, reopen=self.conversation)
        )

    async def _until_first_sound(self) -> None:
        """Let those who have waited for the voice be heard first: loading the rest would delay them."""
        if not self._awaited["say"] or self._awaited["ask"]:
            return
        with self.conversation.broadcast.subscribe() as subscription, anyio.move_on_after(_FIRST_SOUND_SECONDS):
            async for event in subscription.events:
                if isinstance(event, PlaybackStarted | TurnEnded):
                    return

    async def _until_nobody_speaks_with_it(self) -> None:
        """Wait for the turn that is being spoken, which keeps the engines it began with."""
        live = self.conversation.floor.live
        if live is not None:
            with self.conversation.broadcast.subscribe(capacity=float("inf")) as subscription:
                async for _ in subscription.events:
                    if self.conversation.floor.live is not live:
                        return
