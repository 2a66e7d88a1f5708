"""How well, and how late, a chunker cuts texts whose right cuts are marked.

A place in a text is counted in visible characters, so that a chunker may keep whitespace or drop it. Emoji, ♪ and what
joins them may stand on either side of a cut.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from statistics import fmean
from typing import Literal, Protocol

from voicebot.lab.corpus import Item, squeeze
from voicebot.lab.spread import Difference, difference
from voicebot.speech import Segment
from voicebot.text.graphemes import joins

By = Literal["char", "token", "whole"]

STRUCTURE = frozenset({"emoji", "list", "markdown", "newline", "roleplay", "think"})
"""Categories about the form of a reply; all others are `core`: running text."""

_TOKEN = re.compile(
    r" ?[^\W\d_\u3041-\u30ff\u3400-\u9fff\uff66-\uff9d]{1,5}|\d{1,3}|[\u3041-\u30ff\u3400-\u9fff]{1,2}|.", re.S
)
_PAUSE_MARKS = frozenset(",，、;；:：—–―…*|>・")
_CLOSERS = frozenset("\"'”’»)）」』]】")


@dataclass(frozen=True, slots=True)
class Released:
    """A text that a chunker released."""

    text: str
    after: int
    """How many characters of the item the chunker had been fed by then."""


class Cutter(Protocol):
    """A chunker, or what gives out texts."""

    def feed(self, delta: str, /) -> Sequence[Segment | str]:
        """Take text; return what is ready."""
        ...

    def flush(self) -> Sequence[Segment | str]:
        """Return the rest."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one item was cut."""

    item: Item
    found: frozenset[int]
    """Places that were cut, and rightly."""
    extra: frozenset[int]
    """Places that were cut, and wrongly."""
    missing: frozenset[int]
    """Places that should have been cut."""
    hard: frozenset[int]
    """Those of `extra` where no speaker may pause: they tear a word, a number, a name or a quotation apart."""
    lost: int
    """Characters that were lost or invented."""
    torn: int
    """Characters, as a reader sees them, that were cut in two."""
    delays: tuple[int, ...]
    """For each marked segment but the last, how many characters were fed from its end until all of it was out."""

    @property
    def exact(self) -> bool:
        """Whether every cut is right and nothing is lost or torn, whatever the delays."""
        return not (self.extra or self.missing or self.lost or self.torn)

    def marked(self) -> str:
        """The text with its cuts: │ right, ✗+ wrong, ✗− missing."""
        ends = _ends(self.item.text)
        signs = {ends[place]: "│" for place in self.found}
        signs |= {ends[place]: "✗+" for place in self.extra} | {ends[place]: "✗−" for place in self.missing}
        return "".join(character + signs.get(at, "") for at, character in enumerate(self.item.text, 1))


@dataclass(frozen=True, slots=True)
class Score:
    """How a group of items was cut."""

    items: int
    precision: float
    """Of the cuts, how many are right."""
    recall: float
    """Of the marked ends, how many were cut."""
    f1: float
    exact: int
    """Items without a fault."""
    hard_splits: int
    """Cuts that tear a word, a number, a name or a quotation apart."""
    lost: int
    """Characters that were lost or invented."""
    torn: int
    """Characters, as a reader sees them, that were cut in two."""
    delay_mean: float
    """In characters, as the next two."""
    delay_p50: int
    delay_p95: int


# ---------------------------------------------------------------- cutting and judging


def deltas(text: str, by: By) -> list[str]:
    """`text` one character at a time, in pieces as long as a model's tokens, or whole."""
    match by:
        case "char":
            return list(text)
        case "token":
            return _TOKEN.findall(text)
        case "whole":
            return [text]


def cut(text: str, chunker: Cutter, by: By = "char") -> list[Released]:
    """What `chunker` releases of `text`, and when."""
    fed = 0
    released: list[Released] = []
    for delta in deltas(text, by):
        fed += len(delta)
        released += [Released(_text(piece), fed) for piece in chunker.feed(delta)]
    return released + [Released(_text(piece), fed) for piece in chunker.flush()]


def _text(piece: Segment | str) -> str:
    return piece if isinstance(piece, str) else piece.text


def judge(item: Item, released: Sequence[Released]) -> Verdict:
    """Compare what a chunker released with what is marked."""
    squeezed = squeeze(item.text)
    places, lost = _places([squeeze(one.text) for one in released], squeezed)
    marked = _cuts(accumulate(len(squeeze(segment)) for segment in item.segments), squeezed)
    got = _cuts(places, squeezed) - (_cuts(item.optional, squeezed) - marked)
    ends = _ends(item.text)
    extra = got - marked
    reached = [(_past_decoration(place, squeezed), one.after) for place, one in zip(places, released, strict=True)]
    delays = []
    for place in sorted(marked):
        after = next((after for until, after in reached if until >= place), len(item.text))
        delays.append(max(0, after - ends[place]))
    return Verdict(
        item,
        found=got & marked,
        extra=extra,
        missing=marked - got,
        hard=frozenset(place for place in extra if not may_pause(item.text, ends[place])),
        lost=lost,
        torn=sum(_tears(item.text, ends[place]) for place in set(places) - {0}),
        delays=tuple(delays),
    )


