"""A conversation: who holds the floor, barge-in, and what is remembered of each turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup

from voicebot.messages import Message, ReplyPart
from voicebot.protocols import Emit, Memory
from voicebot.speech import Outcome
from voicebot.turn import Pipeline, speak_turn


@dataclass(frozen=True, slots=True)
class _Announcement:
    """A chat model that says one text."""

    text: str
    name: str = "announcement"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # noqa: ARG002
        yield self.text


class Conversation:
    """Lets one turn speak at a time and remembers what was heard of it."""

    def __init__(self, pipeline: Pipeline, *, memory: Memory, emit: Emit, background: TaskGroup | None = None) -> None:
        self._pipeline = pipeline
        self._memory = memory
        self._emit = emit
        self._floor = anyio.Lock()
        self._live: set[CancelScope] = set()
        self._background = background
        self._condensing: CancelScope | None = None

    async def speak(self, message: str, *, barge_in: bool = True) -> Outcome:
        """Speak the reply to `message` and return how that ended.

        With `barge_in` a turn that is being spoken ends first; without, this one waits for it. What was heard of the
        reply is remembered, not what was generated, and kept when this returns.
        """
        if barge_in:
            self.interrupt()
        async with self._floor:
            if self._condensing is not None:
                self._condensing.cancel()  # it must not share the chat server with a reply
            scope = CancelScope()
            self._live.add(scope)
            try:
                question = Message("user", message)
                outcome = await speak_turn(
                    [*self._memory.messages(), question], self._pipeline, emit=self._emit, scope=scope
                )
            finally:
                self._live.discard(scope)
            self._memory.remember(message, outcome, model=self._pipeline.chat.name)
        await self._memory.keep()
        if self._background is not None:
            self._background.start_soon(self._condense)
        return outcome

    async def say(self, text: str) -> Outcome:
        """Say `text` as it stands as soon as the floor is free, and return how that ended. It is not remembered."""
        async with self._floor:
            scope = CancelScope()
            self._live.add(scope)
            try:
                pipeline = replace(self._pipeline, chat=_Announcement(text))
                return await speak_turn([], pipeline, emit=self._emit, scope=scope)
            finally:
                self._live.discard(scope)

    def interrupt(self) -> bool:
        """End the turn that is being spoken, if any; tell whether there was one."""
        for scope in self._live:
            scope.cancel()
        return bool(self._live)

    async def _condense(self) -> None:
        if self._live:
            return
        with CancelScope() as self._condensing:
            await self._memory.condense(self._pipeline.chat)


@asynccontextmanager
async def open_conversation(pipeline: Pipeline, *, memory: Memory, emit: Emit) -> AsyncGenerator[Conversation, None]:
    """A conversation that also tidies its memory between turns; what it does there ends with the block."""
    try:
        async with anyio.create_task_group() as background:
            yield Conversation(pipeline, memory=memory, emit=emit, background=background)
            background.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        error, *others = group.exceptions
        if others:
            raise
        raise error from error.__cause__  # the caller's own, as if there were no task group
