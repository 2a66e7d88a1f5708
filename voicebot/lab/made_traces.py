"""Traces made of marked texts: many replies to measure with, where few have been recorded."""

from __future__ import annotations

import random
from collections.abc import Sequence

from voicebot.lab.corpus import Item
from voicebot.lab.score import deltas
from voicebot.lab.traces import Trace

_FIRST_SECONDS = 0.4
_DELTAS_A_SECOND = 30
_SIGMA = 0.4
"""Spread of the first wait and of the pauses between deltas (log-normal)."""


def made_trace(item: Item) -> Trace:
    """The text as a chat model would write it at about 30 deltas a second; the same every time."""
    source = random.Random(item.id)
    now = _FIRST_SECONDS * source.lognormvariate(0.0, _SIGMA)
    timed = []
    for delta in deltas(item.text, "token"):
        timed.append((round(now, 4), delta))
        now += source.lognormvariate(0.0, _SIGMA) / _DELTAS_A_SECOND
    return Trace(item.id, item.language, tuple(timed))


def sample(items: Sequence[Item], count: int | None) -> list[Item]:
    """`count` of the texts, as many of each language as there are, in their order; the same every time.

    None, or more than there are: all of them.
    """
    if count is None or count >= len(items):
        return list(items)
    by_language: dict[str, list[int]] = {}
    for place in random.Random("sample").sample(range(len(items)), len(items)):
        by_language.setdefault(items[place].language, []).append(place)
    chosen: list[int] = []
    while len(chosen) < count:
        chosen += [places.pop() for _, places in sorted(by_language.items()) if places]
    return [items[place] for place in sorted(chosen[:count])]