def judge_all(items: Iterable[Item], new_chunker: Callable[[], Cutter], by: By = "char") -> list[Verdict]:
    """Cut every item with a new chunker, and judge each."""
    return [judge(item, cut(item.text, new_chunker(), by)) for item in items]


def total(verdicts: Sequence[Verdict]) -> Score:
    """The score of a group of items."""
    found, extra, missing = (
        sum(len(places) for places in group)
        for group in zip(*((v.found, v.extra, v.missing) for v in verdicts), strict=True)
    )
    precision = found / (found + extra) if found + extra else 1.0
    recall = found / (found + missing) if found + missing else 1.0
    late = sorted(delay for verdict in verdicts for delay in verdict.delays) or [0]
    return Score(
        items=len(verdicts),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        exact=sum(verdict.exact for verdict in verdicts),
        hard_splits=sum(len(verdict.hard) for verdict in verdicts),
        lost=sum(verdict.lost for verdict in verdicts),
        torn=sum(verdict.torn for verdict in verdicts),
        delay_mean=sum(late) / len(late),
        delay_p50=late[len(late) // 2],
        delay_p95=late[min(len(late) - 1, int(len(late) * 0.95))],
    )


def groups(verdicts: Sequence[Verdict]) -> dict[str, Score]:
    """The scores of `all`, of `core` (without the categories of STRUCTURE), and of each `lang:…` and `cat:…`."""
    members: dict[str, list[Verdict]] = {"all": list(verdicts), "core": []}
    for verdict in sorted(verdicts, key=lambda verdict: (verdict.item.language, verdict.item.category)):
        if verdict.item.category not in STRUCTURE:
            members["core"].append(verdict)
        members.setdefault(f"lang:{verdict.item.language}", []).append(verdict)
    for verdict in sorted(verdicts, key=lambda verdict: verdict.item.category):
        members.setdefault(f"cat:{verdict.item.category}", []).append(verdict)
    return {name: total(group) for name, group in members.items() if group}


def may_pause(text: str, at: int) -> bool:
    """Whether a speaker may pause after the visible character `text[at - 1]`: a comma, a bracket, the end of a line."""
    last, following = text[at - 1], text[at : at + 1]
    if following == "\n":
        return True
    if last in _CLOSERS:  # not I'|m, nor （税込）|で, nor 「…。」|と
        return not (following.isalnum() and (following.isascii() or "\u3041" <= following <= "\u309f"))
    return last in _PAUSE_MARKS and not (last in ",:" and following.isalnum())


def differences(before: Sequence[Verdict], after: Sequence[Verdict]) -> dict[str, Difference]:
    """What another strategy changes, text by text: mistakes a text, the share without one, delay in characters.

    Both are of the same items in the same order.
    """
    measures: dict[str, Callable[[Verdict], float]] = {
        "mistakes": lambda verdict: len(verdict.extra) + len(verdict.missing),
        "exact": lambda verdict: float(verdict.exact),
        "delay": lambda verdict: fmean(verdict.delays or (0,)),
    }
    return {
        name: difference(
            *({str(number): [measure(verdict)] for number, verdict in enumerate(group)} for group in (before, after))
        )
        for name, measure in measures.items()
    }


# ---------------------------------------------------------------- places


def _ends(text: str) -> list[int]:
    """For each place, the offset in `text` after that many visible characters."""
    return [0, *(at for at, character in enumerate(text, 1) if not character.isspace())]


def _tears(text: str, at: int) -> bool:
    return at < len(text) and joins(text, at)


def _past_decoration(place: int, squeezed: str) -> int:
    while place < len(squeezed) and _is_decoration(squeezed[place]):
        place += 1
    return place


def _is_decoration(character: str) -> bool:
    return character > "\u2000" and (
        unicodedata.category(character) in ("So", "Sk", "Mn") or character in "\u200d\ufe0f"
    )


def _cuts(places: Iterable[int], squeezed: str) -> frozenset[int]:
    moved = {_past_decoration(place, squeezed) for place in places}
    return frozenset(moved - {0, len(squeezed)})


def _places(texts: Sequence[str], squeezed: str) -> tuple[list[int], int]:
    """Where in the item each released text ends, and how many characters were lost or invented."""
    ends = list(accumulate(map(len, texts)))
    joined = "".join(texts)
    if joined == squeezed:
        return ends, 0
    blocks = SequenceMatcher(None, joined, squeezed, autojunk=False).get_matching_blocks()
    kept = sum(block.size for block in blocks)

    def place(end: int) -> int:
        return max(
            (block.b + min(end - block.a, block.size) for block in blocks if block.size and block.a < end), default=0
        )

    return [place(end) for end in ends], len(joined) + len(squeezed) - 2 * kept
