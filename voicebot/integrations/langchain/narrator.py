"""Says what LangChain's models write, one reply after another.

Each run of a model is a stream of deltas, which the end of the run closes. With its first word for the listener it is
given to the conversation, which says it when its turn has come. Everything here happens in one event loop.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voicebot.conversation import Conversation
from voicebot.errors import without_groups
from voicebot.integrations.langchain.audible_text import AudibleText

WRITER = "langchain"
"""Who writes what is said here, as events call it."""


@dataclass(frozen=True, slots=True)
class _ModelRun:
    """A run of a model, until all of it was written and said."""

    id: UUID
    lineage: tuple[UUID, ...]
    """The run and what it is part of."""
    prompt: str
    text: AudibleText
    deltas: MemoryObjectSendStream[str]
    written: MemoryObjectReceiveStream[str]
    scope: CancelScope = field(default_factory=CancelScope)
    """Of the task that has it said."""
    over: anyio.Event = field(default_factory=anyio.Event)

    @property
    def source(self) -> str:
        """Who asks for the floor."""
        return str(self.id)


class Narrator:
    """Is told of LangChain's runs, and has a conversation say what the models among them write."""

    def __init__(self, conversation: Conversation, tasks: TaskGroup, *, final_answer_only: bool) -> None:
        self.finished = anyio.Event()
        """Set as soon as no more runs are taken."""
        self._conversation = conversation
        self._tasks = tasks
        self._final_answer_only = final_answer_only
        self._lineages: dict[UUID, tuple[UUID, ...]] = {}
        """The chains and tools that run, each with those that it is part of, itself first."""
        self._tools: set[UUID] = set()
        self._writing: dict[UUID, _ModelRun] = {}
        """What models write now."""
        self._saying: dict[UUID, _ModelRun] = {}
        """What is said, or waits for it."""

    # ------------------------------------------------ chains and tools

    def enter(self, run_id: UUID, parent: UUID | None, *, tool: bool = False) -> None:
        """A chain or a tool begins; nothing that a model writes inside a tool is said."""
        self._lineages[run_id] = self._lineage(run_id, parent)
        if tool:
            self._tools.add(run_id)

    def leave(self, run_id: UUID) -> None:
        """It has ended."""
        self._lineages.pop(run_id, None)
        self._tools.discard(run_id)

    # ------------------------------------------------ models

    def begin(self, run_id: UUID, parent: UUID | None, prompt: str, *, has_tools: bool) -> None:
        """A model begins to reply to `prompt`."""
        lineage = self._lineage(run_id, parent)
        if self.finished.is_set() or not self._tools.isdisjoint(lineage):
            return
        text = AudibleText(prompt, final_answer_only=self._final_answer_only, has_tools=has_tools)
        deltas, written = anyio.create_memory_object_stream[str](math.inf)  # LangChain waits for nobody
        self._writing[run_id] = _ModelRun(run_id, lineage, prompt, text, deltas, written)

    def add(self, run_id: UUID, delta: str) -> None:
        """A model has written `delta`."""
        if run := self._writing.get(run_id):
            self._say(run, run.text.feed(delta))

    def end(self, run_id: UUID, whole: str, *, calls: bool) -> None:
        """A model has written `whole`, streamed or not, and `calls` tools or does not."""
        if run := self._writing.get(run_id):
            self._say(run, run.text.end(whole, calls=calls))
            self._close(run)

    def fail(self, run_id: UUID) -> None:
        """A model or a chain has failed: what belongs to it is silent at once."""
        self.leave(run_id)
        for run in self._runs():
            if run_id in run.lineage:
                self._stop(run)

    # ------------------------------------------------ all of them

    def stop(self) -> None:
        """Be silent at once, and forget what has been written so far."""
        for run in self._runs():
            self._stop(run)

    def finish(self) -> None:
        """Take no more runs; what has been written so far is still said."""
        self.finished.set()
        for run_id in [*self._writing]:
            self.end(run_id, "", calls=False)

    async def quiet(self) -> None:
        """Wait until nothing is being written or said."""
        while runs := self._runs():
            await runs[0].over.wait()

    def _lineage(self, run_id: UUID, parent: UUID | None) -> tuple[UUID, ...]:
        return run_id, *(self._lineages.get(parent, ()) if parent else ())

    def _runs(self) -> list[_ModelRun]:
        return [*{**self._saying, **self._writing}.values()]

    def _say(self, run: _ModelRun, text: str) -> None:
        if not text:
            return
        run.deltas.send_nowait(text)
        if run.id not in self._saying:
            self._saying[run.id] = run
            self._tasks.start_soon(self._have_said, run)  # asyncio keeps this order

    async def _have_said(self, run: _ModelRun) -> None:
        try:
            with run.scope:
                await self._conversation.say(run.written, message=run.prompt, writer=WRITER, source=run.source)
                async for _ in run.written:
                    pass  # it is still being written, and was cut short
        finally:
            del self._saying[run.id]
            self._close(run)

    def _stop(self, run: _ModelRun) -> None:
        self._close(run)
        if not self._conversation.floor.cancel_all(run.source):
            run.scope.cancel()  # it has not come to the floor yet

    def _close(self, run: _ModelRun) -> None:
        """Nothing more of it is written."""
        self._writing.pop(run.id, None)
        run.deltas.close()
        if run.id not in self._saying:
            run.written.close()
            run.over.set()


@asynccontextmanager
async def open_narrator(conversation: Conversation, *, final_answer_only: bool = False) -> AsyncIterator[Narrator]:
    """Open what speaks in `conversation`; leaving the block waits until everything was said."""
    with without_groups():
        async with anyio.create_task_group() as tasks:
            narrator = Narrator(conversation, tasks, final_answer_only=final_answer_only)
            try:
                yield narrator
            finally:
                narrator.finish()
