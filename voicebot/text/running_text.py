"""Reads on in a sentence up to a cut: running text, and the units between sentences.

In running text a search jumps to the next character that could matter (a mark, a bracket, a newline, an emoji); there
a rule of the language decides, or says that it must see more. No text is looked at twice, except for a word or two
around a mark. What an unclosed quotation mark, star or ` held together is read once more.
"""

from __future__ import annotations

import re
from typing import Literal

from voicebot.speech import Boundary
from voicebot.text.characters import (
    CLAUSE_MARKS,
    CLOSERS,
    ELLIPSES,
    EXCLAIMS,
    LETTER,
    MARKS,
    NEWLINES,
    OPENERS,
    SCRIPT_STOPS,
    STRONG_MARKS,
    TOGGLES,
    is_script_stop,
)
from voicebot.text.clauses import clause_end
from voicebot.text.decoration import DECORATION_CLASS
from voicebot.text.graphemes import joins
from voicebot.text.holds import is_emphasis_open
from voicebot.text.labels import begins_question
from voicebot.text.marks import WRITTEN_MARKS, Mark, WrittenMark
from voicebot.text.patterns import compiled
from voicebot.text.sentence import Cut, Sentence
from voicebot.text.sentence_ends import is_finished, is_tied, look_behind, why_held
from voicebot.text.structure import close_bracket, is_emphasised_note, open_bracket, pipe, star, ticks, toggle_quotation
from voicebot.text.thoughts import THOUGHT_TAGS
from voicebot.text.units import Fence, Table, Thought, first_item, next_item, thought_tag

Step = Cut | Sentence | bool
"""A cut, another sentence that takes the place of this one, True to read on, or False where more has to be seen."""

_MATTER = MARKS | OPENERS | CLOSERS | TOGGLES | set("`~*<|" + SCRIPT_STOPS + NEWLINES)
_CLASS = re.escape("".join(sorted(_MATTER))) + DECORATION_CLASS
NEWLINE_PATTERN = f"[{NEWLINES}]"
SENTENCE_PATTERN = f"[{_CLASS}]"
CLAUSE_PATTERN = f"[{_CLASS}{CLAUSE_MARKS}]"

_Kind = Literal[WrittenMark, "emoji", "open", "close", "toggle", "tick", "star", "less", "pipe", "newline"]
_KINDS: dict[str, _Kind] = {
    **WRITTEN_MARKS,
    **dict.fromkeys(OPENERS, "open"),
    **dict.fromkeys(CLOSERS, "close"),
    **dict.fromkeys(TOGGLES, "toggle"),
    **dict.fromkeys(NEWLINES, "newline"),
    **dict.fromkeys("`~", "tick"),
    "*": "star",
    "<": "less",
    "|": "pipe",
}
_DOUBTFUL_DELIMITERS = frozenset("．，：" + EXCLAIMS + ELLIPSES)
"""Behind these more has to be seen, as behind every half-width one: 1,980."""


def delimiter_pattern(delimiters: str) -> str:
    """What finds any of `delimiters`, too."""
    return f"[{_CLASS}{re.escape(delimiters)}]"


def read_sentence(sentence: Sentence, text: str, end: int, final: bool) -> Cut | Sentence | None:
    """Read on in text[:end] (`final`: nothing will follow): a cut, or None if more has to be seen.

    Another sentence, from `start` on, takes the place of one that was cut off clause by clause to its end.
    """
    while True:
        sentence.pause_at = 0
        inside = sentence.inside
        if inside is None:
            step = _in_text(sentence, text, end, final)
        elif isinstance(inside, Mark):
            step = _behind_mark(sentence, inside, text, end, final)
        elif isinstance(inside, Fence):
            step = _in_fence(sentence, inside, text, end, final)
        elif isinstance(inside, Thought):
            behind = inside.end(text, end)
            step = behind is not None and Cut(behind, Boundary.SENTENCE, inside.rule)
        else:
            step = _in_table(sentence, text, end, final)
        if not isinstance(step, bool):
            return step
        if not step:
            return None


def is_breakable(sentence: Sentence, text: str) -> bool:
    """Whether the clause may be broken at the end of what was read: nothing is open there, nothing is waited for."""
    at, holds = sentence.at, sentence.holds
    waits = sentence.inside is not None or _KINDS.get(text[at : at + 1]) == "newline"
    is_open = holds is not None and not holds.is_stale(text, at)
    return not (waits or is_open or is_emphasis_open(text, at))


