"""Where to cut text that is too long for one segment."""

from __future__ import annotations

import re

from voicebot.text.characters import STUCK_CLOSERS
from voicebot.text.graphemes import joins
from voicebot.text.phrases import phrase_ends

_CLAUSE = re.compile(r"(?s).*(?:[、，；：。！？｡､…।॥؟،؛]|[,;:.!?)–—](?=\s))")


def forced_end(text: str, start: int, last: int, *, between_lines: bool) -> int:
    """The end of the segment that begins at `start`, where text goes on after `last`, the greatest end allowed.

    After the last clause mark, else after the last phrase, else before the last whitespace; with `between_lines` before
    the last line end. If none of them is there, at `last`. Never within a grapheme cluster that fits a segment.
    """
    end = _line_end(text, start, last) if between_lines else _clause_end(text, start, last)
    if not text[start:end].strip():
        end = last
    whole = end
    while whole > start and joins(text, whole, start):
        whole -= 1
    return whole if whole > start else last


def _line_end(text: str, start: int, last: int) -> int:
    newline = text.rfind("\n", start + 1, last + 1)
    return newline if newline > start else last


def _clause_end(text: str, start: int, last: int) -> int:
    clause = _CLAUSE.match(text, start, last + 1)
    if clause is not None and start < clause.end() <= last:
        end = clause.end()
        while end < last and text[end] in STUCK_CLOSERS:
            end += 1
        return end
    if phrases := phrase_ends(text[start:last]):
        return start + phrases[-1]
    end = last
    while end > start and not text[end].isspace():
        end -= 1
    return end
