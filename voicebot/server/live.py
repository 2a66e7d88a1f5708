"""A conversation live, over a WebSocket: what is asked goes in, all that happens comes out, with its sound."""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import replace
from typing import assert_never

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup
from fastapi import APIRouter, WebSocket

from voicebot.audio.remote import RemoteOutput, open_remote
from voicebot.conversation import in_style
from voicebot.errors import VoicebotError, without_groups
from voicebot.server.allowance import Allowance
from voicebot.server.context import PersonDep, Server, ServerDep, check_text, failure, running_turn
from voicebot.server.feed import everything
from voicebot.server.frames import (
    PROTOCOL,
    Ask,
    Buffer,
    ChooseVoice,
    ClientMessage,
    GoOn,
    HoldSound,
    Interrupt,
    Listen,
    Ping,
    Played,
    Say,
    parse,
    refused,
    text_frame,
)
from voicebot.server.one_conversation import OpenConversation
from voicebot.server.refusals import Refusal, refuse, without_words
from voicebot.server.text_units import Unit
from voicebot.server.wire import TOO_MUCH, Wire, open_wire
from voicebot.speech import AS_CONFIGURED, Style
from voicebot.turn import Pipeline

log = logging.getLogger(__name__)
router = APIRouter()
_MOST_READERS = 32
"""Of one conversation."""
_MESSAGES_A_SECOND = 50
_MESSAGES_AT_ONCE = 200
"""Besides reports of what was played, of which there is one for each block."""
_GOING_AWAY, _TEXT_ONLY = 1001, 1003
"""Codes of RFC 6455, section 7.4.1."""


@router.websocket("/api/conversations/{id}/live")
async def live(websocket: WebSocket, id: str, server: ServerDep, person: PersonDep, unit: Unit = "token") -> None:
    """Serve one client until it goes away; what it has asked for ends with it."""
    try:
        async with server.conversations.using(person, id) as opened:
            if PROTOCOL not in websocket.scope["subprotocols"]:
                raise Refusal(400, f"this speaks the subprotocol {PROTOCOL}", code="subprotocol")
            if opened.users > _MOST_READERS:
                raise Refusal(429, "too many readers of one conversation", code="rate_limit_exceeded")
            await websocket.accept(PROTOCOL)
            await _serve(websocket, server, person, opened, unit)
    except Refusal as refusal:
        await websocket.send_denial_response(refuse(refusal))


async def _serve(websocket: WebSocket, server: Server, person: str, opened: OpenConversation, unit: Unit) -> None:
    with without_groups():
        async with (
            open_wire(websocket, server.send_seconds, opened) as wire,
            open_remote(wire.send_audio, name="browser") as output,
            anyio.create_task_group() as tasks,  # ends first: turns need the output until they have ended
        ):
            tab = _Tab(wire, server, person, opened, output, tasks)
            tasks.start_soon(_tell, wire, opened, unit)
            with opened.standstill.holding(output):
                try:
                    await tab.obey_all()
                finally:
                    tab.leave()
            tasks.cancel_scope.cancel()


async def _tell(wire: Wire, opened: OpenConversation, unit: Unit) -> None:
    """Tell all that happens, until the conversation is closed."""
    async with aclosing(everything(opened, unit=unit)) as batches:
        async for batch in batches:
            for told in batch:
                await wire.send(told.data.decode())
    wire.end(_GOING_AWAY, "the conversation is closed")


