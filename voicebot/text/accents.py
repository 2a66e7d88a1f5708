"""Where the pitch falls in a person's own words, put into what an engine would say: pure, over morae and phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from voicebot.text.lexicon import half_width, is_whole

_ROWS = (
    "アカサタナハマヤラワガザダバパァャヮ",
    "イキシチニヒミリギジビピィ",
    "ウクスツヌフムユルグズブプュゥ",
    "エケセテネヘメレゲゼデベペェ",
    "オコソトノホモヨロゴゾドボポョォ",
)
_VOWEL = {kana: vowel for vowel, row in zip("アイウエオ", _ROWS, strict=True) for kana in row}
_SOUNDS = str.maketrans({"ヲ": "オ", "ヅ": "ズ", "ヂ": "ジ"})
_LONG = {("ウ", "オ"), ("イ", "エ")}
"""A vowel that only lengthens the one before it: オウ, エイ."""
_MORA = re.compile(".[ァィゥェォャュョヮ]?")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Morae that are said in one rise and fall of the pitch."""

    morae: tuple[str, ...]
    """In katakana."""
    accent: int
    """The mora behind which the pitch falls, from 1; all of them: it does not fall."""
    pauses: bool = False
    """Whether there is a pause behind it."""


def with_accents(phrases: Sequence[Phrase], text: str, accents: Mapping[str, int]) -> tuple[Phrase, ...]:
    """The phrases of `text`, in which each word of `accents` (katakana) begins a phrase and has its accent; 0: no fall.

    A word is left alone if its sound occurs more or less often than its katakana does: it is then unclear which
    occurrences are the word.
    """
    morae = held_vowels([mora for phrase in phrases for mora in phrase.morae])
    starts = [0]
    for phrase in phrases:
        starts.append(starts[-1] + len(phrase.morae))
    accent_of = {start: phrase.accent for start, phrase in zip(starts, phrases, strict=False)}
    pauses = {end for end, phrase in zip(starts[1:], phrases, strict=True) if phrase.pauses}
    begins = {*starts}
    taken: set[int] = set()
    for word in sorted(accents, key=len, reverse=True):
        written = _count(half_width(text), word)
        sound = held_vowels(_MORA.findall(word))
        places = [at for at in _places(morae, sound) if pauses.isdisjoint(range(at + 1, at + len(sound)))]
        if len(places) != written or any(not taken.isdisjoint(range(at, at + len(sound))) for at in places):
            continue
        for at in places:
            inside = range(at + 1, at + len(sound))
            taken.update(range(at, at + len(sound)))
            begins = begins.difference(inside) | {at}
            accent_of[at] = accents[word]
    return tuple(_phrases(phrases, sorted(begins), accent_of, pauses))


def _phrases(
    old: Sequence[Phrase], begins: Sequence[int], accent_of: Mapping[int, int], pauses: set[int]
) -> Iterator[Phrase]:
    """The morae from each beginning to the next; the last of `begins` is the end."""
    morae = [mora for phrase in old for mora in phrase.morae]
    for begin, end in pairwise(begins):
        length = end - begin
        yield Phrase(tuple(morae[begin:end]), min(accent_of[begin], length) or length, end in pauses)


def held_vowels(morae: Sequence[str]) -> list[str]:
    """Morae as they sound: a long vowel by its letter, however it is written."""
    heard: list[str] = []
    for mora in morae:
        sound = mora.translate(_SOUNDS)
        vowel = _VOWEL.get(heard[-1][-1], "") if heard else ""
        heard.append(vowel if vowel and (sound == "ー" or (sound, vowel) in _LONG) else sound)
    return heard


def _count(text: str, word: str) -> int:
    """How often `word` stands in `text` as a whole word."""
    return sum(is_whole(text, *found.span()) for found in re.finditer(re.escape(word), text))


def _places(morae: Sequence[str], sound: Sequence[str]) -> Iterator[int]:
    """Where `sound` begins in `morae`, without overlaps."""
    at = 0
    while sound and at + len(sound) <= len(morae):
        if list(morae[at : at + len(sound)]) == list(sound):
            yield at
            at += len(sound)
        else:
            at += 1
