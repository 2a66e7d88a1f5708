"""The memory of one conversation that outlives the process: a window on it, and the history that keeps it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from voicebot.errors import HistoryError
from voicebot.memory.history import CLOSING_SECONDS, History
from voicebot.memory.turns import Turn
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message
from voicebot.protocols import ChatModel
from voicebot.speech import Outcome
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.memory.sqlite_store import Store


class PersistentMemory:
    """Tells the chat model what its window knows, and keeps every turn in the history."""

    def __init__(
        self,
        window: WindowMemory,
        history: History,
        *,
        conversation: str,
        single: bool,
        notify: Callable[[str], None],
    ) -> None:
        self._window = window
        self._history = history
        self._conversation = conversation
        self._single = single
        self._notify = notify
        self._unkept: list[Turn] = []
        """What the next job writes; a turn that could not be written is tried again with the next one."""
        self._job: Future[None] | None = None
        self._failure_told = False

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
        """Return when every turn so far is in the history; a failure is reported once. Cancelling loses nothing."""
        if (job := self._job) is not None:
            await self._finish(job)

    async def condense(self, chat: ChatModel) -> None:
        """Let `chat` fold older turns into the summary if there are too many, and keep the summary."""
        before = self._window.summary
        await self._window.condense(chat)
        if (summary := self._window.summary) != before:
            await self._finish(self._history.submit(lambda store: store.summarize(self._conversation, summary)))

    def _write(self, store: Store) -> None:
        """Runs in the thread of the history."""
        if turns := self._unkept[:]:
            self._conversation = store.add(self._conversation, turns, single=self._single)
            del self._unkept[: len(turns)]

    async def _finish(self, job: Future[None]) -> None:
        try:
            await self._history.result(job)
        except HistoryError as error:
            if not self._failure_told:
                self._failure_told = True
                self._notify(
                    tr("this conversation is not kept: {message}", message=error.message)
                    + f" → {error.hint}" * bool(error.hint)
                )


@asynccontextmanager
async def open_persistent_memory(
    window: WindowMemory,
    history: History,
    *,
    conversation: str | None,
    single: bool = False,
    notify: Callable[[str], None],
) -> AsyncGenerator[PersistentMemory, None]:
    """The same as `persistent_memory`; at the end it waits until every turn is kept."""
    memory = await persistent_memory(window, history, conversation=conversation, single=single, notify=notify)
    try:
        yield memory
    finally:
        with anyio.move_on_after(CLOSING_SECONDS, shield=True):
            await memory.keep()


async def persistent_memory(
    window: WindowMemory,
    history: History,
    *,
    conversation: str | None,
    single: bool = False,
    notify: Callable[[str], None],
) -> PersistentMemory:
    """The memory of one conversation in `history`, which other conversations may use at the same time.

    `conversation` names the conversation to continue, or to start; empty: the latest of the whole history; None: a
    new one, which with `single` is kept as a question asked alone. `window` is this conversation's own. Raises
    HistoryError if the history cannot be read. Nothing has to be closed: the history waits for what it is to keep.
    """
    name = conversation or ""
    if conversation is not None:
        found = await history.result(history.submit(lambda store: store.resume(name, window.reach)))
        if found is not None:
            window.restore(found.turns, found.summary)
            name = found.name
            notify(tr("continuing the conversation {name}", name=name))
        elif not name:
            notify(tr("there is no earlier conversation to continue: this is a new one"))
    return PersistentMemory(window, history, conversation=name, single=single and conversation is None, notify=notify)
