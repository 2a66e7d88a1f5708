"""Who may speak: one turn at a time, by priority; waiting turns can be listed, overtaken and cancelled.

The priorities and what an arrival does to others are speech-dispatcher's (SSIP, "Priority Categories"):

    important     said at once, after other important ones; cuts everything else; drops notifications
    message       in order, behind important ones and messages; cuts and drops text, notifications and progress
    text          the newest wins; cuts and drops notifications and progress; waits for important ones and messages
    notification  only if nothing else is spoken or waits; the newest wins
    progress      only if nothing else is spoken or waits, but the last of a series is always said: it is held back
                  until the floor is free and said as a message then

On top of them stands barge-in: a person who begins to talk cuts whatever is spoken, bar an important one, drops what
they outrank and goes before those of their own priority.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import anyio
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from voicebot.events import ConversationEvent, DropReason, FloorFree, TurnDropped, TurnWaiting


class Priority(StrEnum):
    """How much it matters that something is said, the most first."""

    IMPORTANT = "important"
    MESSAGE = "message"
    TEXT = "text"
    NOTIFICATION = "notification"
    PROGRESS = "progress"

    @property
    def rank(self) -> int:
        """0 for the one that matters most."""
        return list(Priority).index(self)


@dataclass(slots=True, eq=False)
class Claim:
    """One turn's right to speak, or its place among those who wait for it."""

    id: str
    """Of the turn."""
    priority: Priority
    source: str = ""
    """Who asked for it; empty for the person of the conversation."""
    barge_in: bool = False
    arrival: int = 0
    scope: CancelScope = field(default_factory=CancelScope)
    """To be entered by the turn: cancelled when the floor is taken away from it."""
    dropped: DropReason | None = None
    """Why it has lost the floor, or will never get it."""
    settled: anyio.Event | None = None
    """For one that waits: it has the floor, or was dropped."""


