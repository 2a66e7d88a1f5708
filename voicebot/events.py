"""What happens during a turn, as a closed union of events, and their fan-out to any number of subscribers.

`at` is in seconds since the turn began and never decreases within a turn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import anyio

from voicebot.speech import Metrics, OutcomeKind


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The message was accepted."""

    type: ClassVar[str] = "turn_started"
    at: float
    message: str
    chat: str
    voice: str
    audio: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The chat model sent a piece of text."""

    type: ClassVar[str] = "delta"
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The chat model wants a tool to be used."""

    type: ClassVar[str] = "tool_called"
    at: float
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """The result of a tool goes back to the chat model."""

    type: ClassVar[str] = "tool_answered"
    at: float
    id: str
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class ChatUsage:
    """What the chat server says of one request; None where it does not."""

    type: ClassVar[str] = "chat_usage"
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
    at: float
    index: int
    text: str
    shown: str
    spoken: str
    rule: str
    lead: float | None
    """Seconds of audio that were still to be played; None where the output takes clips faster than they sound."""


@dataclass(frozen=True, slots=True)
class ClipReady:
    """The voice delivered the audio of an utterance."""

    type: ClassVar[str] = "clip_ready"
    at: float
    index: int
    audio_seconds: float
    synthesis_seconds: float
    sample_rate: int


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first frame of a clip became audible; `text` is what a person reads meanwhile."""

    type: ClassVar[str] = "playback_started"
    at: float
    index: int
    text: str
    audio_seconds: float


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """The last frame of a clip was heard."""

    type: ClassVar[str] = "playback_finished"
    at: float
    index: int


@dataclass(frozen=True, slots=True)
class Gap:
    """There was silence before clip `index` that nobody asked for."""

    type: ClassVar[str] = "gap"
    at: float
    index: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Warning:
    """Something went wrong that did not end the turn."""

    type: ClassVar[str] = "warning"
    at: float
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The last event of every turn."""

    type: ClassVar[str] = "turn_ended"
    at: float
    outcome: OutcomeKind
    heard: str
    unsaid: str
    exact: bool
    metrics: Metrics
    error: str = ""
    hint: str = ""


TurnEvent = (
    TurnStarted
    | Delta
    | ToolCalled
    | ToolAnswered
    | ChatUsage
    | SegmentReady
    | UtteranceReady
    | ClipReady
    | PlaybackStarted
    | PlaybackFinished
    | Gap
    | Warning
    | TurnEnded
)


# Any: the values are those of the event's fields, ready for json.dumps
def as_dict(event: TurnEvent) -> dict[str, Any]:
    """The event as one flat JSON object: `type`, `at`, then its fields."""
    fields = dataclasses.asdict(event)
    if isinstance(event, TurnEnded):
        fields["metrics"]["rtf"] = event.metrics.rtf
    return {"type": event.type, **fields}


class Subscription:
    """One subscriber's bounded view of the events; iterate over `events`."""

    def __init__(self, capacity: float) -> None:
        self._send, self.events = anyio.create_memory_object_stream[TurnEvent](capacity)
        self.missed = 0
        """How many of the oldest events were dropped because the subscriber was slow."""

    def put(self, event: TurnEvent) -> None:
        """Add an event; the oldest one makes room for it where there is none."""
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

    def __init__(self) -> None:
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

    def emit(self, event: TurnEvent) -> None:
        """Give `event` to every subscriber at once."""
        for subscription in self._subscriptions:
            subscription.put(event)
