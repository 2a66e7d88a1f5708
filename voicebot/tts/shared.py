"""One engine for many conversations: what several of them say, at the same time or one after another, is made once."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup

from voicebot.errors import SynthesisError
from voicebot.protocols import Synthesizer, loads_languages, synthesize_within
from voicebot.speech import AS_CONFIGURED, Audio, Capabilities, Style

KEPT_BYTES = 32 * 1024 * 1024
"""Of finished audio: eleven minutes of 24 kHz mono."""
_LONGEST_KEPT = 200
"""Characters; what is longer is not said twice."""


@dataclass(slots=True, eq=False)
class _Work:
    """One text that is being said, or was."""

    pieces: list[Audio] = field(default_factory=list)
    scope: CancelScope = field(default_factory=CancelScope)
    readers: int = 0
    done: bool = False
    error: SynthesisError | None = None
    changed: anyio.Event = field(default_factory=anyio.Event)

    def tell(self) -> None:
        """Wake up those who read it."""
        self.changed.set()
        self.changed = anyio.Event()

    @property
    def bytes(self) -> int:
        """What it takes to keep it."""
        return sum(len(piece.pcm) for piece in self.pieces)


class SharedSynthesizer:
    """A synthesizer whose calls share their audio: each caller gets every piece, as soon as it is there.

    The engine stops when the last of those who wait for a text has gone. An error is raised for all who wait, and
    nothing of it is kept.
    """

    def __init__(self, synthesizer: Synthesizer, tasks: TaskGroup, *, kept_bytes: int = KEPT_BYTES) -> None:
        """The engine works in `tasks`."""
        self._synthesizer = synthesizer
        self._tasks = tasks
        self._kept_bytes = kept_bytes
        self._works: OrderedDict[tuple[str, Style], _Work] = OrderedDict()
        self._bytes = 0
        self.name, self.identity, self.credit = synthesizer.name, synthesizer.identity, synthesizer.credit
        self.format = synthesizer.format

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do now."""
        return self._synthesizer.capabilities

    def expect(self, language: str) -> None:
        """Begin to load what only texts in `language` need."""
        if loads_languages(self._synthesizer):
            self._synthesizer.expect(language)

    async def synthesize(
        self, text: str, style: Style = AS_CONFIGURED, *, within_seconds: float = math.inf
    ) -> AsyncGenerator[Audio, None]:
        """Yield the audio of `text`; what was made before took the engine no work.

        It is as urgent as the first who asks for it says: the engine is asked then.
        """
        key = (text, style)
        work = self._works.get(key)
        made_before = work is not None and work.done
        if work is None:
            work = self._works[key] = _Work()
            self._tasks.start_soon(self._make, key, work, within_seconds)
        self._works.move_to_end(key)
        work.readers += 1
        number = 0
        try:
            while True:
                while number < len(work.pieces):
                    piece = work.pieces[number]
                    number += 1
                    yield replace(piece, work_seconds=0.0) if made_before else piece
                if work.error is not None:
                    raise type(work.error)(work.error.message, hint=work.error.hint) from work.error
                if work.done:
                    return
                await work.changed.wait()
        finally:
            work.readers -= 1
            if not work.readers and not work.done:
                self._forget(key, work)
                work.scope.cancel()

    async def _make(self, key: tuple[str, Style], work: _Work, within_seconds: float) -> None:
        with work.scope:
            try:
                async with aclosing(synthesize_within(self._synthesizer, *key, within_seconds)) as pieces:
                    async for piece in pieces:
                        work.pieces.append(piece)
                        work.tell()
            except SynthesisError as error:
                work.error = error
                self._forget(key, work)
            work.done = True
            work.tell()
            self._keep(key, work)

    def _keep(self, key: tuple[str, Style], work: _Work) -> None:
        if self._works.get(key) is not work:
            return
        if len(key[0]) > _LONGEST_KEPT:
            self._forget(key, work)
            return
        self._bytes += work.bytes
        while self._bytes > self._kept_bytes:
            oldest, finished = next((item for item in self._works.items() if item[1].done), (key, work))
            self._bytes -= finished.bytes
            self._forget(oldest, finished)

    def _forget(self, key: tuple[str, Style], work: _Work) -> None:
        if self._works.get(key) is work:
            del self._works[key]


@asynccontextmanager
async def open_shared(synthesizer: Synthesizer, *, kept_bytes: int = KEPT_BYTES) -> AsyncIterator[SharedSynthesizer]:
    """`synthesizer` for many conversations; at most `kept_bytes` of what it made are kept."""
    async with anyio.create_task_group() as tasks:
        yield SharedSynthesizer(synthesizer, tasks, kept_bytes=kept_bytes)
        tasks.cancel_scope.cancel()
