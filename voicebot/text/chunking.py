"""Cuts a reply that is still being written into the smallest pieces that may be spoken alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeGuard, get_args

from voicebot.speech import Boundary, Segment
from voicebot.text.forced_cuts import forced_end
from voicebot.text.marks import Mark
from voicebot.text.patterns import compiled
from voicebot.text.running_text import (
    CLAUSE_PATTERN,
    NEWLINE_PATTERN,
    SENTENCE_PATTERN,
    delimiter_pattern,
    is_breakable,
    read_sentence,
)
from voicebot.text.sentence import Cut, Rules, Sentence
from voicebot.text.units import Fence, Table, Thought

Strategy = Literal["newline", "punctuation", "sentence", "adaptive"]


def is_strategy(name: str) -> TypeGuard[Strategy]:
    """Tell whether `name` is one of ours."""
    return name in get_args(Strategy)


DELIMITERS = "。、！？，．｡､!?,.;:；：…"

_AT_ONCE = 4096
"""Characters: behind each cut what is left of them is copied."""


class Chunker:
    """Cuts one reply into segments.

    The segments are contiguous (`text == reply[start:end]`, offsets in characters), and joined they are the reply,
    except for whitespace at its very end. They do not depend on how the reply was split into deltas, as long as
    `release` is not called. No segment is longer than `max_characters`; a grapheme cluster is torn only where it is
    longer than that itself, or where a combining mark follows a 。 that was given out at once.

    After "。" outside of brackets nothing is waited for; elsewhere the next visible character decides, in rare cases
    the next word. `on_held` is told of each mark that did not cut: the offset behind it, and why.
    """

    def __init__(
        self,
        *,
        strategy: Strategy = "sentence",
        delimiters: str = DELIMITERS,
        max_characters: int = 300,
        on_held: Callable[[int, str], None] | None = None,
    ) -> None:
        self._on_held = on_held
        self._limit = max(1, max_characters)
        self._text = ""
        """The reply from the beginning of the present sentence on; all places but offsets are indexes of it."""
        self._offset = 0
        """Where in the reply `_text` begins."""
        rules = self._rules_of(strategy, delimiters)
        self._find = rules.find
        self._sentence = Sentence(rules, line=0)
        self._quiet_until = self._limit
        """Up to this length of `_text` a delta in which nothing matters is kept unread; 0 where none is."""

    def _rules_of(self, strategy: Strategy, delimiters: str) -> Rules:
        on_held = self._tell_held if self._on_held else None
        match strategy:
            case "newline":
                return Rules(compiled(NEWLINE_PATTERN).search, on_held=on_held)
            case "punctuation" if delimiters:
                find = compiled(delimiter_pattern(delimiters)).search
                return Rules(find, frozenset(delimiters), on_held=on_held)
            case "adaptive":
                return Rules(compiled(CLAUSE_PATTERN).search, cuts_clauses=True, on_held=on_held)
            case _:
                return Rules(compiled(SENTENCE_PATTERN).search, on_held=on_held)

    def feed(self, delta: str) -> list[Segment]:
        """Take the next piece of the reply and return the segments that are ready."""
        text = self._text + delta
        if len(text) <= self._quiet_until and not self._find(delta):
            self._text = text
            return []
        if len(delta) > _AT_ONCE:
            pieces = [delta[at : at + _AT_ONCE] for at in range(0, len(delta), _AT_ONCE)]
            return [segment for piece in pieces for segment in self.feed(piece)]
        self._catch_up()
        self._text = text
        return self._read(final=False)

    def flush(self) -> list[Segment]:
        """Return what is left at the end of the reply, finished or not."""
        self._catch_up()
        segments = self._read(final=True)
        if self._text[self._sentence.start :].strip():
            segments.append(self._segment(Cut(len(self._text), Boundary.END, "end")))
        self._begin(Sentence(self._sentence.rules, line=0), len(self._text))
        self._quiet_until = self._limit
        return segments

    def release(self) -> list[Segment]:
        """Return the sentence that waits only for what comes next, now that the stream has paused."""
        if not self._sentence.pause_at:
            return []
        return [self._give(Cut(self._sentence.pause_at, Boundary.TIMEOUT, "pause"))]

    @property
    def unfinished(self) -> str:
        """The clause that is being written, where a phrase may be broken off it; "" where none may."""
        self._catch_up()
        sentence = self._sentence
        free = sentence.rules.cuts_clauses and is_breakable(sentence, self._text)
        return self._text[sentence.start : sentence.at] if free else ""

    def break_off(self, count: int) -> Segment:
        """Cut behind the first `count` characters of `unfinished`, which end a phrase."""
        return self._give(Cut(self._sentence.start + count, Boundary.PHRASE, "phrase", in_sentence=True))

    def _read(self, *, final: bool) -> list[Segment]:
        segments: list[Segment] = []
        while True:
            text, sentence = self._text, self._sentence
            longest, length = sentence.start + self._limit, len(text)
            if sentence.inside is None and sentence.at == length <= longest and not (final and sentence.holds):
                self._quiet_until = longest
                return segments
            end = longest + 1 if length > longest else length
            cut = read_sentence(sentence, text, end, final and end == length)
            if isinstance(cut, Sentence):
                self._begin(cut, sentence.start)
            elif cut is not None and cut.end <= longest:
                segments.append(self._give(cut))
            elif length > longest:
                segments.append(self._give(self._forced_cut(longest)))
            elif sentence.inside is not None or sentence.at < length:
                self._quiet_until = 0
                return segments

    def _catch_up(self) -> None:
        """Pass over the deltas that were kept unread."""
        if self._quiet_until:
            self._sentence.at = len(self._text)

    def _forced_cut(self, last: int) -> Cut:
        """Cut at `last` or at a better place before it."""
        inside = self._sentence.inside
        end = forced_end(self._text, self._sentence.start, last, between_lines=isinstance(inside, (Fence, Table)))
        return Cut(end, Boundary.FORCED, inside.rule if isinstance(inside, (Fence, Thought)) else "limit")

    def _give(self, cut: Cut) -> Segment:
        """Cut, and begin what comes next."""
        segment = self._segment(cut)
        if cut.in_sentence and cut.end <= self._limit:
            self._sentence.cut_off(cut.end)
        else:
            self._begin(self._sentence.following(cut), cut.end)
        self._quiet_until = 0
        return segment

    def _begin(self, sentence: Sentence, at: int) -> None:
        """Begin `sentence` with the text from `at` on."""
        self._text = self._text[at:]
        self._offset += at
        self._sentence = sentence

    def _segment(self, cut: Cut) -> Segment:
        start, end, offset = self._sentence.start, cut.end, self._offset
        inside, rule, unit, continues = self._sentence.inside, cut.rule, cut.unit, False
        if inside is not None and not isinstance(inside, Mark):
            unit, continues = inside.unit, inside.continues
            if continues:
                rule = f"{inside.rule} rest"
        return Segment(self._text[start:end], offset + start, offset + end, cut.boundary, rule, unit, continues)

    def _tell_held(self, behind: int, why: str) -> None:
        if self._on_held is not None:
            self._on_held(self._offset + behind, why)
