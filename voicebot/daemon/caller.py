"""One connection to the control socket: what it asks, and what it is answered."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
from anyio import BrokenResourceError, CancelScope, DelimiterNotFound, EndOfStream, IncompleteRead
from anyio.abc import SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voicebot.daemon.dispatcher import Dispatcher
from voicebot.daemon.protocol import Ask, BadRequest, More, Plain, Repeat, Say, Stop, Wait, read_request
from voicebot.daemon.requests import SpeechRequest, State
from voicebot.daemon.wire import MAX_LINE_BYTES
from voicebot.errors import VoicebotError
from voicebot.events import Subscription, as_dict
from voicebot.speech import Style
from voicebot.translation import tr

Values = dict[str, object]

_WAITING_AT_ONCE = 256
"""Unfinished requests of one connection; beyond them it is not read until one has finished."""
_PIECES_AHEAD = 16
"""Of a text that comes piece by piece."""
_SEND_SECONDS = 30.0
"""A client that reads no answer for this long has gone."""


class Controls:
    """What callers can ask of the daemon besides speech."""

    def __init__(
        self,
        *,
        reload: Callable[[], Awaitable[str]],
        voices: Callable[[], Awaitable[list[Values]]],
        shutdown: Callable[[], object],
        about: Values,
    ) -> None:
        self.reload = reload
        """Read the configuration again; return the result. Raises VoicebotError."""
        self.voices = voices
        """The available voices. Raises VoicebotError."""
        self.shutdown = shutdown
        """End the daemon, soon."""
        self.about = about
        """Its pid, version and so on, for the status."""


class Caller:
    """One connection."""

    def __init__(
        self,
        stream: SocketStream,
        dispatcher: Dispatcher,
        controls: Controls,
        waiting: TaskGroup,
        closing: anyio.Event,
    ) -> None:
        self._stream = stream
        self._dispatcher = dispatcher
        self._controls = controls
        self._waiting = waiting
        self._closing = closing
        self._sending = anyio.Lock()
        self._slots = anyio.Semaphore(_WAITING_AT_ONCE)
        self._text: MemoryObjectSendStream[str] | None = None
        self._growing: SpeechRequest | None = None
        """The request whose text comes piece by piece."""

    async def serve(self, token: str) -> None:
        """Answer line by line until the other end closes, or the daemon does."""
        async with anyio.create_task_group() as reading:
            reading.start_soon(cancel_after, self._closing, reading.cancel_scope)
            await self._serve(token)
            reading.cancel_scope.cancel()

    async def _serve(self, token: str) -> None:
        lines = BufferedByteReceiveStream(self._stream)
        if token and not await self._knows(token, lines):
            return
        while True:
            try:
                line = await lines.receive_until(b"\n", MAX_LINE_BYTES - 1)
            except (IncompleteRead, EndOfStream):
                return
            except DelimiterNotFound:
                await self._refuse(
                    None,
                    "VB-TOO-LONG",
                    tr("a line has at most {count} bytes", count=MAX_LINE_BYTES),
                    tr("send it in parts"),
                )
                return
            if line.strip():
                await self._answer(line)

    async def _knows(self, token: str, lines: BufferedByteReceiveStream) -> bool:
        import hmac

        from voicebot.daemon.wire import from_line

        try:
            with anyio.fail_after(2):
                given = from_line(await lines.receive_until(b"\n", 1024)).get("token")
        except (ValueError, TimeoutError, IncompleteRead, EndOfStream, DelimiterNotFound):
            return False
        return isinstance(given, str) and hmac.compare_digest(given.encode(), token.encode())

    async def _answer(self, line: bytes) -> None:
        try:
            request = read_request(line)
        except BadRequest as error:
            await self._refuse(error.id, "VB-REQUEST", error.message, tr("the commands: docs/daemon.md"))
            return
        try:
            match request:
                case Say():
                    await self._say(request)
                case More():
                    await self._more(request)
                case Ask():
                    await self._ask(request)
                case Repeat():
                    again = await self._dispatcher.repeat(source=request.source)
                    if again is None:
                        await self._refuse(request.id, "VB-NOTHING", tr("nothing has been said yet"))
                    else:
                        await self._follow(request.id, again, request.wait)
                case Stop():
                    await self._stop(request)
                case Plain():
                    await self._plain(request)
        except VoicebotError as error:
            await self._refuse(request.id, "VB-FAILED", error.message, error.hint)

    async def _say(self, request: Say) -> None:
        text: str | AsyncGenerator[str, None] = request.text
        if request.more:
            self._end_text()
            self._text, receive = anyio.create_memory_object_stream[str](_PIECES_AHEAD)
            text = _text_of(request.text, receive)
        style = Style(request.voice, request.speed)
        asked = await self._dispatcher.say(text, source=request.source, priority=request.priority, style=style)
        if request.more:
            self._growing = asked
        await self._follow(request.id, asked, request.wait)

    async def _more(self, request: More) -> None:
        """Pass a piece of a text on, as fast as it is spoken; nobody hears what comes after its turn is over."""
        asked, text = self._growing, self._text
        if asked is None or text is None:
            await self._refuse(
                request.id, "VB-REQUEST", tr("there is no text that goes on"), tr("begin it with say and more")
            )
            return
        if request.text and not asked.state.over:
            async with anyio.create_task_group() as sending:
                sending.start_soon(cancel_after, asked.ended, sending.cancel_scope)
                with suppress(BrokenResourceError):
                    await text.send(request.text)
                sending.cancel_scope.cancel()
        if request.end:
            self._end_text()

    def leave(self) -> None:
        """The text that came piece by piece is complete."""
        self._end_text()

    def _end_text(self) -> None:
        if self._text is not None:
            self._text.close()
        self._text = self._growing = None

    async def _ask(self, request: Ask) -> None:
        if request.follow:
            await self._slots.acquire()
            self._waiting.start_soon(self._ask_and_show, request)
            return
        await self._follow(request.id, await self._asked(request), request.wait)

    async def _asked(self, request: Ask) -> SpeechRequest:
        return await self._dispatcher.ask(
            request.text, source=request.source, priority=request.priority, barge_in=not request.source
        )

    async def _ask_and_show(self, request: Ask) -> None:
        """Send the events of the turn, then the answer."""
        asked: SpeechRequest | None = None
        try:
            with self._dispatcher.subscribe() as subscription:
                asked = await self._asked(request)
                self._waiting.start_soon(end_after, asked.ended, subscription)
                async for event in subscription.events:
                    if event.turn == asked.turn:
                        await self._send(as_dict(event))
            await self._tell(request.id, asked)
        except BaseException:
            if asked is not None:
                self._dispatcher.stop_one(asked)
            raise
        finally:
            self._slots.release()

    async def _stop(self, request: Stop) -> None:
        if request.scope in ("self", "all"):
            count = await self._dispatcher.stop(source=request.source, everybody=request.scope == "all")
        elif (found := self._dispatcher.find(request.scope)) is not None:
            self._dispatcher.stop_one(found)
            await found.ended.wait()
            count = 1
        else:
            message = tr("there is no {scope!r} that waits or speaks", scope=request.scope)
            await self._refuse(request.id, "VB-UNKNOWN", message, tr("voicebot status lists them"))
            return
        await self._accept(request.id, stopped=count)

    async def _plain(self, request: Plain) -> None:
        dispatcher, controls = self._dispatcher, self._controls
        match request.command:
            case "skip":
                await self._accept(request.id, skipped=await dispatcher.skip())
            case "pause":
                dispatcher.pause()
                await self._accept(request.id, paused_until=dispatcher.paused_until)
            case "resume":
                dispatcher.resume()
                await self._accept(request.id)
            case "status":
                await self._accept(request.id, **controls.about, **dispatcher.status())
            case "history":
                await self._accept(request.id, history=dispatcher.history())
            case "voices":
                await self._accept(request.id, voices=await controls.voices())
            case "reload":
                await self._accept(request.id, message=await controls.reload())
            case "subscribe":
                self._waiting.start_soon(self._send_events, request.id)
            case "shutdown":
                await self._accept(request.id)
                controls.shutdown()

    # ------------------------------------------------ what takes its time

    async def _follow(self, id: int | str | None, asked: SpeechRequest, wait: Wait) -> None:
        """Answer at once, or when it begins or ends; a caller that leaves while it waits cancels the request."""
        if wait == "queued":
            await self._tell(id, asked)
            return
        await self._slots.acquire()
        self._waiting.start_soon(self._wait, id, asked, wait)

    async def _wait(self, id: int | str | None, asked: SpeechRequest, wait: Wait) -> None:
        try:
            await (asked.began if wait == "started" else asked.ended).wait()
            await self._tell(id, asked)
        except BaseException:
            self._dispatcher.stop_one(asked)
            raise
        finally:
            self._slots.release()

    async def _send_events(self, id: int | str | None) -> None:
        """The status, then everything that happens, and how many events a slow caller has missed."""
        with self._dispatcher.subscribe() as subscription:
            self._waiting.start_soon(end_after, self._closing, subscription)
            await self._send(
                {"id": id, "ok": True, "event": "snapshot", **self._controls.about, **self._dispatcher.status()}
            )
            missed = 0
            async for event in subscription.events:
                if subscription.missed > missed:
                    await self._send({"type": "missed", "events": subscription.missed - missed}, patient=True)
                    missed = subscription.missed
                await self._send(as_dict(event), patient=True)

    # ------------------------------------------------ the answers

    async def _tell(self, id: int | str | None, asked: SpeechRequest) -> None:
        """How a request goes."""
        if asked.state is State.FAILED:
            await self._refuse(id, asked.code or "VB-FAILED", asked.reason, asked.hint)
            return
        more: Values = {"reason": asked.reason} if asked.reason else {}
        if asked.state.over:
            more["seconds"] = round(asked.seconds, 3)
            if asked.kind == "ask":
                more["heard"] = asked.heard
        await self._accept(
            id, utterance=asked.id, turn=asked.turn, state=asked.state.value, position=asked.position, **more
        )

    async def _accept(self, id: int | str | None, **values: object) -> None:
        await self._send({"id": id, "ok": True, **values})

    async def _refuse(self, id: int | str | None, code: str, message: str, hint: str = "") -> None:
        await self._send({"id": id, "ok": False, "code": code, "message": message, "hint": hint})

    async def _send(self, values: dict[str, Any], *, patient: bool = False) -> None:  # Any: whatever JSON can hold
        line = json.dumps(values).encode() + b"\n"
        async with self._sending:
            if patient:
                await self._stream.send(line)
                return
            with anyio.move_on_after(_SEND_SECONDS) as deadline:
                await self._stream.send(line)
        if deadline.cancelled_caught:
            raise BrokenResourceError


async def _text_of(beginning: str, rest: MemoryObjectReceiveStream[str]) -> AsyncGenerator[str, None]:
    with rest:
        if beginning:
            yield beginning
        async for piece in rest:
            yield piece


async def end_after(event: anyio.Event, subscription: Subscription) -> None:
    """Let the events of `subscription` end when this has happened."""
    await event.wait()
    subscription.end()


async def cancel_after(event: anyio.Event, scope: CancelScope) -> None:
    """Cancel `scope` when the event comes."""
    await event.wait()
    scope.cancel()
