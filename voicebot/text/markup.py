"""Reads the marks in a segment: markdown, HTML, formulas, addresses, emoji, *actions* and [tags].

What stands at the beginning of a line is read in `line_marks.py`, marks within a line in `inline_marks.py`. What cannot
be told from one segment alone (an open code block, the header of a table) is carried to the next. Quantifiers are
bounded or possessive, so that no text takes more than linear time.
"""

from __future__ import annotations

from collections.abc import Callable

from voicebot.speech import Segment, Span
from voicebot.text.inline_marks import read_action, read_inline
from voicebot.text.line_marks import read_line_begin
from voicebot.text.one_line import as_one_line
from voicebot.text.open_blocks import read_open_block
from voicebot.text.pauses import ends_here
from voicebot.text.reading import ReaderState, Reading
from voicebot.text.render_options import RenderOptions
from voicebot.text.tables import read_row


def read_marked(
    segment: Segment, options: RenderOptions, state: ReaderState, is_japanese: Callable[[], bool]
) -> tuple[Span, ...]:
    """Read `segment` into spans, and keep in `state` what the next one has to know.

    `is_japanese` tells whether words that are added in speech should be Japanese.
    """
    reading = Reading(segment.text, segment.boundary, options, state, is_japanese)
    if not read_action(reading):
        _read_lines(reading)
    return tuple(as_one_line(reading.spans, is_japanese))


def _read_lines(reading: Reading) -> None:
    text, state, end = reading.text, reading.state, len(reading.text)
    at = 0
    while at < end:
        if state.open is not None:
            at = read_open_block(reading, state.open, at)
        elif state.table is not None and state.table.in_row:
            at = read_row(reading, state.table, at, reading.line_end(at))
        elif state.line_start:
            at = read_line_begin(reading, at)
        else:
            at = read_inline(reading, at, end)
    if (state.open is None or state.open.kind == "math") and ends_here(reading.boundary, text, marked=reading.marked):
        reading.pause()
