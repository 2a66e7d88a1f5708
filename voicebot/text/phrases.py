"""Where a clause without commas may be broken, when the voice would otherwise have nothing to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from voicebot.text.scripts import is_japanese

SplitJapanese = Callable[[str], Sequence[str]]
"""Parts Japanese text into its phrases (bunsetsu), which joined are the text."""

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
_BREAK = re.compile(rf"\s(?=(?:{'|'.join(sorted(_LINKS))})\s+\S*\w\s)", re.IGNORECASE)
"""Before a conjunction or preposition that has a whole word behind it."""
_FEWEST_WORDS = 3
_RESTS = re.compile(
    r"(?:[はもがをにでとへ]|から|まで|より|ので|のに|けど|けれど|たら|なら|れば|って|して|んで|いて|きて|えて|ながら|たり|つつ)\Z"
)
"""A Japanese phrase after which a voice may pause: not の, not what stands before a noun."""
_LEANS = re.compile(
    r"いう|いっ|いわ|言|呼|し|す[るべ]|さ[れせ]|な[いかくけさっらりるれろ]|あ[っりる]|い[たてまる]|おり|くだ|でき|みる"
)
"""A phrase that begins so leans on the one before: 葉緑体と＋いう, 頼りに＋する."""


def phrase_end(text: str, split_japanese: SplitJapanese | None = None) -> int:
    """How many characters of the clause `text`, still being written, may be said alone; 0 where there is no break.

    Japanese is broken behind a phrase that ends in a particle or a te-form, other languages before a conjunction or
    preposition. The last phrase never counts: it may go on.
    """
    if is_japanese(text):
        return _japanese_end(text, split_japanese) if split_japanese else 0
    end = 0
    for found in _BREAK.finditer(text):
        words = text[: found.start()].split()
        if len(words) >= _FEWEST_WORDS and words[-1].lower() not in _LINKS:
            end = found.start()
    return end


def _japanese_end(text: str, split: SplitJapanese) -> int:
    end = at = 0
    for phrase, following in pairwise(split(text)):
        at += len(phrase)
        if _RESTS.search(phrase) and not _LEANS.match(following):
            end = at
    return end


def word_end(text: str) -> int:
    """How many characters of `text` are whole words: up to its last blank; 0 where there is none."""
    return len(text) - len(re.split(r"\s", text)[-1]) if re.search(r"\S\s", text) else 0
