"""The Wyoming door: text-to-speech and replies for Home Assistant, over TCP or a Unix socket.

The sound goes back over the connection, so nobody here needs the floor: engines are shared, everything else belongs to
the connection.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
from anyio import BrokenResourceError, WouldBlock
from anyio.abc import ByteStream, SocketListener
from anyio.streams.memory import MemoryObjectReceiveStream
from wyoming.asr import Transcript
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeTextFormat,
    SynthesizeVoice,
)

from voicebot.daemon.accepting import accept, serve_alone
from voicebot.daemon.requests import Kind
from voicebot.daemon.wyoming.events import BadEvent, EventReader, encoded
from voicebot.daemon.wyoming.info import Row, info
from voicebot.daemon.wyoming.replies import Context, Replies
from voicebot.daemon.wyoming.speech import GrowingText, WyomingOutput, failure, say
from voicebot.errors import SynthesisError, VoicebotError
from voicebot.protocols import Synthesizer
from voicebot.speech import AS_CONFIGURED, AudioFormat, Style
from voicebot.translation import tr
from voicebot.turn import Pipeline

log = logging.getLogger(__name__)

CONNECTIONS = 64
_JOBS = 64
"""Requests of one connection that wait for their turn."""
_MAX_WAITING_CHARACTERS = 1_000_000
"""Of one text, that have come and are not being said."""

Job = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """What connections are served with."""

    pipeline: Callable[[], Pipeline]
    """The engines that there are now."""
    prepare: Callable[[Kind], Awaitable[None]]
    """Open what is missing. Raises VoicebotError."""
    voices: Callable[[], Awaitable[list[Row]]]
    """The voices of the engine. Raises VoicebotError."""
    replies: Replies
    send_seconds: float = 30.0
    """A client that reads nothing for this long has gone."""


async def serve_wyoming(listener: SocketListener, service: Service) -> None:
    """Serve clients until cancelled; those beyond the limit are told that there is no room."""
    serve_one = partial(_serve_one, service, anyio.CapacityLimiter(CONNECTIONS))
    async with anyio.create_task_group() as connections:
        while True:
            connections.start_soon(serve_alone, await accept(listener), serve_one)


async def _serve_one(service: Service, slots: anyio.CapacityLimiter, stream: ByteStream) -> None:
    connection = _Connection(stream, service)
    try:
        slots.acquire_on_behalf_of_nowait(connection)
    except WouldBlock:
        await connection.refuse("busy", f"there are {CONNECTIONS} connections already")
        return
    try:
        await connection.serve()
    finally:
        slots.release_on_behalf_of(connection)


class _Connection:
    """One client."""

    def __init__(self, stream: ByteStream, service: Service) -> None:
        self._stream = stream
        self._service = service
        self._sending = anyio.Lock()
        self._jobs, self._to_do = anyio.create_memory_object_stream[Job](_JOBS)
        self._growing: GrowingText | None = None
        """The text that comes piece by piece."""

    async def serve(self) -> None:
        """Do what the client asks, one thing after the other, until it closes: then nothing of it goes on."""
        with self._jobs, self._to_do:
            async with anyio.create_task_group() as working:
                working.start_soon(_work, self._to_do)
                await self._read()
                working.cancel_scope.cancel()

    async def refuse(self, code: str, text: str) -> None:
        """Tell the client what is wrong."""
        self._jobs.close()
        self._to_do.close()
        await self._complain(code, text)

    async def _read(self) -> None:
        events = EventReader(self._stream)
        try:
            while (event := await events.receive()) is not None:
                try:
                    await self._take(event)
                except (KeyError, TypeError, AttributeError, ValueError):
                    await self._complain("bad-event", f"this is not a {event.type}")
        except BadEvent as error:
            await self._complain("bad-event", str(error))

    async def _take(self, event: Event) -> None:
        """Handle an event; unknown ones are ignored. Never waits for what it asks for."""
        kind = event.type
        if Describe.is_type(kind):
            await self._enqueue(self._describe)
        elif SynthesizeStart.is_type(kind):
            self._end_text()
            begun = SynthesizeStart.from_event(event)
            growing = GrowingText(ssml=begun.text_format == SynthesizeTextFormat.SSML)
            if await self._enqueue(partial(self._synthesize, growing, begun.voice, streamed=True)):
                self._growing = growing
        elif SynthesizeChunk.is_type(kind):
            await self._add(_clean(SynthesizeChunk.from_event(event).text))
        elif SynthesizeStop.is_type(kind):
            self._end_text()
        elif Synthesize.is_type(kind) and self._growing is None:  # else it repeats the text for older servers
            asked = Synthesize.from_event(event)
            text = GrowingText(ssml=asked.text_format == SynthesizeTextFormat.SSML)
            text.add(_clean(asked.text))
            text.end()
            await self._enqueue(partial(self._synthesize, text, asked.voice, streamed=False))
        elif Transcript.is_type(kind):
            transcript = Transcript.from_event(event)
            context = transcript.context if isinstance(transcript.context, dict) else None
            await self._enqueue(partial(self._reply, _clean(transcript.text), context))

    async def _enqueue(self, job: Job) -> bool:
        try:
            self._jobs.send_nowait(job)
        except WouldBlock:
            await self._complain("busy", f"{_JOBS} requests wait already")
            return False
        return True

    async def _add(self, piece: str) -> None:
        if self._growing is None:
            return
        if self._growing.waiting + len(piece) > _MAX_WAITING_CHARACTERS:
            await self._complain("too-long", f"{_MAX_WAITING_CHARACTERS} characters wait already")
            self._end_text()
            return
        self._growing.add(piece)

    def _end_text(self) -> None:
        if self._growing is not None:
            self._growing.end()
        self._growing = None

    # ------------------------------------------------ what takes its time

    async def _describe(self) -> None:
        try:
            await self._service.prepare("say")
        except VoicebotError as error:
            log.warning("%s", error.message)  # what there is can be told all the same
        await self._send(info(self._service.pipeline(), await self._voices()))

    async def _synthesize(self, text: GrowingText, voice: SynthesizeVoice | None, *, streamed: bool) -> None:
        try:
            await self._service.prepare("say")
            pipeline = self._service.pipeline()
            if pipeline.synthesizer is None:
                raise SynthesisError(tr("there is no voice"))
            style = _style(voice, pipeline.synthesizer, await self._voices() if voice is not None else [])
        except VoicebotError as error:
            await self._send(failure(error))
            await WyomingOutput(self._send, AudioFormat(24_000)).end()
        else:
            await say(text.pieces(), pipeline, style, self._send)
        if streamed:
            await self._send(SynthesizeStopped().event())

    async def _reply(self, text: str, context: Context) -> None:
        try:
            await self._service.prepare("ask")
        except VoicebotError as error:
            log.warning("%s", error.message)  # those who ask the chat model get the reason
        await self._service.replies.reply(text, context, self._service.pipeline(), self._send)

    async def _voices(self) -> list[Row]:
        try:
            return await self._service.voices()
        except VoicebotError as error:
            log.warning("no list of voices: %s", error.message)
            return []

    # ------------------------------------------------ what is sent

    async def _complain(self, code: str, text: str) -> None:
        await self._send(Error(text=text, code=code).event())

    async def _send(self, event: Event) -> None:
        data = encoded(event)
        async with self._sending:
            with anyio.move_on_after(self._service.send_seconds) as deadline:
                await self._stream.send(data)
        if deadline.cancelled_caught:
            log.info("a Wyoming client takes nothing and is given up")
            raise BrokenResourceError


async def _work(jobs: MemoryObjectReceiveStream[Job]) -> None:
    async for job in jobs:
        await job()


def _style(voice: SynthesizeVoice | None, synthesizer: Synthesizer, voices: list[Row]) -> Style:
    """What the client means by a voice. Raises SynthesisError."""
    if voice is None:
        return AS_CONFIGURED
    names = [str(row.get("voice")) for row in voices]
    if voice.name:
        name = str(voice.name)
        if name in names:
            return Style(voice=name)
        if name == synthesizer.name:
            return AS_CONFIGURED
        raise SynthesisError(tr("there is no voice {name!r}", name=name[:100]))
    spoken = synthesizer.capabilities.languages
    if not voice.language or not spoken or any(_same_language(one, voice.language) for one in spoken):
        return AS_CONFIGURED
    for row in voices:
        languages = row.get("languages")
        if isinstance(languages, list) and any(_same_language(str(one), str(voice.language)) for one in languages):
            return Style(voice=str(row.get("voice")))
    return AS_CONFIGURED


def _same_language(one: str, other: str) -> bool:
    return one.replace("_", "-").partition("-")[0].casefold() == other.replace("_", "-").partition("-")[0].casefold()


def _clean(text: Any) -> str:  # Any: JSON
    """Text without half characters, which have no form in UTF-8. Raises TypeError."""
    if not isinstance(text, str):
        raise TypeError(type(text).__name__)
    return text.encode(errors="replace").decode()
