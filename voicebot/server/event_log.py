"""What has happened in one conversation, for any number of readers, each at its own pace.

The readers share what is kept. One that is too slow misses the oldest and is told so; nobody waits for it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass

from pydantic_core import PydanticSerializationError, from_json, to_json

from voicebot.events import Event
from voicebot.server.bell import Bell
from voicebot.server.packed_events import PackedEvents

KEPT = 4096
"""Events."""
_NEW = 8
"""Events at the end, at least, which are kept as they are."""
_PACKED = 24
"""How many of those before them are packed together, at first."""
_JOINED = 4
"""How many packs of one length become one: the longer, the less each event takes."""
_MOST_PACKED = 96
"""Events in one pack: reading any of them unpacks them all."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event and its place."""

    number: int
    """Counted from 0 in each conversation."""
    event: Event

    @property
    def id(self) -> str:
        """What a reader names to go on after it."""
        return f"{self.event.turn}-{self.number}"


class EventLog:
    """Keeps the latest events; a listener of one conversation's Broadcast."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._old: list[PackedEvents] = []
        self._new: list[Event] = []
        self._changed = Bell()
        """What readers that have read everything wait for."""
        self._closed = False
        self._reminded = 0
        """What was next when the readers were reminded last."""
        self.next = 0
        """The number of the next event."""

    @property
    def first(self) -> int:
        """The number of the oldest event that is kept."""
        return max(0, self.next - self._kept)

    @property
    def _first_new(self) -> int:
        """The number of the oldest event that is not packed."""
        return self.next - len(self._new)

    def add(self, event: Event) -> None:
        """Keep `event`; the oldest one makes room for it if necessary."""
        self._new.append(event)
        self.next += 1
        if len(self._new) == _NEW + _PACKED:
            self._old.append(PackedEvents(self._first_new, self._new[:_PACKED]))
            del self._new[:_PACKED]
            self._join()
            while self._old and self._old[0].behind <= self.first:
                del self._old[0]
        self._changed.ring()

    def _join(self) -> None:
        """Make one pack of the last ones where there are enough of them that are equally long."""
        while len(last := self._old[-_JOINED:]) == _JOINED and len(last[0]) == len(last[-1]) < _MOST_PACKED:
            self._old[-_JOINED:] = [PackedEvents.joined(last)]

    def close(self) -> None:
        """End the streams of all readers."""
        self._closed = True
        self._changed.ring()

    def remind(self) -> None:
        """Let the readers have nothing, if nothing has happened since the last time: so they know that all is well."""
        if self._reminded == self.next:
            self._changed.ring()
        self._reminded = self.next

    def since(self, number: int) -> list[LoggedEvent]:
        """The events from `number` on, as far as they are kept."""
        number, first_new = max(number, self.first), self._first_new
        if number >= first_new:
            return [LoggedEvent(at, event) for at, event in enumerate(self._new[number - first_new :], number)]
        new = [LoggedEvent(at, event) for at, event in enumerate(self._new, first_new)]
        old = [
            LoggedEvent(at, event)
            for packed in self._old
            if packed.behind > number
            for at, event in enumerate(packed, packed.first)
            if at >= number
        ]
        return [*old, *new]

    def place_behind(self, id: str) -> int | None:
        """The number of the event behind the one that was sent with `id`; None if that is unknown, or too old."""
        _, _, digits = id.rpartition("-")
        if not digits.isascii() or not digits.isdecimal() or len(digits) > 15:
            return None
        number = int(digits)
        known = [logged for logged in self.since(number)[:1] if logged.id == id]
        return number + 1 if known else None

    def start_of(self, turn: str) -> int:
        """The number of the first event of `turn` that is kept; that of the next event if none is."""
        begin = next((packed.first for packed in self._old if packed.has(turn)), self._first_new)
        return next((logged.number for logged in self.since(begin) if logged.event.turn == turn), self.next)

    async def read(
        self, number: int, *, missed: Callable[[], None] | None = None
    ) -> AsyncGenerator[list[LoggedEvent], None]:
        """Yield the events from `number` on, as many at once as there are; `missed` is called when some are lost.

        It yields an empty list when the readers are reminded.
        """
        while True:
            if number < self.next:
                if number < self.first and missed is not None:
                    missed()
                begin, number = number, self.next
                yield self.since(begin)
            elif self._closed:
                return
            else:
                await self._changed.wait()
                if number == self.next and not self._closed:
                    yield []


def encoded(fields: Mapping[str, object]) -> bytes:
    """A line of JSON. A lone surrogate, as a broken model may send it, becomes a question mark."""
    try:
        return to_json(fields, inf_nan_mode="null")
    except PydanticSerializationError:
        replaced = json.dumps(fields, ensure_ascii=False).encode(errors="replace")
        return to_json(from_json(replaced), inf_nan_mode="null")
