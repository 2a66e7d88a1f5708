"""A segment in three forms: raw (what the model sent), shown (what a person reads), spoken (what the voice says).

Prose is dealt with here, in one search; text with any mark in it by `markup.py`, which is loaded when it is needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicebot.speech import Segment, Span
from voicebot.text.characters import UNSPEAKABLE_CLASS, has_speech
from voicebot.text.decoration import EMOJI_CLASS
from voicebot.text.language import reads_as_japanese
from voicebot.text.pauses import PAUSE_MARKS, end_mark, ends_here, lacks_end
from voicebot.text.render_options import RenderOptions

if TYPE_CHECKING:
    from voicebot.text.reading import ReaderState

_SEGMENTS_BEFORE = 8
"""Tell the language of the next one."""


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
        """What a person reads, with the whitespace of the raw text."""
        return "".join([span.shown for span in self.spans])

    @property
    def spoken(self) -> str:
        """What the voice says: one line, single spaces, no control characters; "" where there is no letter or digit."""
        return "".join([span.spoken for span in self.spans])


class Renderer:
    """Renders the segments of one reply, in order."""

    def __init__(self, options: RenderOptions | None = None) -> None:
        self._options = options or RenderOptions()
        self._state: ReaderState | None = None
        """What marks of earlier segments mean for the next; None while there were none."""
        self._line_start = True
        """Whether the next segment begins a line."""
        self._before: list[str] = []
        """The last segments that were not code or thoughts."""

    def feed(self, segment: Segment) -> Rendered:
        """Render the next segment; linear in its length."""
        text, state = segment.text, self._state
        in_prose = state is None or state.open is None
        body = text.strip(_WHITESPACE)
        if segment.continues and in_prose:
            rendered = Rendered((Span(text, text if segment.unit == "fence" else "", "", "markup"),))
        elif (state is None or state.at_rest) and _is_plain(text, body, self._line_start):
            rendered = self._quick(segment, body)
        else:
            rendered = self._read(segment)
        self._line_start = segment.unit == "item" or text.endswith(("\n", "\r"))
        if in_prose and segment.unit not in ("fence", "thought"):
            self._before.append(text)
            del self._before[:-_SEGMENTS_BEFORE]
        return rendered

    def _quick(self, segment: Segment, body: str) -> Rendered:
        """Prose without any mark: `body`, and whitespace around it."""
        text = segment.text
        if not has_speech(body):
            return Rendered((Span(text, text, ""),) if text else ())
        begin = text.index(body[0])
        end = begin + len(body)
        spans = [Span(body, body, body)]
        if begin:
            spans.insert(0, Span(text[:begin], text[:begin], ""))
        if body[-1] not in PAUSE_MARKS and ends_here(segment.boundary, body) and lacks_end(body[-8:]):
            spans.append(Span("", "", end_mark(body[-8:], lambda: self._is_japanese(text)), "pause"))
        if end < len(text):
            spans.append(Span(text[end:], text[end:], ""))
        return Rendered(tuple(spans))

    def _read(self, segment: Segment) -> Rendered:
        from voicebot.text.markup import read_marked
        from voicebot.text.reading import ReaderState

        state = self._state = self._state or ReaderState()
        state.line_start = self._line_start
        known: list[bool] = []

        def is_japanese() -> bool:
            if not known:
                known.append(self._is_japanese(segment.text))
            return known[0]

        return Rendered(read_marked(segment, self._options, state, is_japanese))

    def _is_japanese(self, text: str) -> bool:
        """Whether what is added to `text` in speech should be Japanese."""
        if self._options.language != "auto":
            return self._options.language == "ja"
        before = " ".join(self._before)
        in_code = self._state is not None and self._state.open is not None and self._state.open.kind == "code"
        return reads_as_japanese("" if in_code and before else text[:2000], before)


# ---------------------------------------------------------------- prose

_WHITESPACE = " \n"
_MARKED = re.compile(
    rf"[*_~`#<>&\[\]|\\$¥￥(（^/:;={EMOJI_CLASS}\ufe0e\ufe0f\u20e3→⇒⟶ｗ【"
    rf"\t\n\r\u2028\u2029\x85\xa0\u1680\u2000-\u200a\u202f\u205f\u3000{UNSPEAKABLE_CLASS}]|  "
).search
_MARKER_BEGINS = frozenset("-+–—•⁃‣◦●○■□▪・0123456789０１２３４５６７８９")


def _is_plain(text: str, body: str, line_start: bool) -> bool:
    """Whether there is nothing in `text` but whitespace, and in `body` only words and the marks between them."""
    return (
        _MARKED(body) is None
        and "ww" not in body
        and not (body[:1] in _MARKER_BEGINS and (line_start or "\n" in text[: text.index(body[0])]))
    )
