"""Speaks what LangChain's models write, one reply after another, in the event loop of a thread of its own.

asyncio, as LangChain: the handler calls in from other threads, through `loop.call_soon_threadsafe`.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from uuid import UUID

from anyio import CancelScope

from voicebot.messages import Message
from voicebot.protocols import Emit
from voicebot.text.agent_scaffolding import ReActFilter
from voicebot.text.reasoning import ReasoningFilter
from voicebot.turn import Pipeline, speak_turn

_PROMPTED_THOUGHT = re.compile(r"(?:Thought|思考)\s*[:：]\s*\Z")
"""ReAct prompts end so: the model goes on with its thought and does not write the label again."""


class Reply:
    """One run of a model, as the chat model of a turn."""

    name = "langchain"

    def __init__(
        self, run_id: UUID, lineage: Sequence[UUID], *, asked: str = "", final_answer_only: bool = False
    ) -> None:
        self.run_id = run_id
        self.lineage = lineage
        self.asked = asked
        self.queued = False
        """Whether it has said something, and so has its place in the order."""
        self.scope: CancelScope | None = None
        """While it is spoken."""
        self.stopped = False
        self.empty = True
        """Whether nothing has come."""
        self._reasoning = ReasoningFilter()
        self._react = ReActFilter() if final_answer_only else None
        if self._react and _PROMPTED_THOUGHT.search(asked):
            self._react.feed("Thought:")
        self._texts: deque[str] = deque()
        self._ended = False
        self._worth_hearing = False
        self._arrived = asyncio.Event()

    def add(self, text: str) -> bool:
        """Take a piece of text; tell whether there is something to say."""
        self.empty = False
        said = self._reasoning.feed(text)
        return self._keep(self._react.feed(said) if self._react else said)

    def end(self) -> bool:
        """Take nothing any more; tell whether there is something to say."""
        rest = self._reasoning.flush()
        if self._react:
            rest = self._react.feed(rest) + self._react.flush()
        self._ended = True
        return self._keep(rest)

    def _keep(self, text: str) -> bool:
        if text:
            self._texts.append(text)
            self._worth_hearing = self._worth_hearing or not text.isspace()
        self._arrived.set()
        return self._worth_hearing

    def stop(self) -> None:
        """Say nothing any more."""
        self.stopped = self._ended = True
        self._texts.clear()
        self._arrived.set()
        if self.scope:
            self.scope.cancel()

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002
        """Yield the deltas as they come."""
        while True:
            self._arrived.clear()
            while self._texts:
                yield self._texts.popleft()
            if self._ended:
                return
            await self._arrived.wait()


class Narrator:
    """Speaks replies one after another; everything here happens in the handler's thread."""

    def __init__(self, pipeline: Pipeline, emit: Emit, *, final_answer_only: bool) -> None:
        self.loop = asyncio.get_running_loop()
        self._pipeline = pipeline
        self._emit = emit
        self._final_answer_only = final_answer_only
        self._lineages: dict[UUID, tuple[UUID, ...]] = {}
        """The runs that last, each with those it is part of, itself first."""
        self._tools: set[UUID] = set()
        self._writing: dict[UUID, Reply] = {}
        """What models write now."""
        self._held: dict[UUID, list[str]] = {}
        """Of replies that may turn out to come before a tool call."""
        self._waiting: deque[Reply] = deque()
        """What is to be spoken, the one being spoken included."""
        self._changed = asyncio.Event()
        self._finished = False

    def descend(self, run_id: UUID, parent: UUID | None, *, tool: bool = False) -> None:
        """A chain or a tool begins."""
        above = self._lineages.get(parent, ()) if parent else ()
        self._lineages[run_id] = (run_id, *above)
        if tool:
            self._tools.add(run_id)

    def ascend(self, run_id: UUID) -> None:
        """It has ended."""
        self._lineages.pop(run_id, None)
        self._tools.discard(run_id)

    def begin(self, run_id: UUID, parent: UUID | None, asked: str, *, silent: bool, tools: bool) -> None:
        """A model begins."""
        above = self._lineages.get(parent, ()) if parent else ()
        if silent or self._finished or not self._tools.isdisjoint(above):
            return
        self._writing[run_id] = Reply(run_id, (run_id, *above), asked=asked, final_answer_only=self._final_answer_only)
        if self._final_answer_only and tools:
            self._held[run_id] = []

    def add(self, run_id: UUID, text: str) -> None:
        """A model has written `text`."""
        if run_id in self._held:
            self._held[run_id].append(text)
        elif (reply := self._writing.get(run_id)) and reply.add(text):
            self._queue(reply)

    def end(self, run_id: UUID, text: str, calls: bool) -> None:
        """A model has written all of `text`, and asked for tools or not."""
        held = self._held.pop(run_id, None)
        reply = self._writing.pop(run_id, None)
        if reply is None:
            return
        if held is not None:
            text = "" if calls else "".join(held) or text
        if text and reply.empty:
            reply.add(text)
        if reply.end():
            self._queue(reply)
        self._notify()

    def fail(self, run_id: UUID) -> None:
        """A model or a chain has failed."""
        self.ascend(run_id)
        for reply in [*self._writing.values(), *self._waiting]:
            if run_id in reply.lineage:
                self._stop(reply)

    def stop(self) -> None:
        """Be silent at once."""
        for reply in [*self._writing.values(), *self._waiting]:
            self._stop(reply)

    def finish(self, *, at_once: bool) -> None:
        """Nothing more will come."""
        self._finished = True
        if at_once:
            self.stop()
        for run_id in [*self._writing]:
            self.end(run_id, "", calls=False)
        self._notify()

    async def quiet(self) -> None:
        """Wait until nothing is being written or spoken."""
        while self._writing or self._waiting:
            await self._changed.wait()

    async def work(self) -> None:
        """Speak until nothing more will come."""
        try:
            await self._work()
        finally:  # however it ends: nobody waits for it any more
            self._finished = True
            self._writing.clear()
            self._waiting.clear()
            self._notify()

    async def _work(self) -> None:
        while self._waiting or not self._finished:
            if not self._waiting:
                await self._changed.wait()
                continue
            reply = self._waiting[0]
            if not reply.stopped:
                reply.scope = CancelScope()
                pipeline = replace(self._pipeline, chat=reply)
                await speak_turn([Message("user", reply.asked)], pipeline, emit=self._emit, scope=reply.scope)
                reply.scope = None
            self._waiting.popleft()
            self._notify()

    def _queue(self, reply: Reply) -> None:
        if not reply.queued:
            reply.queued = True
            self._waiting.append(reply)
            self._notify()

    def _stop(self, reply: Reply) -> None:
        self._writing.pop(reply.run_id, None)
        self._held.pop(reply.run_id, None)
        reply.stop()
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
