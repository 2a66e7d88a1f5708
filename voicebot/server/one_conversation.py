"""One conversation that somebody uses: its turns, its readers and those who listen to it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime

from voicebot.conversation import Conversation
from voicebot.events import Event, TurnEnded, TurnStarted
from voicebot.messages import ReplyOptions
from voicebot.protocols import adjusted
from voicebot.server.background import ConversationTasks
from voicebot.server.event_log import EventLog
from voicebot.server.pause_timer import PauseTimer
from voicebot.server.standstill import Standstill
from voicebot.turn import Pipeline

TURNS_KEPT = 200
"""How much of a conversation a page is shown when it opens it."""
READ = ReplyOptions(for_the_ear=False)
"""For replies that are read: JSON is then shown as it is, and not as a block that cannot be read aloud."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in a person's list."""

    id: str
    title: str
    """What the person calls it, else how it began; empty before that."""
    started: str
    """ISO 8601, in UTC, as `last`."""
    last: str
    turns: int


@dataclass(frozen=True, slots=True)
class Said:
    """A turn in the history of a conversation."""

    turn: str
    """The id in its events; empty for one of an earlier run of the server."""
    message: str
    heard: str
    unsaid: str
    outcome: str
    at: str
    """When it ended: ISO 8601, in UTC."""


def flat(one: Listed | Said) -> dict[str, str | int]:
    """`one` for JSON; what copies deeply takes ten times as long, for each of the turns that a reader is shown."""
    return {field.name: getattr(one, field.name) for field in fields(one)}


@dataclass(slots=True, eq=False)
class OpenConversation:
    """A conversation that somebody uses, or has used a short while ago."""

    id: str
    person: str
    conversation: Conversation
    log: EventLog
    standstill: Standstill
    spoken: Pipeline
    """What its turns are made with, but for an output that somebody hears."""
    tasks: ConversationTasks
    """What it does between turns."""
    said: list[Said] = field(default_factory=list)
    """Its latest turns, oldest first."""
    title: str = ""
    started: str = ""
    users: int = 0
    idle_since: float = 0.0
    _messages: dict[str, str] = field(default_factory=dict)
    _listeners: dict[Hashable, Pipeline] = field(default_factory=dict)

    @property
    def pipeline(self) -> Pipeline:
        """What its turns are made with, where they are only read."""
        return only_read(self.spoken)

    def listen(self, listener: Hashable, pipeline: Pipeline | None) -> None:
        """Let `listener` hear with `pipeline` what no listener asked for, such as a timer; None: no longer.

        Whoever began to listen last hears it; with no listeners it is only shown.
        """
        if pipeline is not None:
            self._listeners[listener] = pipeline
        else:
            self._listeners.pop(listener, None)
        *_, self.conversation.pipeline = self.pipeline, *self._listeners.values()

    def hear(self, event: Event) -> None:
        """Keep what happens: a listener of the conversation."""
        self.log.add(event)
        if isinstance(event, TurnStarted):
            self._messages[event.turn] = event.message
        elif isinstance(event, TurnEnded):
            message = self._messages.pop(event.turn, "")
            self.said.append(Said(event.turn, message, event.heard, event.unsaid, event.outcome, now()))
            del self.said[:-TURNS_KEPT]
            self.standstill.end()  # with the turn that was held

    def close(self) -> None:
        """End what goes on in it, and the streams of its readers; a turn that still ends starts nothing any more."""
        self.standstill.close()
        self.tasks.close()
        self.conversation.floor.close()
        self.log.close()

    def listed(self) -> Listed:
        """As it stands in the list."""
        opening = self.said[0].message if self.said else ""
        last = self.said[-1].at if self.said else self.started
        return Listed(self.id, self.title or opening, self.started, last, len(self.said))


def only_read(pipeline: Pipeline, options: ReplyOptions = READ) -> Pipeline:
    """`pipeline` without a voice; its output, which nothing reaches, stays."""
    return replace(pipeline, chat=adjusted(pipeline.chat, options), synthesizer=None, show_in_pauses=PauseTimer)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
