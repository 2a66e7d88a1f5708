"""Brackets, quotations, *actions*, code and tables within running text: what opens and closes there.

Each function deals with the character text[at] and sets where reading goes on. Those that may have to see more first
return False for that.
"""

from __future__ import annotations

import re

from voicebot.text.characters import DASHES, OPENERS, is_cjk
from voicebot.text.decoration import face_end
from voicebot.text.holds import Holds
from voicebot.text.marks import mark_within
from voicebot.text.sentence import Sentence
from voicebot.text.units import Fence, Table

_NOTE_HEAD = re.compile(r"\*[^\W\d_][\w ]{1,20}:\s")
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
    if character in "“„" and not sentence.may_open(at):
        return True
    if character == "“" and (strays := _is_stray(text, at, end, final)) is not False and not _closes_low(holds):
        sentence.at = at if strays is None else at + 1
        return strays is True
    if character == "(" and _SMILEY_EYES.search(text, max(0, at - 3), at) is not None:
        sentence.look_behind("emoji", at)
    elif character == "“" and holds is not None and _closes_low(holds):
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


def toggle_quotation(sentence: Sentence, text: str, at: int, end: int, final: bool) -> bool:
    """A quotation mark that opens and closes."""
    mark = "«" if text[at] in "«»" else '"'
    before = text[at - 1] if at > 0 else " "
    holds = sentence.holds
    sentence.at = at + 1
    if holds is None or mark not in holds.quotations:
        if not sentence.may_open(at) or (mark == '"' and before.isdigit()):  # inches
            return True
        strays = _is_stray(text, at, end, final)
        if strays is None:
            sentence.at = at
            return False
        if not strays:
            _opened(sentence, at).quotations += mark
    elif mark == "«" or not before.isspace():
        holds.close_quotation(mark)
        _close(sentence, holds, text, at)
    return True


def _closes_low(holds: Holds | None) -> bool:
    """Whether “ closes what „ opened."""
    return holds is not None and "„" in holds.quotations


def _is_stray(text: str, at: int, end: int, final: bool) -> bool | None:
    """Whether the quotation mark text[at] can only be a closing one, though nothing is open; None: unknown yet."""
    before = text[at - 1] if at > 0 else " "
    if text[at] != "»" and (before.isspace() or before in OPENERS or before in DASHES):
        return False
    if at + 1 >= end:
        return True if final else None
    behind = text[at + 1]
    return not (behind.isalnum() or behind in OPENERS or behind in "'’*_$#@¿¡-+.…`")


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
        elif following and not following.isspace() and sentence.may_open(at):
            _opened(sentence, at).acting = True
    return True


def is_emphasised_note(sentence: Sentence, text: str) -> bool:
    """Whether what looks like an *action* is a *Note: of one sentence, or of several*."""
    holds = sentence.holds
    return holds is not None and holds.acting and _NOTE_HEAD.match(text, holds.since) is not None


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
        if sentence.may_open(at) and not _is_no_code(text, at, behind):
            _opened(sentence, at).ticks = count
    elif holds.ticks == count:
        holds.ticks = 0
        _forget_if_empty(sentence, holds)
    return True


def _is_no_code(text: str, at: int, behind: int) -> bool:
    """Whether no code opens with text[at:behind]: TeX's ``quotation'', an accent (cafe`), a lone `."""
    before = text[at - 1] if at > 0 else " "
    following = text[behind : behind + 1]
    return behind - at == 2 or following.isspace() or (before.isalnum() and not is_cjk(before))


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