def _in_text(sentence: Sentence, text: str, end: int, final: bool) -> Step:
    """From one character that matters to the next, until something comes of it."""
    rules = sentence.rules
    find, delimiters = rules.find, rules.delimiters
    while (found := find(text, sentence.at, end)) is not None:
        at = sentence.at = found.start()
        character = text[at]
        kind = _KINDS.get(character, "emoji")
        if kind == "newline":
            if sentence.holds is not None and sentence.give_up_holds(text, at):
                continue
            return _at_newline(sentence, text, end, final)
        holds = sentence.holds
        if holds is not None:
            if holds.is_stale(text, at):
                sentence.give_up_holds(text, at)
                continue
            if holds.ticks and character != "`":
                sentence.at = at + 1
                continue
        step: Step
        if character in delimiters:
            step = _at_delimiter(sentence, text, at)
        elif character in CLAUSE_MARKS:
            if not delimiters and is_script_stop(text, at):
                step = _at_sentence_mark(sentence, "mark", text, at)
            elif rules.cuts_clauses:
                step = _at_clause_mark(sentence, text, at, end, final)
            elif character == ":" and sentence.line >= 0 and not delimiters:
                step = _at_label(sentence, text, at, end, final)
            else:
                sentence.at = at + 1
                continue
        elif delimiters and character in WRITTEN_MARKS:
            sentence.at = at + 1
            continue
        else:
            step = _at_mark(sentence, kind, text, at, end, final)
        if step is not True or sentence.inside is not None:
            return step
    sentence.at = end
    return final and sentence.holds is not None and sentence.give_up_holds(text, end)


def _at_mark(sentence: Sentence, kind: _Kind, text: str, at: int, end: int, final: bool) -> Step:
    match kind:
        case "full stop":
            return _at_full_stop(sentence, text, at)
        case "dot" | "mark" | "ellipsis":
            if kind == "dot" and (item := _item_before(sentence, text, at)) > 0:
                return _at_item(sentence, item, text, at, end, final)
            return _at_sentence_mark(sentence, kind, text, at)
        case "open":
            return open_bracket(sentence, text, at, end, final)
        case "close":
            if (item := _item_before(sentence, text, at)) > 0:
                return _at_item(sentence, item, text, at, end, final)
            close_bracket(sentence, text, at)
        case "toggle":
            return toggle_quotation(sentence, text, at, end, final)
        case "star":
            return star(sentence, text, at, end, final)
        case "tick":
            return ticks(sentence, text, at, end, final)
        case "pipe":
            pipe(sentence, text, at)
        case "less":
            return _at_tag(sentence, text, at, end, final)
        case "emoji":
            sentence.at = at + 1
            if sentence.has_voice(text, at) and not sentence.is_held:
                sentence.look_behind("emoji", at)
    return True


# ---------------------------------------------------------------- marks of sentences and clauses


def _at_full_stop(sentence: Sentence, text: str, at: int) -> Step:
    """A mark such as 。 behind which nothing is waited for."""
    sentence.at = at + 1
    if sentence.is_held:
        sentence.tell_holder(at + 1)
    elif sentence.left_open or is_tied(text, at):
        sentence.look_behind("full stop", at)
    elif sentence.has_voice(text, at):
        return Cut(at + 1, Boundary.SENTENCE, "full stop")
    return True


def _at_sentence_mark(sentence: Sentence, kind: WrittenMark, text: str, at: int) -> Step:
    sentence.at = at + 1
    if sentence.is_held:
        if is_emphasised_note(sentence, text) and sentence.give_up_holds(text, at):
            return True
        sentence.tell_holder(at + 1)
    elif kind == "dot" and sentence.is_list_marker(text, at):
        sentence.tell_held(at + 1, "list marker")
    else:
        sentence.look_behind(kind, at)
    return True


def _at_delimiter(sentence: Sentence, text: str, at: int) -> Step:
    character = text[at]
    sentence.at = at + 1
    if character == "." and sentence.is_list_marker(text, at):
        return True
    if character.isascii() or character in _DOUBTFUL_DELIMITERS:
        if character.isascii() or not sentence.is_held:
            sentence.look_behind("delimiter", at)
        return True
    if sentence.is_held or not sentence.has_voice(text, at):
        return True
    return Cut(at + 1, _delimiter_boundary(character), "delimiter")


def _delimiter_boundary(character: str) -> Boundary:
    return Boundary.SENTENCE if character in STRONG_MARKS else Boundary.CLAUSE


def _at_clause_mark(sentence: Sentence, text: str, at: int, end: int, final: bool) -> Step:
    sentence.at = at + 1
    if sentence.is_held:
        sentence.tell_holder(at + 1)
        return True
    if is_emphasis_open(text, at):
        sentence.tell_held(at + 1, "within emphasis")
        return True
    if LETTER.search(text, sentence.start, at) is None:
        return True
    found = clause_end(text, sentence.start, at, end, final)
    if found is None:
        sentence.at = at
        return False
    behind, why = found
    sentence.at = behind
    if why:
        sentence.tell_held(behind, why)
        return True
    return Cut(behind, Boundary.CLAUSE, "clause", in_sentence=True)


def _at_label(sentence: Sentence, text: str, at: int, end: int, final: bool) -> Step:
    asks = not sentence.is_held and begins_question(text, sentence.line, at, end, final)
    if asks is None:
        return False
    sentence.at = at + 1
    return Cut(at + 1, Boundary.SENTENCE, "label") if asks else True


