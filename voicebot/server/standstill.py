"""The sound of a conversation stands still, in whichever tab it is heard, until anybody of its person lets it go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup

from voicebot.conversation import Conversation
from voicebot.events import Paused, Resumed
from voicebot.protocols import AudioOutput

MOST_SECONDS = 300.0
"""Nobody holds a turn for longer."""


class Standstill:
    """Holds the sound of all outputs of one conversation, and tells its readers."""

    def __init__(self, conversation: Conversation, tasks: TaskGroup) -> None:
        """A pause that lasts too long is ended by a task in `tasks`, which only runs during a pause."""
        self._conversation = conversation
        self._tasks = tasks
        self._outputs: list[AudioOutput] = []
        self._timer: CancelScope | None = None

    @property
    def on(self) -> bool:
        """Whether the sound stands still now."""
        return self._timer is not None

    @contextmanager
    def holding(self, output: AudioOutput) -> Iterator[None]:
        """Hold `output` too, whenever the conversation stands still, until the block ends."""
        self._outputs.append(output)
        if self.on:
            output.pause()
        try:
            yield
        finally:
            self._outputs.remove(output)

    def begin(self) -> None:
        """Hold the sound; whoever says so again holds it for longer."""
        was_on = self._stop_timer()
        self._timer = CancelScope()
        self._tasks.start_soon(self._end_later, self._timer)
        for output in self._outputs:
            output.pause()
        if not was_on:
            self._conversation.broadcast.emit(Paused(self._live, self._conversation.seconds(), MOST_SECONDS))

    def end(self) -> None:
        """Let the sound go on, if it stands still."""
        if not self._stop_timer():
            return
        for output in self._outputs:
            output.resume()
        self._conversation.broadcast.emit(Resumed(self._live, self._conversation.seconds()))

    def close(self) -> None:
        """Nobody is told any more."""
        self._stop_timer()

    @property
    def _live(self) -> str:
        live = self._conversation.floor.live
        return live.id if live is not None else ""

    def _stop_timer(self) -> bool:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        return timer is not None

    async def _end_later(self, timer: CancelScope) -> None:
        with timer:
            await anyio.sleep(MOST_SECONDS)
            self.end()
