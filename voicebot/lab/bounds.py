"""What no choice of cuts can beat: the earliest first sound and the least silence that a text and an engine allow.

Found with hindsight, by dynamic programming over every way to join the clauses of the reply into utterances. Only cuts
within a clause can do better; the pacer makes them where there would otherwise be silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.lab.engines import SynthesisCost, audio_seconds
from voicebot.text.characters import CLOSERS, STUCK_CLOSERS, TOGGLES
from voicebot.text.chunking import Chunker
from voicebot.text.language import has_japanese
from voicebot.text.speech_length import speech_seconds
from voicebot.text.spoken import spoken_text

_CLAUSE_MARKS = frozenset("、，､；：…‥—。！？｡؟،؛।")
_BEFORE_WHITESPACE = frozenset(",;:!?–")
"""Marks that end a clause only before whitespace: 1,980, 10:30, https://"""
_MOST_CLAUSES = 100
"""In one utterance; more would last for minutes, and cut in two it is ready earlier without any loss."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Bound:
    """In seconds since the question; 0 where there is nothing to hear."""

    ttfa: float
    """The earliest first sound."""
    silence_seconds: float
    """The least silence: TTFA and gaps together (another choice of cuts than the one for `ttfa`)."""


@dataclass(frozen=True, slots=True)
class _Clause:
    """The text between two places where a cut is allowed."""

    written: float
    """When its last character had arrived."""
    seconds: float
    """Of audio."""
    glue_seconds: float
    """Of audio in addition, when it continues an utterance instead of beginning one."""


@dataclass(frozen=True, slots=True)
class _State:
    """A place in the reply, and one way to get there."""

    free: float
    """When the engine is free."""
    end: float
    """When the last sound ends."""
    silence: float


def bound(deltas: Sequence[tuple[float, str]], engine: SynthesisCost, *, audio_latency_seconds: float = 0.0) -> Bound:
    """The bound for a reply that arrives as `deltas` (seconds, delta), where one synthesis runs at a time.

    Cuts are allowed where the sentence chunker cuts and after the marks of clauses.
    """
    clauses = _clauses(deltas)
    if not any(clause.seconds for clause in clauses):
        return Bound(0.0, 0.0)
    states: list[list[_State]] = [[_State(0.0, 0.0, 0.0)]]
    ttfa = float("inf")
    for stop, last in enumerate(clauses, 1):
        reached: list[_State] = []
        seconds = 0.0
        for start in range(stop - 1, max(-1, stop - 1 - _MOST_CLAUSES), -1):
            seconds += clauses[start].seconds
            reached += [_say(state, last.written, seconds, engine, audio_latency_seconds) for state in states[start]]
            if start == 0 and seconds:
                ttfa = min(ttfa, last.written + engine.seconds(seconds) + audio_latency_seconds)
            if seconds:
                seconds += clauses[start].glue_seconds
        states.append(_best(reached))
    return Bound(ttfa, min(state.silence for state in states[-1]))


def _say(state: _State, written: float, seconds: float, engine: SynthesisCost, latency: float) -> _State:
    """After one more utterance that is `seconds` long."""
    if not seconds:
        return state
    free = max(written, state.free) + engine.seconds(seconds)
    start = max(free + latency, state.end)
    return _State(free, start + seconds, state.silence + start - state.end)


def _best(states: list[_State]) -> list[_State]:
    """The states, without any that another one is sure to match or beat."""
    kept: list[_State] = []
    for state in sorted(states, key=lambda state: (state.silence, -state.end, state.free)):
        if not any(_excess(better, state) <= _ROUNDING for better in kept):
            kept.append(state)
    return kept


def _excess(one: _State, other: _State) -> float:
    """How much more silence `one` may end with than `other` if both go on in the same way.

    An engine that is free `later` delays every later clip by that much at most; sound that ends `earlier` hides less.
    """
    later, earlier = one.free - other.free, other.end - one.end
    return one.silence - other.silence + max(0.0, earlier, earlier + later)


def _clauses(deltas: Sequence[tuple[float, str]]) -> list[_Clause]:
    text = "".join(delta for _, delta in deltas)
    japanese = has_japanese(text) or None
    clauses: list[_Clause] = []
    start = arrived = index = 0
    for stop, silent in cut_places(text):
        while arrived < stop:
            arrived += len(deltas[index][1])
            index += 1
        piece = text[start:stop]
        indented = piece[:1].isspace()
        spoken = "" if silent else spoken_text(piece, japanese=japanese)
        # Joined clauses are spoken with one space between them, however many were written.
        glue = speech_seconds(" ") if indented and spoken else 0.0
        clauses.append(_Clause(deltas[index - 1][0], audio_seconds(spoken), glue))
        start = stop
    return clauses


def cut_places(text: str) -> list[tuple[int, bool]]:
    """Where `text` may be cut, the last place being after its last visible character; True where the part is silent."""
    chunker = Chunker(strategy="sentence")
    places: list[tuple[int, bool]] = []
    for segment in [*chunker.feed(text), *chunker.flush()]:
        end = segment.start + len(segment.text.rstrip())
        if segment.unit not in ("fence", "table", "thought"):
            places += [(at, False) for at in range(segment.start + 1, end) if _ends_clause(text, at)]
        if end > segment.start:
            places.append((end, segment.continues))
    return places


def _ends_clause(text: str, at: int) -> bool:
    """Whether a speaker may pause between `text[at - 1]` and `text[at]`."""
    before, after = text[at - 1], text[at]
    if before == "\n":
        return False  # the place is before it
    if after == "\n":
        return not before.isspace()
    if after in _CLAUSE_MARKS or after in STUCK_CLOSERS:
        return False  # the mark goes on
    if before in CLOSERS or before in TOGGLES:
        # （税込）で and 「…」と go on, and so does (s)he
        return not after.isalnum() or not (after.isascii() or "\u3041" <= after <= "\u309f")
    if before in _BEFORE_WHITESPACE:
        return after.isspace()
    return before in _CLAUSE_MARKS and not (after.isdigit() and text[at - 2 : at - 1].isdigit())