class Floor:
    """The right to speak; one claim holds it."""

    def __init__(self, emit: Callable[[ConversationEvent], None]) -> None:
        self._emit = emit
        self._began = anyio.current_time()
        self._arrivals = 0
        self._live: Claim | None = None
        self._waiting: list[Claim] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nobody gets the floor any more."""
        return self._closed

    @property
    def live(self) -> Claim | None:
        """The one that has the floor."""
        return self._live

    @property
    def waiting(self) -> tuple[Claim, ...]:
        """Who waits, in the order in which they will speak if nobody else comes."""
        return tuple(self._waiting)

    @asynccontextmanager
    async def claim(
        self, turn: str, priority: Priority = Priority.MESSAGE, *, source: str = "", barge_in: bool = False
    ) -> AsyncIterator[Claim]:
        """Wait for the floor and hold it until the block ends.

        The claim may have been `dropped` instead: then the block must not speak. What speaks must enter its `scope`.
        Cancelling while it waits gives its place up.
        """
        self._arrivals += 1
        claim = Claim(turn, priority, source, barge_in, self._arrivals)
        self._arrive(claim)
        try:
            if claim is not self._live and claim.dropped is None:
                claim.settled = anyio.Event()
                await claim.settled.wait()
            else:
                await checkpoint()
            yield claim
        finally:
            self._leave(claim)

    def cancel(self, turn: str) -> bool:
        """Take the floor, or the place among the waiting, from this turn; tell whether it had one."""
        return self._cancel([claim for claim in self._all() if claim.id == turn])

    def cancel_all(self, source: str | None = None) -> bool:
        """The same for all that `source` asked for, or for everybody's."""
        return self._cancel([claim for claim in self._all() if source is None or claim.source == source])

    def close(self) -> bool:
        """The same for everybody's, and for all who are still to come."""
        self._closed = True
        return self.cancel_all()

    def make_way(self) -> None:
        """Cut what barge-in cuts, for a turn that will claim the floor later."""
        self._take_from(self._cuttable, "barge_in")

    # ------------------------------------------------ the rules

    @property
    def _cuttable(self) -> list[Claim]:
        """The one that speaks, unless nothing may cut it."""
        return [] if self._live is None or self._live.priority is Priority.IMPORTANT else [self._live]

    def _arrive(self, claim: Claim) -> None:
        if self._closed:
            self._drop(claim, "stopped")
            return
        # What waits with priority progress is the last of its series so far: only a newer one takes its place.
        others = [one for one in self._all() if one is self._live or one.priority is not Priority.PROGRESS]
        if claim.barge_in:
            self._take_from([one for one in others if self._gives_way(one, claim)], "barge_in")
        match claim.priority:
            case Priority.IMPORTANT:
                self._take_from([*self._cuttable, *_of(others, Priority.NOTIFICATION)], "outranked")
            case Priority.MESSAGE:
                self._take_from(_of(others, Priority.TEXT, Priority.NOTIFICATION, Priority.PROGRESS), "outranked")
            case Priority.TEXT:
                self._take_from(_of(others, Priority.TEXT), "replaced")
                self._take_from(_of(others, Priority.NOTIFICATION, Priority.PROGRESS), "outranked")
            case Priority.NOTIFICATION:
                self._take_from(_of(others, Priority.NOTIFICATION), "replaced")
                if any(one.priority is not Priority.NOTIFICATION for one in self._all()):
                    self._drop(claim, "outranked")
                    return
            case Priority.PROGRESS:
                self._take_from([one for one in self._waiting if one.priority is Priority.PROGRESS], "replaced")
        if self._live is None:  # then nobody waits either
            self._grant(claim)
            return
        self._waiting.append(claim)
        self._waiting.sort(key=_order)
        position = 1 + self._waiting.index(claim)
        if position > 1 or self._live.dropped is None:
            self._emit(TurnWaiting(claim.id, self._now(), claim.priority.value, claim.source, position))

    def _gives_way(self, other: Claim, claim: Claim) -> bool:
        """Whether barge-in by `claim` takes the floor, or its place, from `other`."""
        if other is self._live:
            return other in self._cuttable
        return other.priority.rank > claim.priority.rank or (other.barge_in and other.priority is claim.priority)

    def _leave(self, claim: Claim) -> None:
        if claim in self._waiting:  # its task was cancelled
            self._waiting.remove(claim)
        if claim is not self._live:
            return
        self._live = None
        for last in _of(self._waiting, Priority.PROGRESS):  # of its series: nothing newer replaced it
            last.priority = Priority.MESSAGE
            older = [one for one in _of(self._waiting, Priority.TEXT) if one.arrival < last.arrival]
            self._take_from(older, "outranked")
        self._waiting.sort(key=_order)
        if self._waiting:
            self._grant(self._waiting.pop(0))
        else:
            self._emit(FloorFree(claim.id, self._now()))

    def _grant(self, claim: Claim) -> None:
        self._live = claim
        _settle(claim)

    def _take_from(self, claims: Iterable[Claim], reason: DropReason) -> None:
        """Cut those that speak, drop those that wait."""
        for claim in claims:
            if claim is self._live:
                claim.dropped = claim.dropped or reason
                claim.scope.cancel()
            elif claim in self._waiting:
                self._waiting.remove(claim)
                self._drop(claim, reason)

    def _drop(self, claim: Claim, reason: DropReason) -> None:
        claim.dropped = reason
        _settle(claim)
        self._emit(TurnDropped(claim.id, self._now(), claim.priority.value, claim.source, reason))

    def _cancel(self, claims: list[Claim]) -> bool:
        self._take_from(claims, "stopped")
        return bool(claims)

    def _all(self) -> list[Claim]:
        return [*([self._live] if self._live else []), *self._waiting]

    def _now(self) -> float:
        return anyio.current_time() - self._began


def _settle(claim: Claim) -> None:
    if claim.settled is not None:
        claim.settled.set()


def _of(claims: Iterable[Claim], *priorities: Priority) -> list[Claim]:
    return [claim for claim in claims if claim.priority in priorities]


def _order(claim: Claim) -> tuple[int, bool, int]:
    return claim.priority.rank, not claim.barge_in, claim.arrival
