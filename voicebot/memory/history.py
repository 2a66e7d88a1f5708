"""The one thread that uses the store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import anyio

from voicebot.errors import HistoryError
from voicebot.threadsafe import event_loop_caller

if TYPE_CHECKING:
    from voicebot.memory.sqlite_store import Store

T = TypeVar("T")

_CLOSING_SECONDS = 10.0
"""So long the end of the process waits for a disk."""


class History:
    """The store and the one thread that uses it."""

    def __init__(self, path: str, notify: Callable[[str], None]) -> None:
        self._path = path
        self._notify = notify
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._store: Store | None = None

    def submit(self, work: Callable[[Store], T]) -> Future[T]:
        """Let the thread do `work` after everything before it."""

        def run() -> T:
            if self._store is None:
                try:
                    from voicebot.memory.sqlite_store import Store, history_path  # not loaded before the first sound
                except ImportError as error:
                    raise HistoryError(
                        f"this Python has no SQLite: {error}", hint="set memory.store = false"
                    ) from error

                self._store = Store(history_path(self._path))
            return work(self._store)

        return self._thread.submit(run)

    async def result(self, job: Future[T]) -> T:
        """Wait for `job`; cancelling does not end it."""
        await _wait(job)
        if self._store is not None:
            while self._store.notes:
                self._notify(self._store.notes.pop(0))
        return job.result()

    async def close(self) -> None:
        """Wait for what was submitted, for some seconds, and close the file."""
        job = self._thread.submit(lambda: self._store.close() if self._store else None)
        self._thread.shutdown(wait=False)
        with anyio.move_on_after(_CLOSING_SECONDS, shield=True):
            await _wait(job)


async def _wait(job: Future[T]) -> None:
    done = anyio.Event()
    wake = event_loop_caller()

    def wake_up(_: Future[T]) -> None:
        with suppress(RuntimeError):  # nobody waits any more, the event loop has ended
            wake(done.set)

    job.add_done_callback(wake_up)
    await done.wait()
