"""Two voices for one text: the second is asked where the first is late or gone, and whichever begins first is heard."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

import anyio
from anyio import CancelScope, EndOfStream
from anyio.abc import TaskGroup

from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.protocols import Synthesizer, loads_languages, synthesize_within
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style


def hedge_after(within_seconds: float, *, usual_seconds: float, urgent_seconds: float) -> float:
    """Seconds after which the second voice is asked: the first is late, and the listener about to hear silence."""
    return max(usual_seconds, within_seconds - urgent_seconds)


class _Racer:
    """One voice at one text, in a task of its own: a voice may hold locks that belong to the task it began in."""

    def __init__(self, pieces: AsyncGenerator[Audio, None], tasks: TaskGroup) -> None:
        self._pieces = pieces
        self._scope = CancelScope()
        self._send, self._receive = anyio.create_memory_object_stream[Audio](1)
        self.error: SynthesisError | None = None
        self.begun = anyio.Event()
        """Set with the first piece, or at the end if no piece came."""
        tasks.start_soon(self._run)

    @property
    def failed(self) -> bool:
        """Whether it ended with an error and without a sound."""
        return self.error is not None and not self._receive.statistics().current_buffer_used

    async def pieces(self) -> AsyncGenerator[Audio, None]:
        """What it says. Raises SynthesisError."""
        while True:
            try:
                yield await self._receive.receive()
            except EndOfStream:
                break
        if self.error is not None:
            raise self.error

    def stop(self) -> None:
        """Give its engine up to the next caller."""
        self._scope.cancel()
        self._send.close()
        self._receive.close()

    async def _run(self) -> None:
        with self._scope:
            try:
                async with self._send, aclosing(self._pieces):
                    async for piece in self._pieces:
                        self.begun.set()
                        await self._send.send(piece)
            except SynthesisError as error:
                self.error = error
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                pass  # nobody listens any more
        self.begun.set()


class HedgedSynthesizer:
    """A synthesizer backed by a second one, for texts that the first does not begin in time or cannot say at all."""

    def __init__(
        self,
        first: Synthesizer,
        second: Synthesizer,
        tasks: TaskGroup,
        *,
        usual_seconds: Callable[[], float],
        urgent_seconds: float,
    ) -> None:
        """Both work in `tasks`. The first is late after `usual_seconds`, where the listener hears silence within
        `urgent_seconds`."""
        self._first, self._second = first, second
        self._tasks = tasks
        self._usual_seconds, self._urgent_seconds = usual_seconds, urgent_seconds

    @property
    def name(self) -> str:
        """That of the first."""
        return self._first.name

    @property
    def identity(self) -> str:
        """That of the first."""
        return self._first.identity

    @property
    def credit(self) -> str:
        """What either asks for."""
        return " · ".join(dict.fromkeys(filter(None, [self._first.credit, self._second.credit])))

    @property
    def format(self) -> AudioFormat:
        """That of the first; each piece says its own."""
        return self._first.format

    @property
    def capabilities(self) -> Capabilities:
        """Those of the first; a text is to be written so that both can read it."""
        can, second = self._first.capabilities, self._second.capabilities
        return replace(can, reads=tuple(tag for tag in can.reads if tag in second.reads))

    def expect(self, language: str) -> None:
        """Begin to load what only texts in `language` need."""
        for synthesizer in (self._first, self._second):
            if loads_languages(synthesizer):
                synthesizer.expect(language)

    async def synthesize(
        self, text: str, style: Style = AS_CONFIGURED, *, within_seconds: float = math.inf
    ) -> AsyncGenerator[Audio, None]:
        """Yield the audio of `text` from whichever voice begins first."""
        first = _Racer(synthesize_within(self._first, text, style, within_seconds), self._tasks)
        racers = [first]
        winner = first
        late = hedge_after(within_seconds, usual_seconds=self._usual_seconds(), urgent_seconds=self._urgent_seconds)
        try:
            with anyio.move_on_after(late):
                await first.begun.wait()
            if not first.begun.is_set() or (first.failed and isinstance(first.error, VoiceUnavailable)):
                other = replace(style, voice="")  # the name of a voice of the first
                second = _Racer(synthesize_within(self._second, text, other, within_seconds), self._tasks)
                racers.append(second)
                winner = await _winner(first, second)
                (second if winner is first else first).stop()
            async with aclosing(winner.pieces()) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            for racer in racers:
                racer.stop()


async def _winner(first: _Racer, second: _Racer) -> _Racer:
    """Whichever begins first; the first one where neither can."""
    while True:
        waiting = [racer for racer in (first, second) if not racer.begun.is_set()]
        for racer in (first, second):
            if racer.begun.is_set() and not racer.failed:
                return racer
        if not waiting:
            return first
        async with anyio.create_task_group() as tasks:
            for racer in waiting:
                tasks.start_soon(_wait_for, racer.begun, tasks.cancel_scope)


async def _wait_for(event: anyio.Event, scope: CancelScope) -> None:
    await event.wait()
    scope.cancel()
