"""What is cut as a whole, whatever sentences it contains: code blocks, thoughts, tables, items of a list.

Places are indexes of a text that begins with the present sentence.
"""

from __future__ import annotations

import re
from typing import ClassVar

from voicebot.speech import Unit
from voicebot.text.thoughts import THOUGHT_TAGS

_LONGEST_TAG = max(map(len, THOUGHT_TAGS))
_ITEM = re.compile(r"(?:[^.。:：]{0,80}(?:：|:(?=[\s•⁃‣◦])))?\s*(?:[•⁃‣◦]\s*)?(\d{1,3}|[a-y])[.)）]")


class Fence:
    """A code block, up to the line that closes it."""

    unit: ClassVar[Unit] = "fence"
    rule: ClassVar[str] = "fence"
    __slots__ = ("_fence", "_line", "_opening", "_searched", "continues", "is_inline")

    def __init__(self, fence: str, behind: int, *, searched: int = 0, continues: bool = False) -> None:
        self._fence = fence
        """The ` or ~ that opened it: as many close it."""
        self._line = behind
        """Where the present line begins."""
        self._opening = not continues
        """Whether that is the line of the opening fence."""
        self._searched = searched
        """That line does not end before this place."""
        self.continues = continues
        """Whether a part of it was given out before."""
        self.is_inline = False
        """Whether it turned out to be only code within a line."""

    def end(self, text: str, end: int, final: bool) -> int | None:
        """The end of the line that closes it; None: not within text[:end]. `final`: nothing will follow."""
        while True:
            newline = text.find("\n", max(self._searched, self._line), end)
            if newline < 0:
                if not final:
                    self._searched = max(self._line, end)
                    return None
                newline = end
            line = text[self._line : newline].strip()
            if self._opening:
                self.is_inline = self._fence in line
                closes = self.is_inline
            else:
                closes = line.startswith(self._fence) and not line.strip(self._fence[0])
            if closes:
                return newline
            if newline == end:
                return None
            self._line = self._searched = newline + 1
            self._opening = False

    def rest(self, end: int) -> Fence:
        """What goes on with it behind a forced cut at `end`."""
        return Fence(self._fence, 0, searched=max(0, self._searched - end), continues=True)


class Thought:
    """What a model thinks between two tags."""

    unit: ClassVar[Unit] = "thought"
    rule: ClassVar[str] = "think"
    __slots__ = ("_closing", "_searched", "continues")

    def __init__(self, closing: str, behind: int, *, continues: bool = False) -> None:
        self._closing = closing
        self._searched = behind
        """The closing tag does not begin before this place."""
        self.continues = continues
        """Whether a part of it was given out before."""

    def end(self, text: str, end: int) -> int | None:
        """Where it ends, behind its closing tag; None: not within text[:end]."""
        found = text.find(self._closing, self._searched, end)
        if found < 0:
            self._searched = max(self._searched, end - len(self._closing) + 1)
            return None
        return found + len(self._closing)

    def rest(self, end: int) -> Thought:
        """What goes on with it behind a forced cut at `end`."""
        return Thought(self._closing, max(0, self._searched - end), continues=True)


class Table:
    """Lines that begin with |, up to the first one that does not; each part of a table that is too long is a table."""

    unit: ClassVar[Unit] = "table"
    rule: ClassVar[str] = "table"
    continues: ClassVar[bool] = False
    __slots__ = ()


def thought_tag(text: str, at: int, end: int, final: bool) -> str | None:
    """The tag at text[at] that opens a thought, "" without one; None: more has to be seen."""
    seen = text[at : min(end, at + _LONGEST_TAG)]
    for tag in THOUGHT_TAGS:
        if seen.startswith(tag):
            return tag
        if not final and tag.startswith(seen):
            return None
    return ""


def first_item(text: str, end: int) -> re.Match[str] | None:
    """The marker of the item that text[:end] begins with, as in "Steps: 1. One …"."""
    return _ITEM.match(text, 0, end)


def next_item(text: str, first: re.Match[str], at: int) -> int:
    """Where the next item of the list within a line begins if text[at] ends its marker; -1: it does not."""
    following = str(int(first[1]) + 1) if first[1].isdecimal() else chr(ord(first[1]) + 1)
    begin = at - len(following)
    if begin <= first.end() or text[begin:at] != following or text[begin - 1] not in " •⁃‣◦":
        return -1
    if text[begin - 1] != " ":
        return begin - 1
    return begin - 2 if text[begin - 2] in "•⁃‣◦" else begin