def _behind_mark(sentence: Sentence, mark: Mark, text: str, end: int, final: bool) -> Step:
    """Whether the sentence ends at `mark`, or a clause of it."""
    verdict = look_behind(mark, text, end, final)
    if verdict == "unclear":
        return False
    voiced = sentence.has_voice(text, mark.cut)
    if verdict == "open":
        if not final and voiced and is_finished(text, mark):
            sentence.pause_at = mark.cut
        return False
    if voiced and (
        verdict == "ends at once"
        or (verdict == "ends" and not (mark.cut < end and joins(text, mark.cut, sentence.start)))
    ):
        boundary = _delimiter_boundary(text[mark.at]) if mark.kind == "delimiter" else Boundary.SENTENCE
        return Cut(mark.cut, boundary, mark.kind)
    if sentence.rules.on_held is not None:
        sentence.tell_held(mark.cut, why_held(text, mark, mark.seen))
    sentence.inside, sentence.at = None, mark.seen
    if (
        sentence.rules.cuts_clauses
        and mark.kind == "ellipsis"
        and not sentence.is_held
        and LETTER.search(text, sentence.start, mark.cut) is not None
    ):
        return Cut(mark.cut, Boundary.CLAUSE, "clause", in_sentence=True)
    return True


# ---------------------------------------------------------------- lines and units


def _at_newline(sentence: Sentence, text: str, end: int, final: bool) -> Step:
    """A line that says something is a segment; in a table the next line goes on with it."""
    at = sentence.at
    behind = at + 1
    if text[at] == "\r" and behind >= end and not final:
        return _wait_at(sentence, text, at)
    if text[at : behind + 1] == "\r\n" and behind < end:
        behind += 1
    voiced = sentence.has_voice(text, at)
    if voiced and not text[sentence.start : at].strip():  # a clause was cut off here
        place = behind - sentence.start
        return Sentence(sentence.rules, at=place, line=place)
    if not voiced:
        sentence.holds = sentence.inside = None
        sentence.at = sentence.line = behind
        return True
    if behind >= end and not final:
        return _wait_at(sentence, text, at)
    in_table = isinstance(sentence.inside, Table)
    following = text[behind : min(end, behind + 1)]
    if in_table and following == "|":
        sentence.at = sentence.line = behind
        return True
    is_paragraph = (following and following in NEWLINES) or text[at] == "\u2029"
    boundary = Boundary.PARAGRAPH if is_paragraph else Boundary.LINE
    return Cut(sentence.before_whitespace(text, at), boundary, Table.rule if in_table else boundary.value)


def _wait_at(sentence: Sentence, text: str, at: int) -> bool:
    """Wait for what comes behind the line end text[at]; should the stream pause, the line is a segment."""
    if sentence.has_voice(text, at) and (before := sentence.before_whitespace(text, at)) > sentence.start:
        sentence.pause_at = before
    return False


def _in_table(sentence: Sentence, text: str, end: int, final: bool) -> Step:
    newline = compiled(NEWLINE_PATTERN).search(text, sentence.at, end)
    if newline is None:
        sentence.at = end
        return False
    sentence.at = newline.start()
    return _at_newline(sentence, text, end, final)


def _in_fence(sentence: Sentence, fence: Fence, text: str, end: int, final: bool) -> Step:
    behind = fence.end(text, end, final)
    if behind is None:
        return False
    if fence.is_inline:
        sentence.inside, sentence.at = None, behind
        return True
    return Cut(sentence.before_whitespace(text, behind), Boundary.LINE, fence.rule)


def _at_tag(sentence: Sentence, text: str, at: int, end: int, final: bool) -> Step:
    """<think> begins a unit of its own."""
    tag = thought_tag(text, at, end, final)
    if tag is None:
        return False
    sentence.at = at + 1
    if not tag:
        return True
    if sentence.has_voice(text, at) and (before := sentence.before_whitespace(text, at)) > sentence.start:
        return Cut(before, Boundary.SENTENCE, Thought.rule)
    sentence.inside = Thought(THOUGHT_TAGS[tag], at + len(tag))
    return True


def _item_before(sentence: Sentence, text: str, at: int) -> int:
    """Where the next item of a list within one line ("1. One 2. Two") begins if text[at] ends its marker, or -1."""
    first = first_item(text, at)
    if first is None or sentence.is_held or (begin := next_item(text, first, at)) < 0:
        return -1
    return sentence.before_whitespace(text, begin)


def _at_item(sentence: Sentence, item: int, text: str, at: int, end: int, final: bool) -> Step:
    """The marker of an item that begins at `item` ends with text[at], if a space follows."""
    if at + 1 >= end and not final:
        return False
    sentence.at = at + 1
    if text[at + 1 : at + 2] not in ("", " ", ")"):
        return True
    if item > sentence.start:
        return Cut(item, Boundary.LINE, "item", "item")
    return Sentence(sentence.rules, at=sentence.at - item, line=0, after_sentence=sentence.after_sentence)
