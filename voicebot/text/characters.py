"""What a character is: marks, brackets, letters, and the scripts that are written without spaces."""

from __future__ import annotations

import re

NEWLINES = "\n\r\u2028\u2029\x85"
FULL_STOPS = "。｡।॥።။۔។։፧፨"
"""These end a sentence whatever comes next."""
EXCLAIMS = "!?！？‼⁇⁈⁉؟‽\u037e"
ELLIPSES = "…‥"
MARKS = frozenset(FULL_STOPS + EXCLAIMS + ELLIPSES + ".．")
STRONG_MARKS = frozenset(FULL_STOPS + EXCLAIMS + ".．")
CLAUSE_MARKS = "、，､,;；:：،؛—―–"
SCRIPT_STOPS = ";:"
"""These end a sentence in some script: the Greek question mark, the Armenian full stop as people type it."""
DASHES = "—―–"
OPENERS = frozenset("(（[［{｛「『【〔《〈〖｢“„")
CLOSERS = frozenset(")）]］}｝」』】〕》〉〗｣”")
TOGGLES = frozenset('"«»＂')
"""Quotation marks that open and close."""
STUCK_CLOSERS = CLOSERS | TOGGLES | frozenset("'’‘“›*_~`")
"""What may stand between the mark of a sentence and its end, without whitespace."""
CONTROL_CLASS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff"
"""For a pattern: what moves a terminal's cursor, or cannot be written to it."""
UNSPEAKABLE_CLASS = f"{CONTROL_CLASS}\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
"""For a pattern: what neither shows nor sounds."""
LETTER = re.compile(r"[^\W_]")
_FIRST_ALPHABETIC = re.compile(r"[^\W\d_]")


def has_speech(text: str) -> bool:
    """Whether there is any letter or digit, in any script."""
    return LETTER.search(text) is not None


def is_cjk(character: str) -> bool:
    """Whether `character` is written without spaces around it: kana, kanji, hangul."""
    return character >= "\u3005" and (
        "\u3041" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or "\uac00" <= character <= "\ud7a3"
        or character <= "\u3007"
        or "\u31f0" <= character <= "\u31ff"
        or "\uf900" <= character <= "\ufaff"
        or "\uff66" <= character <= "\uff9d"
        or "\U00020000" <= character <= "\U0003ffff"
    )


def is_hangul(character: str) -> bool:
    """Whether `character` is a Korean syllable: spaces separate the words, particles are glued to them."""
    return "\uac00" <= character <= "\ud7a3"


def is_script_stop(text: str, at: int) -> bool:
    """Whether text[at] is a ; or : that ends a sentence in the script before it: Greek, Armenian."""
    character = text[at]
    if character not in SCRIPT_STOPS or at == 0:
        return False
    before = text[at - 1]
    if character == ";":
        return "\u0370" <= before <= "\u03ff" or "\u1f00" <= before <= "\u1fff"
    return "\u0530" <= before <= "\u0588"


def is_numeral(character: str) -> bool:
    """Whether `character` is a digit or a kanji numeral: the comma in 二、三日 does not separate clauses."""
    return character.isdecimal() or character in "一二三四五六七八九十百千万数"


def starts_lower(text: str, end: int) -> bool:
    """Whether the first letter of `text[:end]` is a small one, as in chats without capitals."""
    first = _FIRST_ALPHABETIC.search(text, 0, end)
    return first is not None and first[0].islower()
