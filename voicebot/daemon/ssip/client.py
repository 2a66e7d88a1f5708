"""One client of speech-dispatcher: what it asks, and what it is told."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import count

import anyio
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream, TaskGroup, TaskStatus

from voicebot.daemon.caller import cancel_after, end_after
from voicebot.daemon.dispatcher import Dispatcher
from voicebot.daemon.requests import SpeechRequest, State
from voicebot.daemon.ssip.commands import (
    VOICE_TYPES,
    Act,
    Block,
    Command,
    Get,
    ListOf,
    Plain,
    Refused,
    SayName,
    Set,
    Speak,
    Target,
    read_command,
)
from voicebot.daemon.ssip.lines import MAX_TEXT_BYTES, Line, Piece, SsipDecoder, Text, TooLong
from voicebot.daemon.ssip.messages import Message, Note, Progress
from voicebot.daemon.ssip.replies import Happening, Reply, encode
from voicebot.daemon.ssip.settings import MODULE, Settings, changed
from voicebot.daemon.ssip.ssml import Marked, without_tags
from voicebot.daemon.ssip.words import character_words, icon_words, key_words, spelt
from voicebot.errors import VoicebotError
from voicebot.events import Subscription

_OPEN_MESSAGES = 1000
"""Messages of one client that wait or are spoken; further ones are refused."""
_SEND_SECONDS = 30.0
"""A client that takes no answer for this long has gone."""
_SILENT_SECONDS = 1.0
_PARAMETERS = {"char": character_words, "key": key_words}
_ACTED = {"stop": Reply.STOPPED, "cancel": Reply.CANCELED, "pause": Reply.PAUSED, "resume": Reply.RESUMED}
_HELP = (
    "  SPEAK, CHAR, KEY, SOUND_ICON    -- say something",
    "  STOP, CANCEL, PAUSE, RESUME     -- self, all, or the number of a client",
    "  BLOCK BEGIN, BLOCK END          -- what is between is one message",
    "  SET, GET, LIST, HISTORY GET CLIENT_ID, QUIT",
)


@dataclass(frozen=True, slots=True)
class Voice:
    """One of the engine's voices."""

    name: str
    """What a client calls it."""
    language: str
    voice: str
    """What the engine calls it."""


@dataclass(slots=True)
class Desk:
    """What all clients share."""

    dispatcher: Dispatcher
    voices: Callable[[], Awaitable[list[Voice]]]
    """The voices of the engine. Raises VoicebotError."""
    clients: dict[int, SsipClient] = field(default_factory=dict)
    client_ids: count[int] = field(default_factory=lambda: count(1))
    message_ids: count[int] = field(default_factory=lambda: count(1))


