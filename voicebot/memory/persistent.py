"""A memory that outlives the process: the window, and a store that one thread of its own writes to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

import anyio

from voicebot.errors import HistoryError
from voicebot.memory.turns import Turn
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message
from voicebot.protocols import ChatModel
from voicebot.speech import Outcome
from voicebot.threadsafe import event_loop_caller

if TYPE_CHECKING:
    from voicebot.memory.sqlite_store import Store

T = TypeVar("T")

_CLOSING_SECONDS = 10.0
"""So long the end of the process waits for a disk."""


class PersistentMemory:
    """Tells what its window knows and keeps every turn in a store."""

    def __init__(
        self, window: WindowMemory, history: _History, *, conversation: str, notify: Callable[[str], None]
    ) -> None:
        self._window = window
        self._history = history
        self._conversation = conversation
        self._notify = notify
        self._unkept: list[Turn] = []
        """Written by the next job; a turn that could not be kept is tried again with the next one."""
        self._job: Future[None] | None = None
        self._complained = False

    @property
    def conversation(self) -> str:
        """The name of the conversation; empty before its first turn was kept."""
        return self._conversation

    def messages(self) -> list[Message]:
        """The messages to send before the next one of the user."""
        return self._window.messages()

    def remember(self, message: str, outcome: Outcome, *, model: str) -> None:
        """Know one finished turn from now on, and begin to keep it."""
        self._unkept.append(self._window.remember(message, outcome, model=model))
        self._job = self._history.submit(self._write)

    async def keep(self) -> None:
        """Return when every turn so far is in the store; what cannot be kept is told once. Cancelling loses nothing."""
        if (job := self._job) is not None:
            await self._finish(job)

    async def condense(self, chat: ChatModel) -> None:
        """Let `chat` fold older turns into the summary where there are too many, and keep that."""
        before = self._window.summary
        await self._window.condense(chat)
        if (summary := self._window.summary) != before:
            await self._finish(self._history.submit(lambda store: store.summarize(self._conversation, summary)))

    def _write(self, store: Store) -> None:
        """Runs in the thread of the store."""
        if turns := self._unkept[:]:
            self._conversation = store.add(self._conversation, turns)
            del self._unkept[: len(turns)]

    async def _finish(self, job: Future[None]) -> None:
        try:
            await self._history.result(job)
        except HistoryError as error:
            if not self._complained:
                self._complained = True
                self._notify(f"this conversation is not kept: {error.message}" + f" → {error.hint}" * bool(error.hint))


@asynccontextmanager
async def open_persistent_memory(
    window: WindowMemory, path: str, *, conversation: str | None, notify: Callable[[str], None]
) -> AsyncGenerator[PersistentMemory, None]:
    """A memory in the file at `path`, or the usual one if that is empty; opened when there is something to do.

    `conversation` names the conversation to go on with, or to begin; empty: the latest; None: a new one. Raises
    HistoryError if it cannot be read. At the end it waits for what is still being written.
    """
    history = _History(path, notify)
    try:
        name = conversation or ""
        if conversation is not None:
            found = await history.result(history.submit(lambda store: store.resume(name, window.reach)))
            if found is not None:
                window.restore(found.turns, found.summary)
                name = found.name
                notify(f"going on with the conversation {name}")
            elif not name:
                notify("there is no earlier conversation to go on with: this is a new one")
        yield PersistentMemory(window, history, conversation=name, notify=notify)
    finally:
        await history.close()


class _History:
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
