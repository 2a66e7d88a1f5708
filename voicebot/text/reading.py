"""What is known while the marks of a segment are read, and what one segment leaves for the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from voicebot.speech import Boundary, Span, SpanKind
from voicebot.text.characters import NEWLINES
from voicebot.text.render_options import RenderOptions

NEWLINE = re.compile(f"\r\n|[{NEWLINES}]")


@dataclass(slots=True)
class OpenBlock:
    """A code block, thought or formula that goes on in the next segment."""

    kind: Literal["code", "thought", "math"]
    ends: re.Pattern[str]
    language: str = ""
    line_ends: int = 0
    """Line ends in the code so far."""
    empty: bool = True
    """Whether there has been nothing but whitespace in the code so far."""
    said: bool = False
    """Whether the notice has been given."""


@dataclass(slots=True)
class OpenTable:
    """The table that the last line belonged to."""

    header: tuple[str, ...] = ()
    first_row: tuple[str, ...] = ()
    """It becomes the header if a delimiter row follows."""
    column: int = 0
    in_row: bool = False
    """Whether the last segment ended within a row."""
    in_cell: bool = False
    """Whether something of the present cell has been said."""
    said: bool = False
    """Whether the notice has been given."""


@dataclass(slots=True)
class ReaderState:
    """What one segment leaves for the next."""

    line_start: bool = True
    open: OpenBlock | None = None
    table: OpenTable | None = None
    emphasis: set[str] = field(default_factory=set)
    """Runs of * and _ that are open."""

    @property
    def at_rest(self) -> bool:
        """Whether the next segment begins with nothing open."""
        return self.open is None and self.table is None and not self.emphasis


@dataclass(slots=True)
class Reading:
    """A text while its marks are read."""

    text: str
    boundary: Boundary
    """What ended it."""
    options: RenderOptions
    state: ReaderState
    is_japanese: Callable[[], bool]
    """Whether words that are added in speech should be Japanese."""
    spans: list[Span] = field(default_factory=list)
    """What has been read of it; `as_one_line` makes of their spoken parts one line."""
    marked: bool = False
    """Whether the present line is a heading, an item or a row."""

    def say(self, raw: str, shown: str, spoken: str, kind: SpanKind = "markup") -> None:
        """Add what is shown and spoken of `raw`."""
        if raw or spoken:
            self.spans.append(Span(raw, shown, spoken, kind))

    def plain(self, start: int, end: int, kind: SpanKind = "text") -> None:
        """Add text that is shown and spoken as it is written."""
        if start < end:
            text = self.text[start:end]
            self.spans.append(Span(text, text, text, kind))

    def pause(self) -> None:
        """Let the voice pause here, unless it does so anyway."""
        self.spans.append(Span("", "", ".", "pause"))

    def say_formula(self, raw: str, latex: str) -> None:
        """Add a formula, in words."""
        from voicebot.text.formulas import formula_words

        self.say(raw, raw, formula_words(latex, japanese=self.is_japanese()), "math")

    def line_end(self, at: int) -> int:
        """Where the line of `at` ends."""
        found = NEWLINE.search(self.text, at)
        return found.start() if found else len(self.text)
