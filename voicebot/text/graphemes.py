"""Which characters belong together: grapheme clusters."""

from __future__ import annotations

import unicodedata


def extends(character: str) -> bool:
    """Whether `character` always belongs to the one before it (Unicode's Extend, SpacingMark and ZWJ)."""
    if character < "\u0300":
        return False
    return (
        character in "\u200c\u200d\uff9e\uff9f\u0e33\u0eb3"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
    )


def _regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _hangul(character: str) -> str:
    """L, V, T, LV or LVT: how a syllable block goes on; "" for anything else."""
    if "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c":
        return "L"
    if "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6":
        return "V"
    if "\u11a8" <= character <= "\u11ff" or "\ud7cb" <= character <= "\ud7fb":
        return "T"
    if "\uac00" <= character <= "\ud7a3":
        return "LVT" if (ord(character) - 0xAC00) % 28 else "LV"
    return ""


def joins(text: str, index: int, start: int = 0) -> bool:
    """Whether `text[index - 1]` and `text[index]` belong to one grapheme cluster (Unicode Annex 29, a little on the
    safe side); a cluster is known to begin at `start`."""
    before, after = text[index - 1], text[index]
    if after < "\u0300":
        return (before == "\r" and after == "\n") or before in "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2"
    if before < "\u0020" or before in "\x7f\x85\u2028\u2029":
        return False
    if extends(after) or before in "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2":
        return True
    if before == "\u200d":
        return unicodedata.category(after) in ("So", "Sm", "Pd")
    if _regional(after) and _regional(before):
        run = index - 1
        while run > start and _regional(text[run - 1]):
            run -= 1
        return (index - run) % 2 == 1
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True
    block, following = _hangul(before), _hangul(after)
    if block and following:
        return (
            (block == "L" and following != "T")
            or (block in ("LV", "V") and following in "VT")
            or (block in ("LVT", "T") and following == "T")
        )
    return unicodedata.combining(before) == 9 and unicodedata.category(after) == "Lo"
