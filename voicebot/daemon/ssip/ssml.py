"""The words of a text in SSML, and where its marks stand; no XML parser, so that nothing in it is ever expanded."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAG = re.compile(r"""</?([A-Za-z_:][\w:.-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*+)>""")
"""Never beyond the next "<": the time that all of them take is linear."""
_NAME = re.compile(r"""\sname\s*=\s*("([^"]*)"|'([^']*)')""")
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_SKIPPED = (("<!--", "-->"), ("<?", "?>"))
_CDATA = ("<![CDATA[", "]]>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[<>]*")
_APART = {"break", "p", "s", "paragraph", "sentence"}
"""Between these, words do not touch."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text of which its writer is told."""

    name: str
    offset: int
    """It stands before this character of the words."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its tags."""

    text: str
    marks: tuple[Mark, ...] = ()


def without_tags(ssml: str) -> Marked:
    """What is to be said of `ssml`. What is not well formed is said as it stands."""
    return _Reader(ssml).read()


class _Reader:
    def __init__(self, ssml: str) -> None:
        self._ssml = ssml
        self._parts: list[str] = []
        self._length = 0
        self._marks: list[Mark] = []
        self._missing: set[str] = set()
        """Ends that do not come any more, so that they are looked for once."""

    def read(self) -> Marked:
        at = 0
        while (begin := self._ssml.find("<", at)) >= 0:
            self._add(_expanded(self._ssml[at:begin]))
            at = self._markup(begin)
        self._add(_expanded(self._ssml[at:]))
        return Marked("".join(self._parts), tuple(self._marks))

    def _markup(self, begin: int) -> int:
        """Read what begins with "<" here; return where the text goes on."""
        ssml = self._ssml
        if found := _TAG.match(ssml, begin):
            name = found[1].rpartition(":")[2].lower()
            if name == "mark" and (named := _NAME.search(found[2])):
                self._marks.append(Mark(named[2] or named[3] or "", self._length))
            elif name in _APART:
                self._add(" ")
            return found.end()
        for start, end in _SKIPPED:
            if ssml.startswith(start, begin) and (at := self._end(end, begin)) >= 0:
                return at
        if ssml.startswith(_CDATA[0], begin) and (at := self._end(_CDATA[1], begin)) >= 0:
            self._add(ssml[begin + len(_CDATA[0]) : at - len(_CDATA[1])])
            return at
        if found := _DOCTYPE.match(ssml, begin):
            end = "]>" if ssml[found.end() : found.end() + 1] == "[" else ">"
            if (at := self._end(end, found.end())) >= 0:
                return at
        self._add("<")
        return begin + 1

    def _end(self, end: str, begin: int) -> int:
        """Where the text goes on behind `end`; -1: it does not come."""
        at = -1 if end in self._missing else self._ssml.find(end, begin)
        if at < 0:
            self._missing.add(end)
            return -1
        return at + len(end)

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _expanded(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    if found[3]:
        return _CHARACTERS[found[3]]
    number = int(found[1]) if found[1] else int(found[2], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF and number else ""
