"""The same voice without async: it speaks in a thread of its own, and any thread may use it."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from functools import partial, wraps
from typing import ParamSpec, Self

import anyio
from anyio import BrokenResourceError
from anyio.from_thread import BlockingPortal, start_blocking_portal
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voicebot.events import Event
from voicebot.floor import Priority
from voicebot.library.deltas import checked
from voicebot.library.event_stream import EventStream
from voicebot.library.voice import Voice, open_voice
from voicebot.speech import Outcome

P = ParamSpec("P")
_DELTAS_AHEAD = 256
"""A generator that writes faster than it is spoken waits from here on."""


class SyncVoice:
    """A `Voice` whose methods wait; Ctrl-C, and whatever else is raised while one of them waits, ends its speech."""

    def __init__(self, portal: BlockingPortal, voice: Voice) -> None:
        self._portal = portal
        self._voice = voice

    def say(
        self, text: str, *, barge_in: bool = False, priority: Priority = Priority.MESSAGE, source: str = ""
    ) -> Outcome:
        """As `Voice.say`."""
        say = partial(self._voice.say, text, barge_in=barge_in, priority=priority, source=source)
        return self._result(self._start(say))

    def speak(
        self,
        deltas: str | Iterable[str | None] | AsyncIterable[str | None],
        *,
        barge_in: bool = False,
        priority: Priority = Priority.MESSAGE,
        source: str = "",
    ) -> Outcome:
        """As `Voice.speak`. An iterator is asked in the thread that calls this, an async one in the voice's own."""
        speak = partial(self._voice.speak, barge_in=barge_in, priority=priority, source=source)
        if isinstance(deltas, (str, AsyncIterable)):
            return self._result(self._start(partial(speak, deltas)))
        self._voice.check_open()
        send, receive = self._portal.call(_new_stream)

        async def receive_and_speak() -> Outcome:
            with receive:
                return await speak(receive)

        speaking = self._start(receive_and_speak)
        try:
            try:
                for delta in deltas:
                    if text := checked(delta):
                        self._portal.call(send.send, text)
            except BrokenResourceError:
                pass  # it was stopped: nobody listens any more
            finally:
                self._portal.call(send.close)
        except BaseException:
            speaking.cancel()
            raise
        return self._result(speaking)

    def ask(self, message: str, *, barge_in: bool = True, priority: Priority = Priority.MESSAGE) -> Outcome:
        """As `Voice.ask`."""
        ask = partial(self._voice.ask, message, barge_in=barge_in, priority=priority)
        return self._result(self._start(ask))

    def stop(self) -> bool:
        """As `Voice.stop`, from any thread."""
        self._voice.check_open()
        return self._portal.call(self._voice.stop)

    def pause(self) -> None:
        """As `Voice.pause`."""
        self._voice.check_open()
        self._portal.call(self._voice.pause)

    def resume(self) -> None:
        """As `Voice.resume`."""
        self._voice.check_open()
        self._portal.call(self._voice.resume)

    @property
    def speaking(self) -> bool:
        """As `Voice.speaking`."""
        return self._voice.speaking

    def events(self, *, capacity: int = 1024) -> SyncEventStream:
        """As `Voice.events`, to be read with `for` by another thread."""
        self._voice.check_open()
        return SyncEventStream(self._portal, self._portal.call(partial(self._voice.events, capacity=capacity)))

    def _start(self, speak: Callable[[], Awaitable[Outcome]]) -> Future[Outcome]:
        self._voice.check_open()
        return self._portal.start_task_soon(speak)

    def _result(self, speaking: Future[Outcome]) -> Outcome:
        try:
            return speaking.result()
        except BaseException:
            speaking.cancel()  # Ctrl-C: nobody waits for it any more
            raise


class SyncEventStream:
    """As `EventStream`, with `for`."""

    def __init__(self, portal: BlockingPortal, events: EventStream) -> None:
        self._portal = portal
        self._events = events

    @property
    def missed(self) -> int:
        """How many events were lost so far because they were not read in time."""
        return self._events.missed

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        try:
            event = self._portal.call(self._next)
        except (RuntimeError, CancelledError):  # the voice's thread has ended
            event = self._events.take_rest()
        if event is None:
            raise StopIteration
        return event

    async def _next(self) -> Event | None:
        return await anext(self._events, None)


def _without_async(
    opener: Callable[P, AbstractAsyncContextManager[Voice]],
) -> Callable[P, AbstractContextManager[SyncVoice]]:
    @wraps(opener)
    @contextmanager
    def open_without_async(*args: P.args, **kwargs: P.kwargs) -> Iterator[SyncVoice]:
        with (
            start_blocking_portal("asyncio", name="voicebot voice") as portal,
            portal.wrap_async_context_manager(opener(*args, **kwargs)) as voice,
        ):
            yield SyncVoice(portal, voice)

    return open_without_async


open_voice_sync = _without_async(open_voice)
"""As `open_voice`, without async: `with voicebot.open_voice_sync(…) as voice: voice.say("Good morning.")`.

`on_event` and `notify` are called in the voice's own thread, and must not call the voice themselves.
"""


async def _new_stream() -> tuple[MemoryObjectSendStream[str], MemoryObjectReceiveStream[str]]:
    return anyio.create_memory_object_stream[str](_DELTAS_AHEAD)
