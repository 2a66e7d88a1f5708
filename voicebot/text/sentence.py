"""A sentence while it is being read: what is known of it, and where it is cut.

Places are indexes of a text that begins with the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from voicebot.speech import Boundary, Unit
from voicebot.text.abbreviations import is_list_marker
from voicebot.text.characters import LETTER
from voicebot.text.holds import Holds
from voicebot.text.marks import Mark, MarkKind
from voicebot.text.units import Fence, Table, Thought


class Search(Protocol):
    """A search of a compiled pattern, within two places of a text."""

    def __call__(self, text: str, start: int = ..., end: int = ..., /) -> re.Match[str] | None: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What a strategy looks for in running text."""

    find: Search
    """Finds the next character that could matter."""
    delimiters: frozenset[str] = frozenset()
    """Characters that end a segment; the marks of sentences mean nothing where there are any."""
    cuts_clauses: bool = False
    """Whether clauses are cut off their sentence."""
    on_held: Callable[[int, str], None] | None = None
    """Told of each mark that does not cut: the place behind it, and why."""


class Cut(NamedTuple):
    """Cut here."""

    end: int
    boundary: Boundary
    rule: str
    """Why, for people to read."""
    unit: Unit = "text"
    in_sentence: bool = False
    """Whether the sentence goes on behind it."""


class Sentence:
    """What was seen of a sentence so far; a code block, a thought or a table is one too.

    Nothing of it outlives it: behind a cut another one begins.
    """

    __slots__ = (
        "_reread_until",
        "_voiced",
        "_voiced_until",
        "after_sentence",
        "at",
        "holds",
        "inside",
        "left_open",
        "line",
        "pause_at",
        "rules",
        "start",
    )

    def __init__(
        self,
        rules: Rules,
        *,
        at: int = 0,
        line: int = -1,
        after_sentence: bool = True,
        voiced: bool = False,
        inside: Fence | Thought | None = None,
        left_open: bool = False,
    ) -> None:
        self.rules = rules
        self.start = 0
        """Where the present segment begins: behind the clauses that were cut off."""
        self.at = at
        """Where reading goes on in running text."""
        self.line = line
        """Where the present line begins, -1 if before the sentence."""
        self.inside: Mark | Fence | Thought | Table | None = inside
        """What is being read; None for running text."""
        self.holds: Holds | None = None
        """What is open."""
        self.pause_at = 0
        """Where to cut if the stream pauses now; 0 for nowhere."""
        self.after_sentence = after_sentence
        """Whether the segment before ended with a sentence."""
        self.left_open = left_open
        """Whether a quotation on this line was given up; its closing mark may yet come after a full stop."""
        self._voiced = voiced
        """Whether there is a letter or digit before `_voiced_until`."""
        self._voiced_until = 0
        self._reread_until = 0
        """What stands before this place is read again: no quotation, code or *action* opens in it."""

    def cut_off(self, end: int) -> None:
        """Go on behind a clause or phrase that was cut off at `end`."""
        self.start = self.at = end
        self.inside = None
        self.pause_at = 0
        self._voiced = True

    def following(self, cut: Cut) -> Sentence:
        """The sentence that begins behind `cut`."""
        if cut.in_sentence:  # so long that its beginning no longer matters
            return Sentence(self.rules, after_sentence=self.after_sentence, voiced=True)
        if cut.boundary is Boundary.FORCED:
            unit = self.inside if isinstance(self.inside, (Fence, Thought)) else None
            return Sentence(self.rules, after_sentence=False, inside=unit and unit.rest(cut.end))
        line = 0 if cut.unit == "item" else -1
        left_open = self.left_open and cut.boundary is Boundary.SENTENCE
        return Sentence(self.rules, line=line, after_sentence=cut.boundary is not Boundary.CLAUSE, left_open=left_open)

    def has_voice(self, text: str, end: int) -> bool:
        """Whether text before `end` has a letter or digit; looks at each character once."""
        if not self._voiced and end > self._voiced_until:
            self._voiced = LETTER.search(text, self._voiced_until, end) is not None
            self._voiced_until = end
        return self._voiced

    @property
    def is_held(self) -> bool:
        """Whether an open bracket, quotation or *action* keeps the sentence together."""
        return self.holds is not None and self.holds.keeps_sentences

    def may_open(self, at: int) -> bool:
        """Whether a quotation, code or an *action* may open at `at`: not if it was found to stay open there before."""
        return at >= self._reread_until

    def give_up_holds(self, text: str, at: int) -> bool:
        """Give up at `at` on whatever is open; return whether the text has to be read again from where it opened.

        That happens once at most, as nothing opens there the second time.
        """
        holds, self.holds = self.holds, None
        if holds is None or not holds.may_be_misread(text) or holds.since < self._reread_until:
            return False
        self._reread_until = at
        self.left_open = text[holds.since] not in "*`"
        self.at = max(self.start, holds.since + 1)
        return True

    def tell_held(self, behind: int, why: str) -> None:
        """Tell who asked why the mark before `behind` does not cut."""
        if self.rules.on_held is not None:
            self.rules.on_held(behind, why)

    def tell_holder(self, behind: int) -> None:
        """Tell who asked what keeps the sentence together behind the mark before `behind`."""
        if self.holds is not None:
            self.tell_held(behind, self.holds.name)

    def look_behind(self, kind: MarkKind, at: int, cut: int | None = None) -> None:
        """Let what stands behind the mark at `at` (behind `cut`) decide whether the sentence ends there."""
        behind = at + 1 if cut is None else cut
        self.inside = Mark(kind, at, behind, behind)

    def begins_line(self, text: str, at: int) -> bool:
        """Whether only whitespace stands before text[at] on its line."""
        return self.line >= 0 and not text[self.line : at].strip()

    def is_list_marker(self, text: str, at: int) -> bool:
        """Whether what stands before the full stop text[at] marks an item of a list."""
        if self.line >= 0:
            return is_list_marker(text, self.line, at)
        return self.after_sentence and text[at - 1].isdecimal() and is_list_marker(text, 0, at)

    def before_whitespace(self, text: str, at: int) -> int:
        """The end of what is visible before `at`, in the present segment."""
        while at > self.start and text[at - 1].isspace():
            at -= 1
        return at
