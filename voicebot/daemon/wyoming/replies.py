"""The `handle` service: replies of the chat model as text, each conversation with what was said in it before."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled

from voicebot.audio.silent import SilentOutput
from voicebot.conversation import Conversation
from voicebot.daemon.wyoming.speech import Send, failure
from voicebot.errors import VoicebotError
from voicebot.events import Event, PlaybackStarted, new_turn_id
from voicebot.pacing import Pacer, Pacing
from voicebot.protocols import ChatModel, Memory, for_new_conversation
from voicebot.turn import Pipeline

_CONVERSATIONS = 100
"""The conversations that are kept, the latest ones."""

Context = dict[str, Any] | None  # Any: JSON, which goes back as it came


@dataclass(slots=True)
class _Kept:
    """A conversation, and whose chat model it was begun with."""

    conversation: Conversation
    engine: ChatModel
    chat: ChatModel


class Replies:
    """Answers in many conversations; without a name each question is one of its own."""

    def __init__(self, new_memory: Callable[[], Memory]) -> None:
        self._new_memory = new_memory
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def reply(self, text: str, context: Context, pipeline: Pipeline, send: Send) -> None:
        """Send the reply to `text` while it is being written, or why there is none."""
        conversation = self._conversation(context, pipeline)
        turn = new_turn_id()
        said, heard = anyio.create_memory_object_stream[str](math.inf)  # the model limits how long a reply is

        def listen(event: Event) -> None:
            if isinstance(event, PlaybackStarted) and event.turn == turn and event.text:
                said.send_nowait(event.text)

        async with anyio.create_task_group() as sending:
            sender = _Sender(context, send)
            sending.start_soon(sender.send_all, heard)
            with said, conversation.broadcast.listen(listen):
                outcome = await conversation.speak(text, barge_in=False, turn=turn)
        if outcome.error is not None:
            await sender.fail(outcome.error)
        else:
            await sender.end()

    def _conversation(self, context: Context, pipeline: Pipeline) -> Conversation:
        name = context.get("conversation_id") if context else None
        kept = self._kept.pop(name, None) if isinstance(name, str) else None
        if kept is None or kept.engine is not pipeline.chat:
            chat = for_new_conversation(pipeline.chat)
            conversation = kept.conversation if kept else Conversation(pipeline, memory=self._new_memory())
            kept = _Kept(conversation, pipeline.chat, chat)
        # The reply is read, not heard, so each piece is wanted as soon as it is there. The loudspeaker is elsewhere.
        kept.conversation.pipeline = replace(
            pipeline,
            chat=kept.chat,
            synthesizer=None,
            output=SilentOutput(realtime=False),
            new_pacer=lambda: Pacer(Pacing(joins=False)),
        )
        if isinstance(name, str):
            self._kept[name] = kept
            while len(self._kept) > _CONVERSATIONS:
                self._kept.popitem(last=False)
        return kept.conversation


class _Sender:
    """Sends one reply."""

    def __init__(self, context: Context, send: Send) -> None:
        self._context = context
        self._send = send
        self._text: list[str] = []

    async def send_all(self, pieces: MemoryObjectReceiveStream[str]) -> None:
        """Send the pieces as they come."""
        with pieces:
            async for piece in pieces:
                await self._begin()
                self._text.append(piece)
                await self._send(HandledChunk(piece).event())

    async def end(self) -> None:
        """Send that it is complete."""
        await self._begin()
        await self._send(Handled("".join(self._text).strip(), self._context).event())
        await self._send(HandledStop().event())

    async def fail(self, error: VoicebotError) -> None:
        """Send that there is no reply, or none that is complete."""
        told = failure(error)
        await self._send(NotHandled(told.data["text"], self._context).event())
        if self._text:
            await self._send(HandledStop().event())

    async def _begin(self) -> None:
        if not self._text:
            await self._send(HandledStart(self._context).event())
