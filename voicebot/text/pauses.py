"""Where a voice pauses, and the mark that makes it pause."""

from __future__ import annotations

from collections.abc import Callable

from voicebot.speech import Boundary
from voicebot.text.characters import CLOSERS
from voicebot.text.language import has_japanese

PAUSE_MARKS = frozenset(".!?,;:。！？、，．；：…‥｡､।॥؟،؛۔—–-~～〜")
"""Behind these a voice pauses by itself."""
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
    return bool(core) and core[-1] not in PAUSE_MARKS


def end_mark(tail: str, japanese: Callable[[], bool]) -> str:
    """The mark behind speech that ends with `tail`; `japanese` is asked where `tail` does not tell."""
    return "。" if has_japanese(tail.rstrip(_CLOSERS)[-1:]) or japanese() else "."
