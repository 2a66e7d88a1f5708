"""The connection to one live client: frames go out in order, and nobody waits for it forever."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio import CancelScope
from anyio.streams.memory import MemoryObjectSendStream
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from voicebot.audio.remote import AudioBegin, RemoteMessage
from voicebot.errors import AudioError
from voicebot.server.frames import audio_frame
from voicebot.server.one_conversation import OpenConversation
from voicebot.server.patience import Patience
from voicebot.speech import Utterance
from voicebot.translation import tr

log = logging.getLogger(__name__)
TOO_MUCH = 1008
"""A code of RFC 6455, section 7.4.1: this client breaks the rules."""
_CLOSE_SECONDS = 1.0
_MOST_ANSWERS = 256
"""More than this many mean that a client asks and does not read."""


class Wire:
    """Sends frames to one client, and gives up one that reads nothing for too long."""

    def __init__(
        self,
        websocket: WebSocket,
        send_seconds: float,
        opened: OpenConversation,
        scope: CancelScope,
        answers: MemoryObjectSendStream[str],
    ) -> None:
        """`scope` is all that is done for the client."""
        self._websocket = websocket
        self._patience = Patience(send_seconds)
        self._opened = opened
        self._scope = scope
        self._answers = answers
        self._utterance: Utterance | None = None
        self._shown_end = 0
        self.closing: tuple[int, str] | None = None
        """With which code, and why, it is to be closed, if it is we who do that."""

    async def receive(self) -> Message:
        """What the client does next, as ASGI has it."""
        return await self._websocket.receive()

    async def send(self, frame: str | bytes) -> bool:
        """Send `frame`; False where nobody takes it any more."""
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return False
        send = self._websocket.send_text(frame) if isinstance(frame, str) else self._websocket.send_bytes(frame)
        try:
            await self._patience.wait_for(send)
        except WebSocketDisconnect:
            self._scope.cancel()
            return False
        return True

    async def send_audio(self, message: RemoteMessage) -> None:
        """What the audio output sends. Raises AudioError."""
        live = self._opened.conversation.floor.live  # its clips are queued only as long as it has the floor
        start = 0
        if isinstance(message, AudioBegin):
            utterance, timings = message.clip.utterance, message.clip.timings
            start = self._shown_end if utterance is self._utterance else 0
            self._utterance = utterance
            self._shown_end = max(start, utterance.shown_end(timings[-1].spoken_end)) if timings else start
        if not await self.send(audio_frame(message, turn=live.id if live else "", shown_start=start)):
            raise AudioError(tr("the browser has gone away"))

    async def give_up(self) -> None:
        """End what is done for the client as soon as it has taken nothing for too long."""
        await self._patience.run_out()
        log.info("a listener took nothing for too long")
        self._scope.cancel()

    def answer(self, frame: str) -> None:
        """Send `frame` soon; nobody waits for that."""
        try:
            self._answers.send_nowait(frame)
        except anyio.WouldBlock:
            self.end(TOO_MUCH, "answers are not read")

    def end(self, code: int, reason: str) -> None:
        """Close the connection."""
        self.closing = self.closing or (code, reason)
        self._scope.cancel()


@asynccontextmanager
async def open_wire(websocket: WebSocket, send_seconds: float, opened: OpenConversation) -> AsyncIterator[Wire]:
    """The connection to the client of `websocket`, until it goes away or the block ends."""
    answers_in, answers_out = anyio.create_memory_object_stream[str](_MOST_ANSWERS)
    with answers_in, answers_out:
        async with anyio.create_task_group() as tasks:
            wire = Wire(websocket, send_seconds, opened, tasks.cancel_scope, answers_in)

            async def answer_all() -> None:
                async for frame in answers_out:
                    await wire.send(frame)

            tasks.start_soon(answer_all)
            tasks.start_soon(wire.give_up)
            yield wire
            tasks.cancel_scope.cancel()
    if wire.closing and websocket.application_state is WebSocketState.CONNECTED:
        with anyio.move_on_after(_CLOSE_SECONDS), suppress(WebSocketDisconnect):
            await websocket.close(*wire.closing)