class _Tab:
    """What one client asks for, and how it hears it."""

    def __init__(
        self,
        wire: Wire,
        server: Server,
        person: str,
        opened: OpenConversation,
        output: RemoteOutput,
        tasks: TaskGroup,
    ) -> None:
        self._wire = wire
        self._server = server
        self._person = person
        self._opened = opened
        self._output = output
        self._tasks = tasks
        self._listens = False
        self._style = AS_CONFIGURED
        self._messages = Allowance(at_once=_MESSAGES_AT_ONCE, a_second=_MESSAGES_A_SECOND)
        self._queued: set[CancelScope] = set()
        """Those of its turns that wait for their place."""

    async def obey_all(self) -> None:
        """Do what the client asks until it goes away."""
        while True:
            message = await self._wire.receive()
            if message["type"] == "websocket.disconnect":
                return
            if not self._messages.use():
                self._wire.end(TOO_MUCH, "too many messages")
            elif (frame := message.get("text")) is None:
                self._wire.end(_TEXT_ONLY, "text only")
            else:
                await self._obey(frame)

    def leave(self) -> None:
        """Listen no longer; what nobody has asked for, and is heard here, ends now."""
        live, heard_here = self._opened.conversation.floor.live, self._opened.conversation.pipeline.output
        self._opened.listen(self, None)
        if live is not None and live.source and heard_here is self._output:
            self._opened.conversation.floor.cancel(live.id)

    async def _obey(self, frame: str) -> None:
        try:
            await self._do(parse(frame))
        except Refusal as refusal:
            self._wire.answer(refused(refusal))
        except VoicebotError as error:
            self._wire.answer(refused(failure(self._server, error)))

    async def _do(self, message: ClientMessage) -> None:
        match message:
            case Ask(text=text, barge_in=barge_in):
                self._begin(text, say=False, barge_in=barge_in)
            case Say(text=text, barge_in=barge_in):
                self._begin(text, say=True, barge_in=barge_in)
            case Interrupt():
                self._drop_queued()
                self._opened.conversation.interrupt()
            case Played(utterance=number, frame=frame):
                if self._output.played(number, frame):
                    self._messages.give_back()  # who plays faster than anybody hears reports as often
            case Buffer():
                pass  # `played` says more
            case HoldSound():
                self._opened.standstill.begin()
            case GoOn():
                self._opened.standstill.end()
            case ChooseVoice(voice=voice, speed=speed):
                await self._choose(voice, speed)
            case Listen(audio=audio):
                self._listens = audio
                self._opened.listen(self, None)  # repeating it makes this client the last one
                self._opened.listen(self, self._pipeline() if audio else None)
            case Ping():
                self._wire.answer(text_frame("pong"))
            case _:
                assert_never(message)

    def _begin(self, text: str, *, say: bool, barge_in: bool) -> None:
        check_text(self._server, text)
        if barge_in:
            self._drop_queued()
        self._tasks.start_soon(self._run, text, say, barge_in, self._pipeline())

    async def _run(self, text: str, say: bool, barge_in: bool, pipeline: Pipeline) -> None:
        ended = anyio.Event()
        with CancelScope() as scope:

            def queued(position: int) -> None:
                if position:
                    self._queued.add(scope)
                    self._wire.answer(text_frame("queued", position=position))
                else:
                    self._queued.discard(scope)

            try:
                async with running_turn(
                    self._server,
                    self._person,
                    self._opened.conversation,
                    text,
                    pipeline=pipeline,
                    say=say,
                    barge_in=barge_in,
                    queued=queued,
                    ended=ended,
                ):
                    await ended.wait()
            except Refusal as refusal:
                self._wire.answer(refused(refusal))
            except VoicebotError as error:
                log.error("a reply failed: %s", without_words(error))
                self._wire.answer(refused(failure(self._server, error)))
            finally:
                self._queued.discard(scope)

    def _drop_queued(self) -> None:
        for scope in self._queued:
            scope.cancel()

    def _pipeline(self) -> Pipeline:
        """What the next turn is made with."""
        spoken = self._opened.spoken
        synthesizer = spoken.synthesizer
        if not self._listens or synthesizer is None:
            return self._opened.pipeline
        return replace(spoken, synthesizer=in_style(synthesizer, self._style), output=self._output)

    async def _choose(self, voice: str, speed: float) -> None:
        if voice and not await self._server.voices.knows(voice):
            raise Refusal(400, "there is no such voice", hint="GET /api/voices lists them", code="unknown_voice")
        self._style = Style(voice, speed)
        if self._listens:
            self._opened.listen(self, self._pipeline())
