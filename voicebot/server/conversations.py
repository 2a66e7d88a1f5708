"""The conversations of every person, each open while somebody uses it."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from voicebot.app import Engines, make_conversation, open_conversation, window_memory
from voicebot.audio.silent import SilentOutput
from voicebot.config.models import Config
from voicebot.conversation import Conversation
from voicebot.errors import HistoryError, VoicebotError
from voicebot.events import Event, FloorFree, new_turn_id
from voicebot.memory.turns import Turn
from voicebot.messages import ReplyOptions
from voicebot.server.background import ConversationTasks
from voicebot.server.event_log import EventLog
from voicebot.server.one_conversation import READ, TURNS_KEPT, Listed, OpenConversation, Said, now, only_read
from voicebot.server.refusals import Refusal, without_words
from voicebot.server.standstill import Standstill

if TYPE_CHECKING:
    from voicebot.memory.sqlite_rows import ConversationInfo

log = logging.getLogger(__name__)
_REMIND_SECONDS = 7.5
"""Half of what a reader waits at most until it is sent something."""
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_MOST_TITLE_CHARACTERS = 200


class Conversations:
    """Opens conversations, finds them again, and closes those that nobody uses."""

    def __init__(
        self,
        engines: Engines,
        config: Config,
        tasks: TaskGroup,
        *,
        most_open: int,
        most_of_a_person: int,
        idle_seconds: float = 600.0,
        listener: Callable[[Event], None] = lambda _: None,
    ) -> None:
        """What they do between turns are tasks among `tasks`; `listener` is told of the events of all."""
        self._engines = engines
        self._config = config
        self._tasks = tasks
        self._most_open = most_open
        self._most_of_a_person = most_of_a_person
        self._idle_seconds = idle_seconds
        self._listener = listener
        self._open: dict[tuple[str, str], OpenConversation] = {}
        self._opening = anyio.Lock()
        self._left = anyio.Event()
        """Nobody uses one of them any more."""

    def __len__(self) -> int:
        return len(self._open)

    async def create(self, person: str, title: str = "") -> Listed:
        """Begin a conversation of `person`. Raises Refusal where there are too many of them already."""
        async with self._opening:
            await self._check_count(person)
            opened = await self._start(person, new_turn_id())
            opened.title = title[:_MOST_TITLE_CHARACTERS]
        return opened.listed()

    @asynccontextmanager
    async def using(self, person: str, id: str) -> AsyncIterator[OpenConversation]:
        """A conversation of `person`, open until the block ends. Raises Refusal for any other."""
        opened = await self._find(person, id)
        opened.users += 1
        try:
            yield opened
        finally:
            opened.users -= 1
            opened.idle_since = anyio.current_time()
            if not opened.users:
                self._left.set()
                self._left = anyio.Event()

    async def listed(self, person: str) -> list[Listed]:
        """The conversations of `person`, the latest first."""
        found = {one.id: one for one in await self._kept(person)}
        found |= {id: opened.listed() for (owner, id), opened in self._open.items() if owner == person}
        return sorted(found.values(), key=lambda one: one.last, reverse=True)

    async def rename(self, person: str, id: str, title: str) -> Listed:
        """Call a conversation `title`. Raises Refusal."""
        title = title[:_MOST_TITLE_CHARACTERS]
        async with self.using(person, id) as opened:
            opened.title = title
            if (history := self._engines.history) is not None and opened.said:
                await history.result(history.submit(lambda store: store.rename(_name(person, id), title)))
            return opened.listed()

    async def delete(self, person: str, id: str) -> None:
        """Forget a conversation, and everything that was said in it. Raises Refusal."""
        async with self._opening:
            opened = await self._known(person, id)
            try:  # while it is open: what is said in it is noted until then
                await _silence(opened.conversation)
            finally:
                self._close(opened)
            if (history := self._engines.history) is not None and opened.said:
                await history.result(history.submit(lambda store: store.delete([_name(person, id)])))

    @asynccontextmanager
    async def alone(self, options: ReplyOptions = READ) -> AsyncIterator[Conversation]:
        """A conversation of one turn, which nobody finds again; its pipeline has no voice and no output.

        `options` are how its reply is written.
        """
        async with open_conversation(
            self._engines,
            self._config,
            notify=_told,
            output=SilentOutput(realtime=False),
            memory=window_memory(self._config),
            listener=self._listener,
        ) as conversation:
            conversation.pipeline = only_read(conversation.pipeline, options)
            yield conversation

    async def close_idle(self) -> None:
        """Close, again and again, what nobody has used for a while."""
        while True:
            await anyio.sleep(self._idle_seconds / 4)
            before = anyio.current_time() - self._idle_seconds
            for opened in [one for one in self._open.values() if not one.users and one.idle_since < before]:
                if self._engines.history is not None and opened.said:  # otherwise it would be lost
                    self._close(opened)

    async def remind_readers(self) -> None:
        """Let those who read of something in which nothing happens know that all is well, again and again."""
        while True:
            await anyio.sleep(_REMIND_SECONDS)
            self.remind()

    def remind(self) -> None:
        """Remind them once."""
        for opened in self._open.values():
            opened.log.remind()

    async def end_reading(self, seconds: float) -> None:
        """End all streams of events: nothing more will happen. Whoever reads has `seconds` to take the end of it."""
        for opened in self._open.values():
            opened.log.close()
        with anyio.move_on_after(seconds):
            while any(opened.users for opened in self._open.values()):
                await self._left.wait()

    # ---------------------------------------------------------------- opening

    async def _find(self, person: str, id: str) -> OpenConversation:
        if (opened := self._open.get((person, id))) is not None:
            return opened
        async with self._opening:
            return await self._known(person, id)

    async def _known(self, person: str, id: str) -> OpenConversation:
        """Open a conversation that exists. Somebody else's id is as unknown as any other."""
        if (opened := self._open.get((person, id))) is not None:
            return opened
        if _ID.fullmatch(id) and (kept := await self._kept_as(person, id)) is not None:
            return await self._start(person, id, kept)
        raise Refusal(404, "there is no such conversation", code="not_found")

    async def _start(self, person: str, id: str, kept: Listed | None = None) -> OpenConversation:
        if len(self._open) >= self._most_open:
            self._make_room()
        window, memory = window_memory(self._config), None
        if (history := self._engines.history) is not None:
            from voicebot.memory.persistent import persistent_memory

            memory = await persistent_memory(window, history, conversation=_name(person, id), notify=_told)

        def hear(event: Event) -> None:
            self._listener(event)
            opened.hear(event)

        tasks = ConversationTasks(self._tasks, lambda error: self._give_up(opened, error))
        conversation = await make_conversation(
            self._engines,
            self._config,
            notify=_told,
            output=SilentOutput(realtime=True),
            memory=memory or window,
            listeners=[hear],
            background=tasks,
        )
        still = Standstill(conversation, self._tasks)
        opened = OpenConversation(id, person, conversation, EventLog(), still, conversation.pipeline, tasks)
        conversation.pipeline = opened.pipeline  # until somebody listens
        opened.started = kept.started if kept else now()
        if kept is not None:
            opened.title = kept.title
            opened.said.extend(await self._history(person, id))
        opened.idle_since = anyio.current_time()
        self._open[person, id] = opened
        return opened

    def _make_room(self) -> None:
        """Close the one that was used least recently, even if that loses it."""
        idle = [one for one in self._open.values() if not one.users]
        if not idle:
            raise Refusal(503, "too many conversations at once", code="overloaded", headers={"retry-after": "10"})
        self._close(min(idle, key=lambda one: one.idle_since))

    def _close(self, opened: OpenConversation) -> None:
        self._open.pop((opened.person, opened.id), None)
        opened.close()

    def _give_up(self, opened: OpenConversation, error: VoicebotError) -> None:
        """A part of this one has failed, and of no other."""
        log.error("a conversation ended: %s", without_words(error))
        self._close(opened)

    # ---------------------------------------------------------------- what is kept

    async def _kept(self, person: str) -> list[Listed]:
        if (history := self._engines.history) is None:
            return []
        beginning = _name(person, "")
        found = await history.result(history.submit(lambda store: store.conversations(beginning)))
        return [_listed(one, person) for one in found]

    async def _kept_as(self, person: str, id: str) -> Listed | None:
        if (history := self._engines.history) is None:
            return None
        found = await history.result(history.submit(lambda store: store.conversation(_name(person, id))))
        return _listed(found, person) if found is not None else None

    async def _check_count(self, person: str) -> None:
        history, open = self._engines.history, [one for (owner, _), one in self._open.items() if owner == person]
        count = len(open)
        if history is not None:  # those in which something was said are kept there
            kept = history.result(history.submit(lambda store: store.count(_name(person, ""))))
            count = await kept + sum(not one.said for one in open)
        if count >= self._most_of_a_person:
            hint = "delete one that is not needed any more; server.max_conversations_of_a_person"
            raise Refusal(409, "too many conversations of one person", hint=hint, code="too_many_conversations")

    async def _history(self, person: str, id: str) -> list[Said]:
        history = self._engines.history
        assert history is not None
        try:
            turns = await history.result(history.submit(lambda store: store.turns(_name(person, id))))
        except HistoryError:
            return []
        return [_said(turn) for turn in turns[-TURNS_KEPT:]]


def _told(_: str) -> None:
    """Log that there was a notice for the person, without its words: those do not belong in a log."""
    log.debug("something was told of a conversation")


async def _silence(conversation: Conversation) -> None:
    """End the turn that is being spoken, which is kept as far as it was heard, and let nobody speak any more."""
    with conversation.broadcast.subscribe() as subscription:
        if conversation.floor.close():
            async for event in subscription.events:
                if isinstance(event, FloorFree):
                    break


def _name(person: str, id: str) -> str:
    """What a conversation is called in the history."""
    return f"{person}/{id}"


def _listed(kept: ConversationInfo, person: str) -> Listed:
    id = kept.name.removeprefix(_name(person, ""))
    return Listed(id, kept.title or kept.opening, kept.started, kept.last, kept.turns)


def _said(turn: Turn) -> Said:
    return Said("", turn.message, turn.heard, turn.unsaid, turn.outcome, turn.at)
