"""What a reader of a conversation is told: how it stands, what the turn that runs has said, then everything."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from voicebot.events import TurnDropped, TurnEnded, TurnWaiting, as_dict
from voicebot.server.event_log import LoggedEvent, encoded
from voicebot.server.one_conversation import OpenConversation, flat
from voicebot.server.text_units import TextUnits, Unit

_ENDS = (TurnEnded, TurnDropped)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a reader is told."""

    id: str
    """Names the place to go on from; empty where that would leave something out."""
    type: str
    data: bytes
    """JSON."""


async def everything(
    opened: OpenConversation, *, unit: Unit = "token", behind: str = ""
) -> AsyncGenerator[list[Told], None]:
    """Yield a snapshot, then what happens, as much at once as there is, until the conversation is closed.

    `behind` is the id of what was told last, to an earlier reader. Whoever is so slow that something is lost gets
    another snapshot. Nothing is yielded now and then while nothing happens.
    """
    log, units = opened.log, TextUnits(unit)
    place = log.place_behind(behind) if behind else None
    if place is None:
        place, present = log.next, _present(opened, units)
    else:
        turn, _, _ = behind.rpartition("-")
        _grouped(units, [logged for logged in log.since(log.start_of(turn)) if logged.number < place])
        present = [snapshot(opened, resumed=True)]
    lost = False

    def missed() -> None:
        nonlocal lost
        lost = True

    async with aclosing(log.read(place, missed=missed)) as batches:
        yield present
        async for events in batches:
            if lost:
                lost, units = False, TextUnits(unit)
                yield _present(opened, units)
            elif (told := _grouped(units, events)) or not events:
                yield told


async def one_turn(
    opened: OpenConversation, turn: str, place: int, *, unit: Unit = "token"
) -> AsyncGenerator[list[Told], None]:
    """Yield what happens in `turn`, which begins behind `place` in the log, to its end.

    A reader that is so slow that something is lost is told that, as the last thing. Nothing is yielded now and then
    while nothing happens.
    """
    units, lost = TextUnits(unit), False

    def missed() -> None:
        nonlocal lost
        lost = True

    async with aclosing(opened.log.read(place, missed=missed)) as batches:
        async for events in batches:
            if lost:
                yield [error("too_slow", "the reader is too slow: some of the reply is lost")]
                return
            own, ended = _of_turn(turn, events)
            if (told := _grouped(units, own)) or not events:
                yield told
            if ended:
                return
            del events, own, told  # they are not kept while nothing happens


def _of_turn(turn: str, events: Iterable[LoggedEvent]) -> tuple[list[LoggedEvent], bool]:
    """The events of one turn up to its end, and whether that is among them."""
    own: list[LoggedEvent] = []
    for logged in events:
        if logged.event.turn == turn:
            own.append(logged)
            if isinstance(logged.event, _ENDS):
                return own, True
    return own, False


def snapshot(opened: OpenConversation, *, resumed: bool = False) -> Told:
    """How the conversation stands; `resumed`: for a reader who knows what was said before."""
    waiting = [
        {"turn": claim.id, "priority": claim.priority.value, "source": claim.source, "position": position}
        for position, claim in enumerate(opened.conversation.floor.waiting, 1)
    ]
    return _told(
        "snapshot",
        resumed=resumed,
        conversation=flat(opened.listed()),
        said=[] if resumed else [flat(said) for said in opened.said],
        live=_live(opened) or None,
        paused=opened.standstill.on,
        waiting=waiting,
    )


def error(code: str, message: str, hint: str = "") -> Told:
    """What went wrong, once it is too late for an error status."""
    return _told("error", code=code, message=message, hint=hint)


def place_in_line(position: int) -> Told:
    """How many turns begin before one that waits for its place, and itself."""
    return _told("queued", position=position)


def _told(type: str, **fields: object) -> Told:
    return Told("", type, encoded({"type": type, **fields}))


def _present(opened: OpenConversation, units: TextUnits) -> list[Told]:
    """A snapshot, and the turn that runs as far as it has come."""
    log, live = opened.log, _live(opened)
    so_far = [
        logged
        for logged in (log.since(log.start_of(live)) if live else ())
        if logged.event.turn == live and not isinstance(logged.event, TurnWaiting)
    ]
    return [snapshot(opened), *_grouped(units, so_far)]


def _live(opened: OpenConversation) -> str:
    """The turn that has the floor and has not ended: it is not among those that were said."""
    live = opened.conversation.floor.live
    return "" if live is None or (opened.said and opened.said[-1].turn == live.id) else live.id


def _grouped(units: TextUnits, events: Iterable[LoggedEvent]) -> list[Told]:
    told: list[Told] = []
    for logged in events:
        parts = units.feed(logged.event)
        for part in parts:
            id = logged.id if part is parts[-1] else ""
            told.append(Told(id, part.type, encoded(as_dict(part))))
    return told
