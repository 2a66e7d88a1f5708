"""A segment in three forms: raw (what the model sent), shown (what a person reads), spoken (what the voice says).

Prose is dealt with here, in one search; text with any mark in it by `markup.py`, which is loaded when it is needed.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from voicebot.speech import Boundary, Segment, Span
from voicebot.text.characters import CLOSERS, has_speech
from voicebot.text.decoration import DECORATION_CLASS
from voicebot.text.language import has_japanese, reads_as_japanese

if TYPE_CHECKING:
    from voicebot.text.markup import ReaderState


@dataclass(frozen=True, slots=True)
class Rendered:
    """A segment as neighbouring spans: their raw parts joined are its text."""

    spans: tuple[Span, ...]

    @property
    def raw(self) -> str:
        """The text of the segment."""
        return "".join([span.raw for span in self.spans])

    @property
    def shown(self) -> str:
        """What a person reads, with the blanks and line ends of the raw text."""
        return "".join([span.shown for span in self.spans])

    @property
    def spoken(self) -> str:
        """What the voice says: one line, single blanks, no control characters; "" where there is no letter or digit."""
        return "".join([span.spoken for span in self.spans])


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What is spoken of the things that are not prose."""

    language: Literal["auto", "en", "ja"] = "auto"
    """Language of notices and of joined words; auto: that of the reply."""
    code: Literal["skip", "describe", "read"] = "skip"
    """A code block becomes a short notice, its language and number of lines, or is read."""
    tables: Literal["read", "describe", "skip"] = "read"
    """A table is read row by row, or becomes its number of rows, or a short notice."""
    urls: Literal["host", "read", "skip"] = "host"
    """An address becomes its host, is read, or is "the link"."""
    emoji: Literal["skip", "keep"] = "skip"
    """keep: emoji stay in the spoken text, for engines that can say them."""
    actions: Literal["skip", "read"] = "skip"
    """Whether *waves* is read."""
    emotion_tags: tuple[str, ...] = ()
    """Names of [tags] besides the known ones that are neither shown nor spoken."""


class Renderer:
    """Renders the segments of one reply, in order."""

    def __init__(self, options: RenderOptions = RenderOptions()) -> None:
        self._options = options
        self._carried: ReaderState | None = None
        """What marks of earlier segments mean for the next; None while there were none."""
        self._line_start = True
        """Whether the next segment begins a line."""
        self._before: deque[str] = deque(maxlen=8)
        """The last segments that were not code or thoughts."""

    def feed(self, segment: Segment) -> Rendered:
        """Render the next segment; linear in its length."""
        text, carried = segment.text, self._carried
        in_prose = carried is None or carried.open is None
        body = text.strip(_BLANKS)
        if segment.continues and in_prose:
            rendered = Rendered((Span(text, text if segment.unit == "fence" else "", "", "markup"),))
        elif (carried is None or carried.at_rest) and _is_plain(text, body, self._line_start):
            rendered = self._quick(segment, body)
        else:
            rendered = self._read(segment)
        self._line_start = segment.unit == "item" or text.endswith(("\n", "\r"))
        if in_prose and segment.unit not in ("fence", "thought"):
            self._before.append(text)
        return rendered

    def _quick(self, segment: Segment, body: str) -> Rendered:
        """Prose without any mark: `body`, and blanks around it."""
        text = segment.text
        if not has_speech(body):
            return Rendered((Span(text, text, ""),) if text else ())
        begin = text.index(body[0])
        end = begin + len(body)
        spans = [Span(body, body, body)]
        if begin:
            spans.insert(0, Span(text[:begin], text[:begin], ""))
        if body[-1] not in _PAUSES and ends_here(segment.boundary, body) and lacks_end(body[-8:]):
            spans.append(Span("", "", end_mark(body[-8:], lambda: self._is_japanese(text)), "pause"))
        if end < len(text):
            spans.append(Span(text[end:], text[end:], ""))
        return Rendered(tuple(spans))

    def _read(self, segment: Segment) -> Rendered:
        from voicebot.text.markup import ReaderState, read_marked

        carried = self._carried = self._carried or ReaderState()
        carried.line_start = self._line_start
        known: list[bool] = []

        def japanese() -> bool:
            if not known:
                known.append(self._is_japanese(segment.text))
            return known[0]

        return Rendered(read_marked(segment, self._options, carried, japanese))

    def _is_japanese(self, text: str) -> bool:
        """Whether what is added to `text` in speech is to be Japanese."""
        if self._options.language != "auto":
            return self._options.language == "ja"
        before = " ".join(self._before)
        in_code = self._carried is not None and self._carried.open is not None and self._carried.open.kind == "code"
        return reads_as_japanese("" if in_code and before else text[:2000], before)


# ---------------------------------------------------------------- where the voice pauses

_PAUSES = frozenset(".!?,;:。！？、，．；：…‥｡､।॥؟،؛۔—–-~～〜")
_CLOSERS = "".join(CLOSERS) + "\"'’‘“»＂* "
_WRAPPED_CHARACTERS, _WRAPPED_JAPANESE = 50, 30
"""A longer line without a mark at its end was broken to fit a page, and goes on."""


def ends_here(boundary: Boundary, text: str, *, marked: bool = False) -> bool:
    """Whether the voice is to pause behind the segment `text`."""
    if boundary in (Boundary.CLAUSE, Boundary.PHRASE, Boundary.FORCED):
        return False
    if marked:
        return True
    if boundary is Boundary.END:
        return False
    wrapped = _WRAPPED_JAPANESE if has_japanese(text) else _WRAPPED_CHARACTERS
    return not (boundary is Boundary.LINE and len(text) > wrapped)


def lacks_end(tail: str) -> bool:
    """Whether speech that ends with `tail` would run into the next."""
    core = tail.rstrip(_CLOSERS)
    return bool(core) and core[-1] not in _PAUSES


def end_mark(tail: str, japanese: Callable[[], bool]) -> str:
    return "。" if has_japanese(tail.rstrip(_CLOSERS)[-1:]) or japanese() else "."


# ---------------------------------------------------------------- prose

_BLANKS = " \n"
CONTROL_CLASS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff"
UNSPEAKABLE_CLASS = f"{CONTROL_CLASS}\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
_MARKED = re.compile(
    rf"[*_~`#<>&\[\]|\\$¥￥(（^/:;={DECORATION_CLASS}\u25a0-\u25ff\u2776-\u27bf\ufe0e\ufe0f\u20e3→⇒⟶ｗ【"
    rf"\t\n\r\u2028\u2029\x85\xa0\u1680\u2000-\u200a\u202f\u205f\u3000{UNSPEAKABLE_CLASS}]|  "
).search
_MARKER_BEGINS = frozenset("-+–—•⁃‣◦●○■□▪・0123456789０１２３４５６７８９")


def _is_plain(text: str, body: str, line_start: bool) -> bool:
    """Whether there is nothing in `text` but blanks, and in `body` only words and the marks between them."""
    return (
        _MARKED(body) is None
        and "ww" not in body
        and not (body[:1] in _MARKER_BEGINS and (line_start or "\n" in text[: text.index(body[0])]))
    )
