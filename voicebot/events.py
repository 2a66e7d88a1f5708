"""What happens during a turn and between turns, as two closed unions of events, and their fan-out to any number of
subscribers.

Every event carries the id of its turn, `turn`, and `at`: in the events of a turn seconds since it began, in those
between turns seconds since the conversation began. Neither clock ever goes back.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import anyio

from voicebot.speech import Metrics, OutcomeKind

EVENTS_VERSION = 1
"""Of the events as JSON: a new field does not change it, a field that is renamed or gone does."""


def new_turn_id() -> str:
    """An id that no other turn has, on any machine; ids made later sort later.

    UUID version 7 (RFC 9562, section 5.7, with method 3 of section 6.2: twelve bits say when within the millisecond).
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    within = nanoseconds * 4096 // 1_000_000
    tail = 0b10 << 62 | secrets.randbits(62)
    digits = f"{milliseconds:012x}7{within:03x}{tail:016x}"
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The message was accepted."""

    type: ClassVar[str] = "turn_started"
    turn: str
    at: float
    message: str
    chat: str
    voice: str
    audio: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The chat model sent a piece of text."""

    type: ClassVar[str] = "delta"
    turn: str
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The chat model asks for a tool."""

    type: ClassVar[str] = "tool_called"
    turn: str
    at: float
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """The result of a tool goes back to the chat model."""

    type: ClassVar[str] = "tool_answered"
    turn: str
    at: float
    id: str
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class ReplyData:
    """The rest of a reply that is one JSON object, of which `chat.spoken_field` is spoken."""

    type: ClassVar[str] = "reply_data"
    turn: str
    at: float
    content: str
    """A JSON object."""


@dataclass(frozen=True, slots=True)
class ChatUsage:
    """What the chat server says of one request; None where it does not."""

    type: ClassVar[str] = "chat_usage"
    turn: str
    at: float
    prompt_tokens: int | None
    reply_tokens: int | None
    load_seconds: float | None
    prompt_seconds: float | None
    reply_seconds: float | None
    finish_reason: str


@dataclass(frozen=True, slots=True)
class SegmentReady:
    """The chunker cut a segment."""

    type: ClassVar[str] = "segment_ready"
    turn: str
    at: float
    text: str
    start: int
    end: int
    boundary: str
    rule: str


@dataclass(frozen=True, slots=True)
class UtteranceReady:
    """The pacer decided what is said next."""

    type: ClassVar[str] = "utterance_ready"
    turn: str
    at: float
    index: int
    text: str
    shown: str
    spoken: str
    rule: str
    lead: float | None
    """Seconds of audio that were still to be played, those included that were expected of utterances being made; None
    where the output takes clips faster than they sound."""


@dataclass(frozen=True, slots=True)
class ClipReady:
    """The synthesizer delivered the audio of an utterance, or one piece of it where its engine streams."""

    type: ClassVar[str] = "clip_ready"
    turn: str
    at: float
    index: int
    audio_seconds: float
    synthesis_seconds: float
    """How long the engine worked on it, not counting the time until it was free."""
    sample_rate: int


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first frame of a clip became audible; `text` is what a person reads meanwhile."""

    type: ClassVar[str] = "playback_started"
    turn: str
    at: float
    index: int
    text: str
    audio_seconds: float


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """The last frame of a clip was heard."""

    type: ClassVar[str] = "playback_finished"
    turn: str
    at: float
    index: int


@dataclass(frozen=True, slots=True)
class Gap:
    """There was unwanted silence before clip `index`, or `within` it."""

    type: ClassVar[str] = "gap"
    turn: str
    at: float
    index: int
    seconds: float
    within: bool = False
    """It was in the middle of the clip: the engine streams, and fell behind."""


