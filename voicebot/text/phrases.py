"""Where a clause without commas may be broken, when the voice would otherwise have nothing to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from voicebot.text.characters import CLOSERS, OPENERS
from voicebot.text.language import has_japanese
from voicebot.text.patterns import compiled

SplitJapanese = Callable[[str], Sequence[str]]
"""Splits Japanese text into its phrases (bunsetsu); joined, they are the text."""

_LINK_WORDS = (
    "and but or nor so yet because although though unless while whereas when whenever where which who whose that if "
    "until since than then as in on at for from with without about into over under after before between during "
    "through across against toward towards by like "
    "und aber oder denn weil dass wenn als damit obwohl während nachdem bevor mit für von bei nach über unter "
    "et mais ou donc car parce que qui quand lorsque si pour avec sans dans sur chez "
    "y pero o porque cuando aunque para con sin sobre entre desde hasta "
    "e ma però perché quando mentre per con senza su tra mas porque quando para com sem "
    "и а но или потому что чтобы когда если в на с для из к о по"
)
_LINKS = frozenset(_LINK_WORDS.split())
_BREAK = rf"(?i:\s(?=(?:{'|'.join(sorted(_LINKS))})\s+\S*\w\s))"
"""Before a conjunction or preposition that has a whole word behind it."""
_FEWEST_WORDS = 3
_RESTS = (
    r"(?:[はもがをにでとへ]|から|まで|より|ので|のに|けど|けれど|たら|なら|れば"
    r"|って|して|んで|いて|きて|えて|ながら|たり|つつ)\Z"
)
"""A Japanese phrase after which a voice may pause: not の, not what stands before a noun."""
_LEANS = (
    r"いう|いっ|いわ|言|呼|し|す[るべ]|さ[れせ]|な[いかくけさっらりるれろ]|あ[っりる]|い[たてまる]|おり|くだ|でき|みる"
)
"""A phrase with this beginning belongs to the one before: 葉緑体と＋いう, 頼りに＋する."""


def phrase_ends(text: str, split_japanese: SplitJapanese | None = None) -> list[int]:
    """The places in the clause `text` where it may be broken, in characters.

    Japanese is broken behind a phrase that ends in a particle or a te-form, other languages before a conjunction or
    preposition; never in brackets or quotations. The end of `text` is not among them: its last phrase may go on.
    """
    if has_japanese(text):
        ends = _japanese_ends(text, split_japanese) if split_japanese else []
    else:
        ends = []
        for found in compiled(_BREAK).finditer(text):
            words = text[: found.start()].split()
            if len(words) >= _FEWEST_WORDS and words[-1].lower() not in _LINKS:
                ends.append(found.start())
    return [end for end in ends if _is_open_text(text[:end])]


def _japanese_ends(text: str, split: SplitJapanese) -> list[int]:
    ends: list[int] = []
    at = 0
    for phrase, following in pairwise(split(text)):
        at += len(phrase)
        if compiled(_RESTS).search(phrase) and not compiled(_LEANS).match(following):
            ends.append(at)
    return ends


def _is_open_text(before: str) -> bool:
    """Whether no bracket, quotation or code is open behind `before`."""
    opened = sum(character in OPENERS for character in before) - sum(character in CLOSERS for character in before)
    return opened <= 0 and not any(before.count(mark) % 2 for mark in '"`*')


def word_end(text: str) -> int:
    """How many characters of `text` are whole words: up to its last whitespace; 0 without any."""
    return len(text) - len(re.split(r"\s", text)[-1]) if re.search(r"\S\s", text) else 0
