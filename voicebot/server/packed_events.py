"""Events that are kept for readers who come later, in a fraction of the memory: they repeat the same words."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from operator import attrgetter
from typing import Any, get_args

from voicebot.events import Event, TurnEnded
from voicebot.speech import Metrics

_KINDS = get_args(Event)
_VALUES = {kind: attrgetter(*[field.name for field in fields(kind)]) for kind in _KINDS}
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_METRICS = [field.name for field in fields(TurnEnded)].index("metrics")
_Row = tuple[Any, ...]  # Any: the values of any event
_WINDOW_BITS = 12
"""4 KiB: there is no more than that to look back at, and what is to be cleared for each use is small."""


class PackedEvents:
    """Events that followed each other, from the one with the number `first` on; iterate over it."""

    __slots__ = ("_packed", "_turns", "behind", "first")

    def __init__(self, first: int, events: Sequence[Event]) -> None:
        self._keep(first, {event.turn for event in events}, [_row(event) for event in events])

    @classmethod
    def joined(cls, packs: Sequence[PackedEvents]) -> PackedEvents:
        """What `packs`, which follow each other, hold: together they take half as much."""
        whole = cls.__new__(cls)
        turns = {turn for packed in packs for turn in packed._turns}
        whole._keep(packs[0].first, turns, [row for packed in packs for row in packed._rows()])
        return whole

    def _keep(self, first: int, turns: set[str], rows: list[_Row]) -> None:
        self.first = first
        self.behind = first + len(rows)
        """The number of the event that comes next."""
        self._turns = tuple(turns)
        self._packed: bytes | list[_Row]
        try:
            self._packed = _deflated(marshal.dumps(rows))
        except ValueError:  # a chat model made elsewhere may send a str of its own kind
            self._packed = rows

    def __len__(self) -> int:
        return self.behind - self.first

    def __iter__(self) -> Iterator[Event]:
        return map(_event, self._rows())

    def _rows(self) -> list[_Row]:
        if isinstance(self._packed, list):
            return self._packed
        rows: list[_Row] = marshal.loads(zlib.decompress(self._packed, wbits=-_WINDOW_BITS))
        return rows

    def has(self, turn: str) -> bool:
        """Whether any of them is of `turn`."""
        return turn in self._turns


def _deflated(data: bytes) -> bytes:
    deflating = zlib.compressobj(level=1, wbits=-_WINDOW_BITS, memLevel=5)
    return deflating.compress(data) + deflating.flush()


def _row(event: Event) -> _Row:
    values = _VALUES[type(event)](event)
    if isinstance(event, TurnEnded):
        values = (*values[:_METRICS], astuple(event.metrics), *values[_METRICS + 1 :])
    return (_NUMBERS[type(event)], *values)


def _event(row: _Row) -> Event:
    kind, values = _KINDS[row[0]], list(row[1:])
    if kind is TurnEnded:
        values[_METRICS] = Metrics(*values[_METRICS])
    event: Event = kind(*values)
    return event
