"""Events that are kept for readers who come later, in a fraction of the memory: most of them are deltas."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, groupby

from voicebot.events import Delta, Event


@dataclass(frozen=True, slots=True)
class _Deltas:
    """Those of one turn that followed each other."""

    turn: str
    text: str
    ends: array[int]
    """Where each ends in the text."""
    at: array[float]

    def __iter__(self) -> Iterator[Event]:
        starts = [0, *self.ends]
        for start, end, at in zip(starts, self.ends, self.at, strict=False):
            yield Delta(self.turn, at, self.text[start:end])


class PackedEvents:
    """Events that followed each other, from the one with the number `first` on; iterate over it."""

    __slots__ = ("_parts", "behind", "first")

    def __init__(self, first: int, events: Iterable[Event]) -> None:
        self.first = first
        self._parts = tuple(_parts(events))
        self.behind = first + sum(len(part.ends) if isinstance(part, _Deltas) else 1 for part in self._parts)
        """The number of the event that comes next."""

    def __iter__(self) -> Iterator[Event]:
        for part in self._parts:
            if isinstance(part, _Deltas):
                yield from part
            else:
                yield part

    def has(self, turn: str) -> bool:
        """Whether any of them is of `turn`."""
        return any(part.turn == turn for part in self._parts)


def _parts(events: Iterable[Event]) -> Iterator[Event | _Deltas]:
    for turn, group in groupby(events, lambda event: event.turn if isinstance(event, Delta) else None):
        if turn is None:
            yield from group
            continue
        deltas = [event for event in group if isinstance(event, Delta)]
        ends = array("I", accumulate(len(delta.text) for delta in deltas))
        yield _Deltas(turn, "".join([delta.text for delta in deltas]), ends, array("d", [one.at for one in deltas]))
