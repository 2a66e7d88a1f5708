"""The history of a process: one file, and the one thread that reads and writes it for every conversation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

import anyio

from voicebot.errors import HistoryError
from voicebot.threadsafe import event_loop_caller
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.memory.sqlite_store import Store

T = TypeVar("T")

CLOSING_SECONDS = 10.0
"""How long an end waits for a disk."""


class History:
    """Does work on the store in a thread of its own, one piece after another; one event loop may use it."""

    def __init__(self, path: str, *, notify: Callable[[str], None], redact: Callable[[str], str]) -> None:
        self._path = path
        self._redact = redact
        self._notify = notify
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._store: Store | None = None

    def submit(self, work: Callable[[Store], T]) -> Future[T]:
        """Let the thread do `work` after everything that was submitted before; never waits."""

        def run() -> T:
            if self._store is None:
                try:
                    from voicebot.memory.sqlite_file import history_path  # not loaded before the first sound
                    from voicebot.memory.sqlite_store import Store
                except ImportError as error:
                    raise HistoryError(
                        tr("this Python has no SQLite: {error}", error=error), hint=tr("set memory.store = false")
                    ) from error

                self._store = Store(history_path(self._path), redact=self._redact)
            return work(self._store)

        return self._thread.submit(run)

    async def result(self, job: Future[T]) -> T:
        """Wait for `job` and return its result; raises what it raised. Cancelling ends the wait, not the job."""
        await _wait(job)
        if self._store is not None:
            while self._store.notes:
                self._notify(self._store.notes.pop(0))
        return job.result()

    async def close(self) -> None:
        """Wait for what was submitted, for some seconds, and close the file."""
        job = self._thread.submit(lambda: self._store.close() if self._store else None)
        self._thread.shutdown(wait=False)
        with anyio.move_on_after(CLOSING_SECONDS, shield=True):
            await _wait(job)


@asynccontextmanager
async def open_history(
    path: str, *, notify: Callable[[str], None], redact: Callable[[str], str] = str
) -> AsyncGenerator[History, None]:
    """The history in the file at `path`, or in the usual one if that is empty, for any number of conversations.

    The file is opened, or made, with the first work to do. `notify` is told when a damaged file was set aside; `redact`
    takes out of every text what must not be kept. At the end it waits for what is still being written.
    """
    history = History(path, notify=notify, redact=redact)
    try:
        yield history
    finally:
        await history.close()


async def _wait(job: Future[T]) -> None:
    done = anyio.Event()
    wake = event_loop_caller()

    def wake_up(_: Future[T]) -> None:
        with suppress(RuntimeError):  # nobody waits any more: the event loop has ended
            wake(done.set)

    job.add_done_callback(wake_up)
    await done.wait()