@dataclass(frozen=True, slots=True)
class TurnWarning:
    """Something went wrong that did not end the turn."""

    type: ClassVar[str] = "warning"
    turn: str
    at: float
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The last event of every turn."""

    type: ClassVar[str] = "turn_ended"
    turn: str
    at: float
    outcome: OutcomeKind
    heard: str
    unsaid: str
    exact: bool
    metrics: Metrics
    error: str = ""
    hint: str = ""
    skipped: str = ""
    """The text that was passed over because it could not be made audible."""


TurnEvent = (
    TurnStarted
    | Delta
    | ToolCalled
    | ToolAnswered
    | ReplyData
    | ChatUsage
    | SegmentReady
    | UtteranceReady
    | ClipReady
    | PlaybackStarted
    | PlaybackFinished
    | Gap
    | TurnWarning
    | TurnEnded
)
"""What happens during a turn."""


@dataclass(frozen=True, slots=True)
class TurnWaiting:
    """Somebody else has the floor: this turn waits for it."""

    type: ClassVar[str] = "turn_waiting"
    turn: str
    at: float
    priority: str
    source: str
    """Who asked for it; empty for the person of the conversation."""
    position: int
    """1 for the one that speaks next."""


DropReason = Literal["barge_in", "outranked", "replaced", "stopped"]
"""A person began to talk, something more important came, something newer of the same kind came, or it was cancelled."""


@dataclass(frozen=True, slots=True)
class TurnDropped:
    """This turn waited for the floor and will not be spoken."""

    type: ClassVar[str] = "turn_dropped"
    turn: str
    at: float
    priority: str
    source: str
    reason: DropReason


@dataclass(frozen=True, slots=True)
class FloorFree:
    """Nobody speaks any more; `turn` was the last to."""

    type: ClassVar[str] = "floor_free"
    turn: str
    at: float


@dataclass(frozen=True, slots=True)
class Paused:
    """The sound stands still; `turn` is the one that speaks, if any."""

    type: ClassVar[str] = "paused"
    turn: str
    at: float
    seconds: float
    """It goes on by itself after this."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The pause is over: the sound goes on, or what was paused has been stopped."""

    type: ClassVar[str] = "resumed"
    turn: str
    at: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the person should know and that belongs to no turn; `turn` is empty."""

    type: ClassVar[str] = "notice"
    turn: str
    at: float
    message: str
    hint: str = ""


ConversationEvent = TurnWaiting | TurnDropped | FloorFree | Paused | Resumed | Notice
"""What happens between turns."""

Event = TurnEvent | ConversationEvent
_FIELDS = {kind: tuple(field.name for field in dataclasses.fields(kind)) for kind in get_args(Event)}


def stream_head() -> dict[str, Any]:  # Any: as in `as_dict`
    """The first line of a stream of events: what form the others have."""
    return {"type": "stream", "version": EVENTS_VERSION}


# Any: the values are those of the event's fields, ready for json.dumps
def as_dict(event: Event) -> dict[str, Any]:
    """The event as one flat JSON object: `type`, `turn`, `at`, then its other fields."""
    fields: dict[str, Any] = {"type": event.type}
    for name in _FIELDS[type(event)]:
        fields[name] = getattr(event, name)
    if isinstance(event, TurnEnded):
        fields["metrics"] = {**dataclasses.asdict(event.metrics), "rtf": event.metrics.rtf}
    return fields


class Subscription:
    """One subscriber's bounded view of the events; iterate over `events`."""

    def __init__(self, capacity: float) -> None:
        self._send, self.events = anyio.create_memory_object_stream[Event](capacity)
        self.missed = 0
        """How many of the oldest events were dropped because the subscriber was slow."""

    def put(self, event: Event) -> None:
        """Add an event; the oldest one makes room for it if necessary."""
        try:
            self._send.send_nowait(event)
        except anyio.WouldBlock:
            self.events.receive_nowait()
            self.missed += 1
            self._send.send_nowait(event)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass  # it has ended, or the subscriber has left

    def end(self) -> None:
        """Add nothing any more: `events` ends behind what is in it."""
        self._send.close()


class Broadcast:
    """Hands every event to every subscriber; a slow one loses its oldest events and nobody waits for it."""

    def __init__(self, *listeners: Callable[[Event], None]) -> None:
        """`listeners` are given each event at once; they never block and never raise."""
        self._listeners = listeners
        self._subscriptions: list[Subscription] = []

    @contextmanager
    def subscribe(self, capacity: float = 1024) -> Iterator[Subscription]:
        """Receive every event from now on until the block ends; keep at most `capacity` (or math.inf) unread."""
        subscription = Subscription(capacity)
        self._subscriptions.append(subscription)
        try:
            with subscription.events:
                yield subscription
        finally:
            subscription.end()
            self._subscriptions.remove(subscription)

    @contextmanager
    def listen(self, listener: Callable[[Event], None]) -> Iterator[None]:
        """Give `listener` each event at once until the block ends; it never blocks and never raises."""
        self._listeners = (*self._listeners, listener)
        try:
            yield
        finally:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

    def emit(self, event: Event) -> None:
        """Give `event` to every subscriber at once."""
        for listener in self._listeners:
            listener(event)
        for subscription in self._subscriptions:
            subscription.put(event)
