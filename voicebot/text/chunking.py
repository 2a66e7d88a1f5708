"""Cuts a reply that is still being written into the smallest pieces that may be spoken alone.

One pass over the characters. In running text a search jumps to the next character that could matter (a mark, a bracket,
a newline, an emoji); there a rule of the language decides, or says that it must see more. What was looked at is not
looked at again, but for a word or two around a mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from voicebot.speech import Boundary, Segment, Unit
from voicebot.text.abbreviations import is_list_marker
from voicebot.text.characters import (
    CLAUSE_MARKS,
    CLOSERS,
    DASHES,
    ELLIPSES,
    EXCLAIMS,
    LETTER,
    MARKS,
    NEWLINES,
    OPENERS,
    STRONG_MARKS,
    STUCK_CLOSERS,
    TOGGLES,
    is_numeral,
)
from voicebot.text.decoration import DECORATION, DECORATION_CLASS, face_end
from voicebot.text.forced_cuts import forced_end
from voicebot.text.graphemes import joins
from voicebot.text.sentence_ends import (
    WRITTEN_MARKS,
    Mark,
    MarkKind,
    WrittenMark,
    is_emphasis_open,
    is_finished,
    is_tied,
    look_behind,
    why_held,
)
from voicebot.text.thoughts import THOUGHT_TAGS

Strategy = Literal["newline", "punctuation", "sentence", "adaptive"]

DELIMITERS = "。、！？，．｡､!?,.;:；：…"

_HOLD_CHARACTERS = 150
"""A bracket or quotation that is longer than this no longer keeps its sentences together."""

_SENTENCE_CLASS = re.escape("".join(sorted(MARKS | OPENERS | CLOSERS | TOGGLES | set("`~*<|" + NEWLINES))))
_NEWLINE_SEARCH = re.compile(f"[{NEWLINES}]").search
_SENTENCE_SEARCH = re.compile(f"[{_SENTENCE_CLASS}{DECORATION_CLASS}]").search
_CLAUSE_SEARCH = re.compile(f"[{_SENTENCE_CLASS}{DECORATION_CLASS}{CLAUSE_MARKS}]").search

_Kind = Literal[
    WrittenMark,
    "open",
    "close",
    "toggle",
    "tick",
    "tilde",
    "star",
    "less",
    "pipe",
    "newline",
]
_KINDS: dict[str, _Kind] = {
    **WRITTEN_MARKS,
    **dict.fromkeys(OPENERS, "open"),
    **dict.fromkeys(CLOSERS, "close"),
    **dict.fromkeys(TOGGLES, "toggle"),
    **dict.fromkeys(NEWLINES, "newline"),
    "`": "tick",
    "~": "tilde",
    "*": "star",
    "<": "less",
    "|": "pipe",
}
_REST_RULES: dict[Unit, str] = {"fence": "fence rest", "thought": "think rest"}
_ITEM = re.compile(r"(?:[^.。:：]{0,80}(?:：|:(?=[\s•⁃‣◦])))?\s*(?:[•⁃‣◦]\s*)?(\d{1,3}|[a-y])[.)）]")
_SMILEY_EYES = re.compile(r"\s[:;]-?\Z")
_APOSTROPHE_OPENS = re.compile(r"(?<!\w)['‘](?=\w)[^'’]*(?:(?<=\w)['’](?=\w)[^'’]*)*\Z")


@dataclass(frozen=True, slots=True)
class _Cut:
    """Cut here."""

    end: int
    boundary: Boundary
    rule: str
    unit: Unit = "text"
    in_sentence: bool = False
    """Whether the sentence goes on behind it."""


_Step = Callable[[str, int, bool], "_Cut | bool"]
"""Reads on in text[:end] (`final`: nothing will follow): a cut, True to go on with another step, False to wait."""


class Chunker:
    """Cuts one reply into segments.

    The segments are contiguous (`text == reply[start:end]`, offsets in characters), and joined they are the reply,
    except for blank text at its very end. They do not depend on how the reply was split into deltas, as long as
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
        self._clauses = strategy == "adaptive"
        self._delimiters = frozenset(delimiters) if strategy == "punctuation" else frozenset()
        self._plain_lines = strategy == "newline"
        self._find = _NEWLINE_SEARCH if self._plain_lines else _SENTENCE_SEARCH
        if self._delimiters:
            extra = re.escape("".join(sorted(self._delimiters)))
            self._find = re.compile(f"[{_SENTENCE_CLASS}{DECORATION_CLASS}{extra}]").search
        elif self._clauses:
            self._find = _CLAUSE_SEARCH
        self._text = ""
        """The reply from some place before the present segment on."""
        self._offset = 0
        """Where in the reply `_text` begins."""
        self._start = 0
        """Where the present segment begins (all places are indexes of `_text`)."""
        self._sentence = 0
        """Where the present sentence begins: there, unless a clause of it was cut off before."""
        self._at = 0
        """Where reading goes on."""
        self._line = 0
        """Where the present line begins, -1 if before the present segment."""
        self._after_sentence = True
        """Whether the segment before ended with a sentence."""
        self._mark = Mark("dot", 0, 0, 0, 0, 0, False)
        """The mark that is being looked behind."""
        self._fence = self._tag = ""
        """What closes the present code block, or thought."""
        self._from = 0
        """Where the search for the end of a code block's line goes on."""
        self._begin_sentence()
        self._line = 0

    def feed(self, delta: str) -> list[Segment]:
        """Take the next piece of the reply and return the segments that are ready."""
        text = self._text = self._text + delta
        if self._in_running_text and len(text) - self._start <= self._limit and not self._find(text, self._at):
            self._at = len(text)
            return []
        return self._read(final=False)

    def flush(self) -> list[Segment]:
        """Return what is left at the end of the reply, finished or not."""
        segments = self._read(final=True)
        if self._text[self._start :].strip():
            segments.append(self._segment(_Cut(len(self._text), Boundary.END, "end")))
        self._offset += len(self._text)
        self._text = ""
        self._start = self._at = 0
        self._begin_sentence()
        self._line = 0
        return segments

    def release(self) -> list[Segment]:
        """Return the sentence that waits only for what comes next, now that the stream has paused."""
        if not self._pause_at:
            return []
        return [self._give(_Cut(self._pause_at, Boundary.TIMEOUT, "pause"))]

    @property
    def unfinished(self) -> str:
        """The clause that is being written, where a phrase may be broken off it; "" where none may."""
        free = self._clauses and self._step == self._in_text and not self._code and not self._table
        if not free or self._held(self._at) or is_emphasis_open(self._text, self._sentence, self._at):
            return ""
        return self._text[self._start : self._at]

    def break_off(self, count: int) -> Segment:
        """Cut behind the first `count` characters of `unfinished`, which end a phrase."""
        return self._give(_Cut(self._start + count, Boundary.PHRASE, "phrase", in_sentence=True))

    # ------------------------------------------------------------ segments

    def _begin_sentence(self) -> None:
        """Forget what was known of the sentence before."""
        self._sentence = self._start
        self._step: _Step = self._in_text
        self._in_running_text = True
        self._pause_at = 0
        self._voiced = False
        self._voiced_until = self._start
        self._unit: Unit = "text"
        self._continues = False
        self._table = False
        self._line = -1
        self._let_go()

    def _let_go(self) -> None:
        """Close everything that keeps sentences together."""
        self._depth = 0
        self._quotes = ""
        self._code = 0
        self._acting = False
        self._held_since = 0

    def _segment(self, cut: _Cut) -> Segment:
        start, end = self._start, cut.end
        unit = "table" if self._table else self._unit if self._unit != "text" else cut.unit
        rule = _REST_RULES[self._unit] if self._continues else cut.rule
        place = self._offset
        return Segment(self._text[start:end], place + start, place + end, cut.boundary, rule, unit, self._continues)

    def _give(self, cut: _Cut) -> Segment:
        """Cut, and begin the next segment."""
        segment = self._segment(cut)
        self._start = self._at = cut.end
        if cut.in_sentence:
            self._pause_at = 0
            self._voiced = True
            if self._start - self._sentence > self._limit:
                self._sentence = self._start
            self._begin_step(self._in_text)
            return segment
        self._after_sentence = cut.boundary not in (Boundary.CLAUSE, Boundary.FORCED)
        unit, step, in_running_text = self._unit, self._step, self._in_running_text
        self._begin_sentence()
        if cut.unit == "item":
            self._line = self._start
        if unit != "text" and cut.boundary is Boundary.FORCED:
            self._unit, self._step, self._in_running_text, self._continues = unit, step, in_running_text, True
        return segment

    def _read(self, *, final: bool) -> list[Segment]:
        segments = []
        text = self._text
        while True:
            end = min(len(text), self._start + self._limit + 1)
            cut = self._next_cut(text, end, final and end == len(text))
            if cut is None and len(text) - self._start <= self._limit:
                break
            if cut is None or cut.end - self._start > self._limit:
                cut = self._forced_cut(text, end)
            segments.append(self._give(cut))
        if read := min(self._sentence, self._start):
            self._forget(read)
        return segments

    def _forget(self, count: int) -> None:
        """Drop the first `count` characters, which have been given out."""
        self._text = self._text[count:]
        self._offset += count
        self._start -= count
        self._sentence -= count
        self._at -= count
        self._voiced_until -= count
        self._line = max(-1, self._line - count)
        self._held_since -= count
        self._mark = self._mark.moved(count)
        self._from -= count
        self._pause_at = max(0, self._pause_at - count)

    def _next_cut(self, text: str, end: int, final: bool) -> _Cut | None:
        while True:
            self._pause_at = 0
            found = self._step(text, end, final)
            if isinstance(found, _Cut):
                return found
            if not found:
                return None

    def _forced_cut(self, text: str, end: int) -> _Cut:
        rule = {"fence": "fence", "thought": "think"}.get(self._unit, "limit")
        whole_lines = self._unit == "fence" or self._table
        return _Cut(forced_end(text, self._start, end - 1, between_lines=whole_lines), Boundary.FORCED, rule)

    def _has_voice(self, text: str, end: int) -> bool:
        """Whether text before `end` has a letter or digit; looks at each character once."""
        if not self._voiced and end > self._voiced_until:
            self._voiced = LETTER.search(text, self._voiced_until, end) is not None
            self._voiced_until = end
        return self._voiced

    # ------------------------------------------------------------ running text

    def _in_text(self, text: str, end: int, final: bool) -> _Cut | bool:
        find, kinds = self._find, _KINDS
        while (found := find(text, self._at, end)) is not None:
            at = self._at = found.start()
            self._in_running_text = False
            character = text[at]
            kind = kinds.get(character)
            if kind == "newline":
                return self._begin_step(self._at_newline)
            if self._table or (self._code and kind != "tick"):
                if at - self._held_since <= _HOLD_CHARACTERS or self._table:
                    self._at = at + 1
                    continue
                self._let_go()
            if character in self._delimiters:
                if (cut := self._at_delimiter(text, at)) is not None:
                    return cut
            elif character in CLAUSE_MARKS:
                if (clause := self._at_clause(text, at, end, final)) is not True:
                    return clause
            elif kind is None:
                if self._has_voice(text, at) and not self._held(at):
                    return self._look_behind("emoji", at)
                self._at = at + 1
            elif self._delimiters and kind in ("full stop", "mark", "dot", "ellipsis"):
                self._at = at + 1
            elif kind == "full stop":
                if not self._held(at):
                    if not is_tied(text, self._sentence, at):
                        if self._has_voice(text, at):
                            return _Cut(at + 1, Boundary.SENTENCE, "full stop")
                    else:
                        return self._look_behind("full stop", at)
                else:
                    self._tell_held(at + 1, self._holder())
                self._at = at + 1
            elif kind in ("dot", "close") and (item := self._item_before(text, at)) > self._sentence:
                if at + 1 >= end and not final:
                    return False
                self._at = at + 1
                if text[at + 1 : at + 2] in ("", " ", ")"):
                    if item > self._start:
                        return _Cut(item, Boundary.LINE, "item", "item")
                    self._begin_sentence()  # the clause before the item was cut off there
                    self._line = self._start
                    return True
            elif kind == "less":
                if (thought := self._thought_at(text, at, end, final)) is not True:
                    return thought
            elif kind in ("mark", "dot", "ellipsis"):
                held = self._held(at)
                if not held and not (kind == "dot" and self._is_list_marker(text, at)):
                    return self._look_behind(kind, at)
                self._tell_held(at + 1, self._holder() if held else "list marker")
                self._at = at + 1
            elif not self._at_structure(kind, text, at, end, final):
                return False
            if self._step != self._in_text:
                return True
        self._at = end
        self._in_running_text = True
        return False

    def _begin_step(self, step: _Step) -> bool:
        self._step = step
        self._in_running_text = step == self._in_text
        return True

    def _look_behind(self, kind: MarkKind, at: int, behind: int | None = None, *, quoted: bool = False) -> bool:
        """A sentence may end with the mark at `at`: what stands behind it (`behind`) decides."""
        cut = at + 1 if behind is None else behind
        self._mark = Mark(kind, at, cut, cut, self._sentence, self._held_since, quoted)
        return self._begin_step(self._behind_mark)

    def _tell_held(self, place: int, why: str) -> None:
        if self._on_held is not None:
            self._on_held(self._offset + place, why)

    def _holder(self) -> str:
        """What keeps the sentence together."""
        return "within an action" if self._acting else "within a quotation" if self._quotes else "within brackets"

    def _held(self, at: int) -> bool:
        """Whether an open bracket or quotation keeps the sentence together here."""
        if not (self._depth or self._quotes or self._acting):
            return False
        if at - self._held_since <= _HOLD_CHARACTERS:
            return True
        self._let_go()
        return False

    def _hold(self, at: int) -> None:
        if not (self._depth or self._quotes or self._acting or self._code):
            self._held_since = at

    def _is_list_marker(self, text: str, at: int) -> bool:
        if self._line >= self._sentence:
            return is_list_marker(text, self._line, at)
        return self._after_sentence and text[at - 1].isdecimal() and is_list_marker(text, self._sentence, at)

    def _item_before(self, text: str, at: int) -> int:
        """Where the next item of a list within one line ("1. One 2. Two") begins if text[at] ends its marker, or -1."""
        first = _ITEM.match(text, self._sentence, at)
        if first is None or self._held(at):
            return -1
        following = str(int(first[1]) + 1) if first[1].isdecimal() else chr(ord(first[1]) + 1)
        begin = at - len(following)
        if begin <= first.end() or text[begin:at] != following or text[begin - 1] not in " •⁃‣◦":
            return -1
        if text[begin - 1] != " ":
            begin -= 1
        elif text[begin - 2] in "•⁃‣◦":
            begin -= 2
        return self._before_blanks(text, begin)

    def _at_delimiter(self, text: str, at: int) -> _Cut | None:
        character = text[at]
        if character == "." and self._is_list_marker(text, at):
            self._at = at + 1
        elif character.isascii() or character in "．，：" or character in EXCLAIMS + ELLIPSES:
            if character.isascii() or not self._held(at):
                self._look_behind("delimiter", at)
            else:
                self._at = at + 1
        elif self._held(at) or not self._has_voice(text, at):
            self._at = at + 1
        else:
            return _Cut(at + 1, self._boundary_of(character), "delimiter")
        return None

    def _at_clause(self, text: str, at: int, end: int, final: bool) -> _Cut | bool:
        """A clause may end with text[at]; True to read on, False: more has to be seen."""
        self._at = behind = at + 1
        if self._held(at) or is_emphasis_open(text, self._sentence, at):
            self._tell_held(behind, self._holder() if self._held(at) else "within emphasis")
            return True
        if LETTER.search(text, self._start, at) is None:
            return True
        character, before = text[at], text[at - 1]
        if character in DASHES:
            while behind < end and text[behind] in DASHES:
                behind += 1
            if behind >= end and not final:
                self._at = at
                return False
            self._at = behind
            if character == "–" and not before.isspace():
                self._tell_held(behind, "within a word or number")
                return True
            return _Cut(behind, Boundary.CLAUSE, "clause", in_sentence=True)
        if character.isascii():
            word = at - 2 >= self._start and text[at - 2 : at].isalpha()
            sure = character == "," and word and not self._is_quoting(text, at)
        else:
            sure = not is_numeral(before)
        if not sure:
            seen = text[behind : min(end, behind + 2)]
            if len(seen) < 2 and not final:
                self._at = at
                return False
            why = ""
            if character.isascii() and not seen[:1].isspace():
                why = "within a word or number"
            elif character.isascii() and self._is_quoting(text, at):
                why = "within a quotation"
            elif seen[:1] and seen[0] in NEWLINES:
                why = "the line ends"
            elif is_numeral(before) and is_numeral(seen.lstrip()[:1] or " "):
                why = "within a number or date"
            if why:
                self._tell_held(behind, why)
                return True
        return _Cut(behind, Boundary.CLAUSE, "clause", in_sentence=True)

    def _is_quoting(self, text: str, at: int) -> bool:
        """Whether single quotation marks are open: 'Well,' she said."""
        return _APOSTROPHE_OPENS.search(text[self._sentence : at]) is not None

    def _boundary_of(self, character: str) -> Boundary:
        return Boundary.SENTENCE if character in STRONG_MARKS else Boundary.CLAUSE

    def _at_structure(self, kind: _Kind, text: str, at: int, end: int, final: bool) -> bool:
        """Brackets, quotations and markup; False: more has to be seen."""
        character = text[at]
        self._at = at + 1
        if kind == "open":
            if character in "(（" and not self._depth and not self._quotes:
                behind = face_end(text, at, end, final)
                if behind is None:
                    self._at = at
                    return False
                if behind > at:
                    if self._has_voice(text, at):
                        self._look_behind("emoji", at, behind)
                    else:
                        self._at = behind
                    return True
            if character == "(" and _SMILEY_EYES.search(text, max(self._sentence, at - 3), at) is not None:
                self._look_behind("emoji", at)
                return True
            if character == "“" and "„" in self._quotes:
                self._quotes = self._quotes.replace("„", "")
                self._closed(text, at)
                return True
            self._hold(at)
            if character == "„":
                self._quotes += character
            else:
                self._depth += 1
        elif kind == "close":
            if self._depth:
                self._depth -= 1
                self._closed(text, at)
            elif character == ")" and text[max(self._sentence, at - 2) : at].rstrip("-")[-1:] in (":", ";"):
                self._look_behind("emoji", at)
        elif kind == "toggle":
            self._at_quotation_mark(text, at)
        elif kind == "pipe":
            self._table = self._begins_line(text, at)
        elif kind == "star":
            return self._at_star(text, at, end, final)
        else:
            return self._at_ticks(kind, text, at, end, final)
        return True

    def _at_quotation_mark(self, text: str, at: int) -> None:
        character = "«" if text[at] in "«»" else '"'
        before = text[at - 1] if at > self._sentence else " "
        if character not in self._quotes:
            if not (character == '"' and before.isdigit()):
                self._hold(at)
                self._quotes += character
        elif character == "«" or not before.isspace():
            self._quotes = self._quotes.replace(character, "")
            self._closed(text, at)

    def _closed(self, text: str, at: int) -> None:
        """A bracket closes at `at`: the sentence may end here if one ended inside of it."""
        if self._depth or self._quotes or self._acting:
            return
        if text[self._held_since] == "(" and LETTER.search(text, self._sentence, self._held_since):
            return
        inner = at - 1
        while inner > self._held_since and at - inner < 8:
            character = text[inner]
            if character in STRONG_MARKS:
                quoted = text[at] not in ")）]" and character not in ".．"
                self._look_behind("quote", inner, at + 1, quoted=quoted)
                return
            if not (character in STUCK_CLOSERS or character.isspace() or DECORATION.match(character)):
                return
            inner -= 1

    def _begins_line(self, text: str, at: int) -> bool:
        return self._line >= self._sentence - 1 and self._line >= 0 and not text[self._line : at].strip()

    def _at_star(self, text: str, at: int, end: int, final: bool) -> bool:
        """*An action* at the start of a segment is kept together."""
        if self._acting:
            self._acting = False
            if not (self._depth or self._quotes) and text[at - 1] != ":":
                self._look_behind("action", at)
        elif not self._has_voice(text, at):
            if at + 1 >= end and not final:
                self._at = at
                return False
            following = text[at + 1 : min(end, at + 2)]
            if following == "*":
                self._at = at + 2
            elif following and not following.isspace():
                self._hold(at)
                self._acting = True
        return True

    def _thought_at(self, text: str, at: int, end: int, final: bool) -> _Cut | bool:
        """<think> begins a unit of its own; False: more has to be seen."""
        seen = text[at : min(end, at + 12)]
        self._at = at + 1
        for tag, closing in THOUGHT_TAGS.items():
            if seen.startswith(tag):
                if self._has_voice(text, at) and (before := self._before_blanks(text, at)) > self._start:
                    return _Cut(before, Boundary.SENTENCE, "think")
                self._unit = "thought"
                self._tag = closing
                self._at = at + len(tag)
                return self._begin_step(self._in_thought)
            if not final and tag.startswith(seen):
                self._at = at
                return False
        return True

    def _at_ticks(self, kind: _Kind, text: str, at: int, end: int, final: bool) -> bool:
        """Code: a span within a line, or a fence of three or more at its beginning."""
        behind = at
        while behind < end and text[behind] == text[at]:
            behind += 1
        if behind == end and not final:
            self._at = at
            return False
        self._at = behind
        if behind - at >= 3 and not self._has_voice(text, at) and self._begins_line(text, at):
            self._unit = "fence"
            self._fence = text[at:behind]
            self._from = behind
            self._begin_step(self._in_fence)
        elif kind == "tick":
            if not self._code:
                self._hold(at)
                self._code = behind - at
            elif self._code == behind - at:
                self._code = 0
        return True

    # ------------------------------------------------------------ lines and units

    def _at_newline(self, text: str, end: int, final: bool) -> _Cut | bool:
        at = self._at
        behind = at + 1
        if text[at] == "\r" and behind >= end and not final:
            return self._wait_at(text, at)
        if text[at : behind + 1] == "\r\n" and behind < end:
            behind += 1
        if not self._has_voice(text, at) or not text[self._start : at].strip():
            self._let_go()
            self._at = self._line = behind
            self._table = False
            if self._has_voice(text, at):  # only clauses that were cut off before
                self._sentence = self._voiced_until = behind
                self._voiced, self._after_sentence = False, True
            return self._begin_step(self._in_text)
        if behind >= end and not final:
            return self._wait_at(text, at)
        following = text[behind : min(end, behind + 1)]
        if self._table and following == "|":
            self._at = self._line = behind
            return self._begin_step(self._in_text)
        cut = self._before_blanks(text, at)
        if (following and following in NEWLINES) or text[at] == "\u2029":
            return _Cut(cut, Boundary.PARAGRAPH, "table" if self._table else "paragraph")
        return _Cut(cut, Boundary.LINE, "table" if self._table else "line")

    def _wait_at(self, text: str, at: int) -> bool:
        if self._has_voice(text, at) and (before := self._before_blanks(text, at)) > self._start:
            self._pause_at = before
        return False

    def _before_blanks(self, text: str, at: int) -> int:
        while at > self._start and text[at - 1].isspace():
            at -= 1
        return at

    def _in_fence(self, text: str, end: int, final: bool) -> _Cut | bool:
        """Up to the line that closes the code block."""
        while True:
            newline = text.find("\n", max(self._from, self._at), end)
            if newline < 0:
                if not final:
                    self._from = max(self._at, end)
                    return False
                newline = end
            line = text[self._at : newline].strip()
            first = not self._continues and text[self._at - 1] == self._fence[0]
            if first and self._fence in line:
                self._unit = "text"
                self._at = newline
                return self._begin_step(self._in_text)
            if not first and line.startswith(self._fence) and not line.strip(self._fence[0]):
                return _Cut(self._before_blanks(text, newline), Boundary.LINE, "fence")
            if newline == end:
                return False
            self._at = self._from = newline + 1

    def _in_thought(self, text: str, end: int, final: bool) -> _Cut | bool:  # noqa: ARG002
        close = text.find(self._tag, max(self._start, self._at), end)
        if close >= 0:
            return _Cut(close + len(self._tag), Boundary.SENTENCE, "think")
        self._at = max(self._at, end - len(self._tag) + 1)
        return False

    # ------------------------------------------------------------ behind a mark

    def _behind_mark(self, text: str, end: int, final: bool) -> _Cut | bool:
        mark = self._mark
        verdict = look_behind(mark, text, end, final)
        if verdict == "unclear":
            return False
        voiced = self._has_voice(text, mark.cut)
        if verdict == "open":
            if not final and voiced and is_finished(text, mark):
                self._pause_at = mark.cut
            return False
        if voiced and (
            verdict == "ends at once"
            or (verdict == "ends" and not (mark.cut < end and joins(text, mark.cut, self._start)))
        ):
            boundary = self._boundary_of(text[mark.at]) if mark.kind == "delimiter" else Boundary.SENTENCE
            return _Cut(mark.cut, boundary, mark.kind)
        if self._on_held is not None:
            self._tell_held(mark.cut, why_held(text, mark, mark.seen))
        self._at = mark.seen
        if self._clauses and mark.kind == "ellipsis" and LETTER.search(text, self._start, mark.cut) is not None:
            return _Cut(mark.cut, Boundary.CLAUSE, "clause", in_sentence=True)
        return self._begin_step(self._in_text)
