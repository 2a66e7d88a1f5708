"""Brackets, quotations, *actions*, code and tables within running text: what opens and closes there.

Each function deals with the character text[at] and sets where reading goes on. Those that may have to see more first
return False for that.
"""

from __future__ import annotations

import re

from voicebot.text.decoration import face_end
from voicebot.text.holds import Holds
from voicebot.text.marks import mark_within
from voicebot.text.sentence import Sentence
from voicebot.text.units import Fence, Table

_SMILEY_EYES = re.compile(r"\s[:;]-?\Z")


def open_bracket(sentence: Sentence, text: str, at: int, end: int, final: bool) -> bool:
    """A bracket or quotation, or a kaomoji."""
    character, holds = text[at], sentence.holds
    if character in "(（" and (holds is None or not (holds.brackets or holds.quotations)):
        behind = face_end(text, at, end, final)
        if behind is None:
            return False
        if behind > at:
            sentence.at = behind
            if sentence.has_voice(text, at):
                sentence.look_behind("emoji", at, behind)
            return True
    sentence.at = at + 1
    if character == "(" and _SMILEY_EYES.search(text, max(0, at - 3), at) is not None:
        sentence.look_behind("emoji", at)
    elif character == "“" and holds is not None and "„" in holds.quotations:
        holds.close_quotation("„")
        _close(sentence, holds, text, at)
    elif character == "„":
        _opened(sentence, at).quotations += character
    else:
        _opened(sentence, at).brackets += 1
    return True


def close_bracket(sentence: Sentence, text: str, at: int) -> None:
    """A bracket or quotation, or the mouth of a smiley."""
    holds = sentence.holds
    sentence.at = at + 1
    if holds is not None and holds.brackets:
        holds.brackets -= 1
        _close(sentence, holds, text, at)
    elif text[at] == ")" and text[max(0, at - 2) : at].rstrip("-")[-1:] in (":", ";"):
        sentence.look_behind("emoji", at)


def toggle_quotation(sentence: Sentence, text: str, at: int) -> None:
    """A quotation mark that opens and closes."""
    mark = "«" if text[at] in "«»" else '"'
    before = text[at - 1] if at > 0 else " "
    holds = sentence.holds
    sentence.at = at + 1
    if holds is None or mark not in holds.quotations:
        if not (mark == '"' and before.isdigit()):  # inches
            _opened(sentence, at).quotations += mark
    elif mark == "«" or not before.isspace():
        holds.close_quotation(mark)
        _close(sentence, holds, text, at)


def star(sentence: Sentence, text: str, at: int, end: int, final: bool) -> bool:
    """*An action* at the beginning of a segment is kept together."""
    holds = sentence.holds
    sentence.at = at + 1
    if holds is not None and holds.acting:
        holds.acting = False
        if not holds.keeps_sentences and text[at - 1] != ":":
            sentence.look_behind("action", at)
        _forget_if_empty(sentence, holds)
    elif not sentence.has_voice(text, at):
        if at + 1 >= end and not final:
            sentence.at = at
            return False
        following = text[at + 1 : min(end, at + 2)]
        if following == "*":
            sentence.at = at + 2
        elif following and not following.isspace():
            _opened(sentence, at).acting = True
    return True


def ticks(sentence: Sentence, text: str, at: int, end: int, final: bool) -> bool:
    """Code within a line, or the fence of a code block: three or more ` or ~ at the beginning of a line."""
    behind = at
    while behind < end and text[behind] == text[at]:
        behind += 1
    if behind == end and not final:
        return False
    count, holds = behind - at, sentence.holds
    sentence.at = behind
    if count >= 3 and not sentence.has_voice(text, at) and sentence.begins_line(text, at):
        sentence.inside = Fence(text[at:behind], behind)
    elif text[at] == "~":
        pass
    elif holds is None or not holds.ticks:
        _opened(sentence, at).ticks = count
    elif holds.ticks == count:
        holds.ticks = 0
        _forget_if_empty(sentence, holds)
    return True


def pipe(sentence: Sentence, text: str, at: int) -> None:
    """The beginning of a table, at the beginning of a line."""
    sentence.at = at + 1
    if sentence.begins_line(text, at):
        sentence.inside = Table()


def _opened(sentence: Sentence, at: int) -> Holds:
    """What is open, now that something opens at `at`."""
    if sentence.holds is None:
        sentence.holds = Holds(at)
    return sentence.holds


def _close(sentence: Sentence, holds: Holds, text: str, at: int) -> None:
    """A bracket or quotation has closed at `at`: the sentence may end here if one ended inside of it."""
    if not holds.keeps_sentences:
        sentence.inside = mark_within(text, holds.since, at)
    _forget_if_empty(sentence, holds)


def _forget_if_empty(sentence: Sentence, holds: Holds) -> None:
    if holds.is_empty:
        sentence.holds = None
