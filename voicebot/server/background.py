"""What goes on in one conversation between its turns, among the tasks of the server."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from anyio import CancelScope
from anyio.abc import TaskGroup

from voicebot.errors import VoicebotError, without_groups
from voicebot.protocols import Arguments


class ConversationTasks:
    """Starts tasks that end with the conversation, and whose failure ends no other.

    A task group of its own would need a task that holds it open: 8 KiB for each conversation that anybody has open.
    """

    __slots__ = ("_closed", "_failed", "_running", "_tasks")

    def __init__(self, tasks: TaskGroup, failed: Callable[[VoicebotError], None]) -> None:
        self._tasks = tasks
        self._failed = failed
        self._running: list[CancelScope] = []
        self._closed = False

    def start_soon(
        self,
        func: Callable[[*Arguments], Coroutine[Any, Any, object]],  # Any: the event loop's
        *args: *Arguments,
    ) -> None:
        """Start a task, unless the conversation has ended."""
        if not self._closed:
            scope = CancelScope()
            self._running.append(scope)
            self._tasks.start_soon(self._run, scope, partial(func, *args))

    def close(self) -> None:
        """Cancel them all, and start no more."""
        self._closed = True
        for scope in self._running:
            scope.cancel()

    async def _run(self, scope: CancelScope, work: Callable[[], Coroutine[Any, Any, object]]) -> None:  # Any: as above
        try:
            with scope, without_groups():
                await work()
        except VoicebotError as error:
            self._failed(error)
        finally:
            self._running.remove(scope)
