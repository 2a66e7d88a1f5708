"""Words and how they are said: the longest one at each place, whole words only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from voicebot.text.characters import is_cjk
from voicebot.text.patterns import compiled

_FULL_WIDTH = "[！-９；-～\u3000]"
"""Not the colon: 時間：9:00."""


def half_width(text: str) -> str:
    """`text` with half-width letters, digits and signs, each where it was."""
    return text if text.isascii() else compiled(_FULL_WIDTH).sub(_half_width_sign, text)  # it has few of them


def folded(text: str) -> str:
    """`text` in half-width small letters, each where it was."""
    text = half_width(text)
    small = text.lower()
    return small if len(small) == len(text) else "".join([each.lower()[:1] or each for each in text])


def _half_width_sign(found: re.Match[str]) -> str:
    return " " if found[0] == "\u3000" else chr(ord(found[0]) - 0xFEE0)


class Lexicon:
    """Finds the words of a table in texts; capitals and width do not count."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = {folded(surface): said for surface, said in words.items()}
        lengths: dict[str, set[int]] = {}
        for surface in self._words:
            lengths.setdefault(surface[0], set()).add(len(surface))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        """By the first character, the longest first."""

    def __bool__(self) -> bool:
        return bool(self._words)

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where words stand in `text`, which is `folded`, and how they are said; without overlaps."""
        lengths, at = self._lengths, 0
        for start, first in enumerate(text):
            if start >= at and first in lengths:
                for length in lengths[first]:
                    end = start + length
                    if end > len(text):
                        continue
                    if (said := self._words.get(text[start:end])) is not None and is_whole(text, start, end):
                        yield start, end, said
                        at = end
                        break


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` is not part of a longer word.

    Latin letters, katakana and hiragana end where their script does. Of kanji a longer word may follow (a name and a
    title), and one may stand before three or more of them; but 京都 is not a word in 東京都.
    """
    before, after = text[start - 1 : start], text[end : end + 1]
    first, last = _script(text[start]), _script(text[end - 1])
    if first == "kanji":
        if end - start < 3 and before and _script(before) == "kanji":
            return False
        return not (end - start == 1 and after and _script(after) == "kanji")
    if first != "other" and before and _script(before) == first:
        return False
    if last in ("latin", "katakana"):
        return not after or _script(after) != last
    return True


def _script(character: str) -> str:
    if character.isascii():
        return "latin" if character.isalnum() else "other"
    if "\u30a1" <= character <= "\u30ff" and character != "・":
        return "katakana"
    if "\u3041" <= character <= "\u309f":
        return "hiragana"
    if is_cjk(character):
        return "kanji"
    return "latin" if character.isalnum() else "other"
