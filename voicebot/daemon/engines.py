"""What the daemon's conversation speaks with: opened anew after a fault, or when the configuration has changed."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack

import anyio
from anyio.abc import TaskGroup, TaskStatus

from voicebot.app import build_pipeline, open_conversation, open_engines, window_memory
from voicebot.audio import open_audio
from voicebot.audio.silent import SilentOutput
from voicebot.config.models import AudioAuto, AudioConfig, AudioDevice, Config
from voicebot.conversation import Conversation
from voicebot.daemon.requests import Kind
from voicebot.errors import ChatError, VoicebotError, without_groups
from voicebot.messages import Message, ReplyPart
from voicebot.speech import AudioFormat
from voicebot.translation import tr

log = logging.getLogger(__name__)
_AGAIN_SECONDS = 1.0
"""What could not be opened is tried again after this at the earliest."""


class MissingChat:
    """The chat model that could not be opened: whoever asks it is told why."""

    def __init__(self, error: VoicebotError) -> None:
        self.error = error
        self.name = "none"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # noqa: ARG002
        """Raise ChatError."""
        raise ChatError(self.error.message, hint=self.error.hint) from self.error
        yield ""


def unfurnished(config: Config, tasks: TaskGroup) -> Conversation:
    """A conversation that has nothing yet to speak with."""
    missing = MissingChat(ChatError(tr("nothing is open yet")))
    pipeline = build_pipeline(config, chat=missing, synthesizer=None, output=SilentOutput(realtime=False))
    return Conversation(pipeline, memory=window_memory(config), background=tasks)


class Furnishing:
    """Keeps a conversation furnished with engines and an output, by the present configuration."""

    def __init__(self, conversation: Conversation, config: Config, tasks: TaskGroup) -> None:
        self.conversation = conversation
        self.config = config
        self._tasks = tasks
        self._opening = anyio.Lock()
        self._close: anyio.Event | None = None
        """Set to give up what is open; None: nothing is."""
        self._failed: tuple[float, VoicebotError] | None = None
        """When opening failed last, and why."""

    async def ensure(self, kind: Kind) -> None:
        """Open what is missing for such a request. Raises VoicebotError where it still is."""
        if self._close is not None and (kind == "say" or not self._lacks_chat()):
            return
        async with self._opening:  # in the order in which they came
            if self._close is not None and (kind == "say" or not self._lacks_chat()):
                return
            if self._failed is not None and anyio.current_time() - self._failed[0] < _AGAIN_SECONDS:
                raise self._failed[1]  # ten thousand requests are no reason to try it ten thousand times
            await self._open(self.config)

    async def change(self, config: Config) -> None:
        """Use another configuration from the next turn on. Raises VoicebotError: then the old one stays."""
        async with self._opening:
            await self._open(config)
            self.config = config

    def _lacks_chat(self) -> bool:
        return isinstance(self.conversation.pipeline.chat, MissingChat)

    async def _open(self, config: Config) -> None:
        before = self._close
        failure: VoicebotError | None = await self._tasks.start(self._hold, config)
        self._failed = (anyio.current_time(), failure) if failure is not None else None
        if failure is not None:
            raise failure
        if before is not None:
            before.set()

    async def _hold(self, config: Config, *, task_status: TaskStatus[VoicebotError | None]) -> None:
        """Open everything in a task of its own and keep it until something newer has taken its place."""
        close = anyio.Event()
        opened = False
        try:
            async with AsyncExitStack() as stack:
                stack.enter_context(without_groups())
                await self._furnish(config, stack)
                self._close, opened = close, True
                task_status.started(None)
                await close.wait()
                await self._until_nobody_speaks_with_it()
        except VoicebotError as error:
            if not opened:
                task_status.started(error)
                return
            log.error("%s", error.message)
            if self._close is close:
                self._close = None  # what was open has ended by itself

    async def _furnish(self, config: Config, stack: AsyncExitStack) -> None:
        conversation = self.conversation
        try:
            engines = await stack.enter_async_context(open_engines(config, notify=log.info))
        except ChatError as error:
            engines = await stack.enter_async_context(open_engines(config, notify=log.info, chat=MissingChat(error)))
        format = engines.synthesizer.format if engines.synthesizer else AudioFormat(24_000)
        output = await stack.enter_async_context(
            open_audio(
                _for_daemon(config.audio),
                format,
                notify=log.warning,
                close_after_seconds=config.daemon.close_after_seconds,
            )
        )
        await stack.enter_async_context(
            open_conversation(engines, config, notify=log.info, output=output, furnish=conversation)
        )

    async def _until_nobody_speaks_with_it(self) -> None:
        """Wait for the turn that is being spoken, which keeps the engines it began with."""
        live = self.conversation.floor.live
        if live is not None:
            with self.conversation.broadcast.subscribe(capacity=float("inf")) as subscription:
                async for _ in subscription.events:
                    if self.conversation.floor.live is not live:
                        return


def _for_daemon(audio: AudioConfig) -> AudioConfig:
    """Where no loudspeaker is found, a command writes a file; a daemon would fill the disk."""
    if isinstance(audio, AudioAuto):
        return AudioDevice(kind="device", latency_seconds=audio.latency_seconds)
    return audio