class SsipClient:
    """One connection."""

    def __init__(self, stream: ByteStream, desk: Desk, following: TaskGroup) -> None:
        self.id = next(desk.client_ids)
        self.open: dict[str, tuple[SpeechRequest, int]] = {}
        """What it has asked for and is not over, by its turn, with the number of its first message."""
        self._stream = stream
        self._desk = desk
        self._following = following
        self._sending = anyio.Lock()
        self.settings = Settings()
        """How its messages are said from now on."""
        self._block: list[Message] | None = None
        self._block_bytes = 0

    async def serve(self, closing: anyio.Event) -> None:
        """Answer until the client leaves, or the daemon closes; what it has sent by then is said to the end."""
        self._desk.clients[self.id] = self
        try:
            async with anyio.create_task_group() as reading:
                reading.start_soon(cancel_after, closing, reading.cancel_scope)
                await self._serve()
                reading.cancel_scope.cancel()
        finally:
            del self._desk.clients[self.id]

    async def leave(self) -> None:
        """Say what was sent of a block that nobody has ended."""
        if self._block:
            await self._say_for(self.settings, Progress(self._block).text)

    async def _serve(self) -> None:
        decoder = SsipDecoder()
        while True:
            try:
                data = await self._stream.receive(65_536)
            except EndOfStream:
                return
            for piece in decoder.feed(data):
                try:
                    if not await self._take(piece):
                        return
                except Refused as refused:
                    await self._send(encode(refused.reply))

    async def _take(self, piece: Piece) -> bool:
        """Do what is asked; False: the client leaves."""
        match piece:
            case TooLong(text=text):
                raise Refused(Reply.INTERNAL if text else Reply.INVALID)
            case Text(data=data):
                await self._take_text(data)
            case Line(data=data):
                command = read_command(data, in_block=self._block is not None)
                await self._do(command)
                return command != Plain("quit")
        return True

    # ------------------------------------------------ what is asked

    async def _do(self, command: Command) -> None:
        match command:
            case Speak():
                await self._send(encode(Reply.RECEIVING))
            case SayName(kind="sound_icon", name=name):
                await self._queue(Marked(icon_words(name)))
            case SayName(kind=kind, name=name):
                await self._queue(Marked(_PARAMETERS[kind](name, self.settings.language)))
            case Set():
                await self._set(command)
            case Act(verb=verb):
                await self._act(command)
                await self._send(encode(_ACTED[verb]))
            case Block(begins=begins):
                await self._change_block(begins)
            case Get(name=name):
                await self._send(encode(Reply.GOT, self.settings.values[name]))
            case ListOf():
                await self._list(command)
            case Plain(name="client_id"):
                await self._send(encode(Reply.CLIENT_ID, self.id))
            case Plain(name="help"):
                await self._send(encode(Reply.HELP, *_HELP))
            case Plain():
                await self._send(encode(Reply.BYE))

    async def _set(self, command: Set) -> None:
        clients = self._of(command.target)
        if not clients:
            raise Refused(command.failed)
        voice = await self._voice(str(command.value)) if command.name == "synthesis_voice" else ""
        for client in clients:
            client.settings = changed(client.settings, command, voice)
        await self._send(encode(command.done))

    async def _voice(self, name: str) -> str:
        """What the engine calls this voice; empty where it has none, which speech-dispatcher does not mind either."""
        try:
            voices = await self._desk.voices()
        except VoicebotError:
            return ""
        return next((one.voice for one in voices if one.name.casefold() == name.casefold()), "")

    async def _list(self, command: ListOf) -> None:
        match command.what:
            case "voices":
                await self._send(encode(Reply.VOICES, *VOICE_TYPES))
            case "output_modules":
                await self._send(encode(Reply.MODULES, MODULE))
            case "synthesis_voices":
                try:
                    voices = await self._desk.voices()
                except VoicebotError:
                    raise Refused(Reply.NO_VOICES) from None
                wanted = command.language.casefold()
                found = [one for one in voices if one.language.casefold().startswith(wanted)]
                await self._send(encode(Reply.VOICES, *(f"{one.name}\t{one.language}\tnone" for one in found)))

    def _of(self, target: Target) -> list[SsipClient]:
        match target:
            case "self":
                return [self]
            case "all":
                return list(self._desk.clients.values())
            case number:
                return [client for id, client in self._desk.clients.items() if id == number]

    async def _act(self, command: Act) -> None:
        """Do it to what these clients have asked for; of what others have asked for only with "all"."""
        dispatcher, everybody = self._desk.dispatcher, command.target == "all"
        asked = [request for client in self._of(command.target) for request, _ in client.open.values()]
        current = dispatcher.speaking
        speaks = current in asked or everybody
        match command.verb:
            case "stop" if everybody:
                await dispatcher.skip()
            case "stop":
                await self._stop([current] if current is not None and speaks else [])
            case "cancel" if everybody:
                await dispatcher.stop(everybody=True)
            case "cancel":
                await self._stop(asked)
            case "pause" if speaks:
                dispatcher.pause()
            case "resume" if speaks:
                dispatcher.resume()
            case _:
                pass

    async def _stop(self, requests: Iterable[SpeechRequest]) -> None:
        stopped = list(requests)
        for request in stopped:
            self._desk.dispatcher.stop_one(request)
        with anyio.move_on_after(_SILENT_SECONDS):
            for request in stopped:
                await request.ended.wait()

    # ------------------------------------------------ what is to be said

    async def _take_text(self, data: bytes) -> None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(Reply.ENCODING) from None
        words = without_tags(text) if self.settings.ssml else Marked(text)
        if self.settings.spelling:
            words = Marked(spelt(words.text, self.settings.language))
        await self._queue(words)

    async def _queue(self, words: Marked) -> None:
        if not words.text.strip() and not words.marks:
            raise Refused(Reply.NOTHING_TO_SAY)
        if len(self.open) >= _OPEN_MESSAGES:
            raise Refused(Reply.INTERNAL)
        message = Message(next(self._desk.message_ids), words.text, words.marks)
        if self._block is None:
            await self._say([message], answer=True)
        elif self._block_bytes + len(message.text) > MAX_TEXT_BYTES or len(self._block) >= _OPEN_MESSAGES:
            raise Refused(Reply.INTERNAL)
        else:
            self._block.append(message)
            self._block_bytes += len(message.text)
            await self._send(encode(Reply.QUEUED, message.id))

    async def _change_block(self, begins: bool) -> None:
        if begins:
            if self._block is not None:
                raise Refused(Reply.ALREADY_IN_BLOCK)
            self._block, self._block_bytes = [], 0
            await self._send(encode(Reply.IN_BLOCK))
            return
        if self._block is None:
            raise Refused(Reply.ALREADY_OUT_OF_BLOCK)
        block, self._block = self._block, None
        if block:
            await self._say(block)
        await self._send(encode(Reply.OUT_OF_BLOCK))

    async def _say(self, messages: list[Message], *, answer: bool = False) -> None:
        """Have them said in one go, and tell the client how that goes as long as it is there."""
        await self._following.start(self._follow, messages, answer)

    async def _follow(self, messages: list[Message], answer: bool, *, task_status: TaskStatus[None]) -> None:
        progress, settings = Progress(messages), self.settings
        with self._events(messages) as subscription:
            request = await self._say_for(settings, progress.text)
            self.open[request.turn] = (request, messages[0].id)
            try:
                if answer:
                    failed = request.state is State.FAILED
                    await self._send(encode(Reply.INTERNAL) if failed else encode(Reply.QUEUED, messages[0].id))
                task_status.started()
                if subscription is not None:
                    self._following.start_soon(end_after, request.ended, subscription)
                    async for event in subscription.events:
                        if event.turn == request.turn:
                            await self._tell(progress.hears(event))
                else:
                    await request.began.wait()
                    if request.state in (State.STARTED, State.FINISHED) or request.heard:
                        await self._tell(progress.begins())
                await request.ended.wait()
            finally:
                del self.open[request.turn]
            await self._tell(progress.ends(completed=request.state is State.FINISHED))

    async def _say_for(self, settings: Settings, text: str) -> SpeechRequest:
        return await self._desk.dispatcher.say(
            text, source=settings.source, priority=settings.priority, style=settings.style
        )

    def _events(self, messages: list[Message]) -> AbstractContextManager[Subscription | None]:
        """What is needed to tell of more than the beginning and the end."""
        if len(messages) > 1 or messages[0].marks:
            return self._desk.dispatcher.subscribe(capacity=math.inf)
        return nullcontext()

    # ------------------------------------------------ what it is told

    async def tell_pause(self, turn: str, happening: Happening) -> None:
        """Tell of a pause, or of its end, if what was paused is its own."""
        if turn in self.open:
            await self._tell([Note(0, self.open[turn][1], happening)])

    async def _tell(self, notes: Iterable[Note]) -> None:
        for note in notes:
            if note.happening in self.settings.told:
                mark = [note.mark] if note.happening is Happening.INDEX_MARK else []
                await self._send(encode(note.happening, note.message, self.id, *mark))

    async def _send(self, data: bytes) -> None:
        """Send this, if the client still listens: what it sent before it went is done all the same."""
        with anyio.move_on_after(_SEND_SECONDS) as deadline, suppress(BrokenResourceError, ClosedResourceError):
            async with self._sending:
                await self._stream.send(data)
        if deadline.cancelled_caught:
            raise BrokenResourceError
