"""Whether a clause ends at a comma, a colon, a semicolon or a dash."""

from __future__ import annotations

import re

from voicebot.text.characters import DASHES, NEWLINES, is_numeral

_APOSTROPHE_OPENS = re.compile(r"(?<!\w)['‘](?=\w)[^'’]*(?:(?<=\w)['’](?=\w)[^'’]*)*\Z")


def clause_end(text: str, start: int, at: int, end: int, final: bool) -> tuple[int, str] | None:
    """Where the clause ends whose mark is text[at], and why it does not end there ("": it does).

    The clause begins at `start`, its sentence with `text`. None: more than text[:end] has to be seen.
    """
    character, before, behind = text[at], text[at - 1], at + 1
    if character in DASHES:
        while behind < end and text[behind] in DASHES:
            behind += 1
        if behind >= end and not final:
            return None
        return behind, "within a word or number" if character == "–" and not before.isspace() else ""
    if character.isascii():
        word = at - 2 >= start and text[at - 2 : at].isalpha()
        sure = character == "," and word and not _is_quoting(text, at)
    else:
        sure = not is_numeral(before)
    if sure:
        return behind, ""
    seen = text[behind : min(end, behind + 2)]
    if len(seen) < 2 and not final:
        return None
    return behind, _why_held(text, at, seen)


def _why_held(text: str, at: int, seen: str) -> str:
    """Why the clause goes on behind text[at] with `seen`; "": it does not."""
    is_ascii = text[at].isascii()
    if is_ascii and not seen[:1].isspace():
        return "within a word or number"
    if is_ascii and _is_quoting(text, at):
        return "within a quotation"
    if seen[:1] and seen[0] in NEWLINES:
        return "the line ends"
    if is_numeral(text[at - 1]) and is_numeral(seen.lstrip()[:1] or " "):
        return "within a number or date"
    return ""


def _is_quoting(text: str, at: int) -> bool:
    """Whether single quotation marks are open: 'Well,' she said."""
    return _APOSTROPHE_OPENS.search(text, 0, at) is not None
