"""Is a text Japanese? The two questions that are meant by that."""

from __future__ import annotations

from voicebot.text.patterns import compiled

_JAPANESE = (
    "[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d々〆〇"
    "\U00020000-\U0003ffff]"
)
_KANA = "[\u3041-\u30ff]"
_KANJI = "[\u3400-\u9fff]"
_LATIN = "[A-Za-zÀ-ɏ]"
_WORD = "[A-Za-zÀ-ɏ]{2,}"
_NOT_PROSE = r"`[^`\n]*+`|\$[^$\n]*+\$|https?://[!-~]*+|<[^<>\n]*+>|\\[A-Za-z]++"
_FEWEST_KANJI = 12
"""From this many on, kanji without any kana are Chinese."""


def has_japanese(text: str) -> bool:
    """Whether there is any kana or kanji (Chinese text counts too)."""
    return not text.isascii() and compiled(_JAPANESE).search(text) is not None


def reads_as_japanese(text: str, before: str = "") -> bool:
    """Whether a Japanese voice would read `text`: a foreign word in a Japanese sentence, but no Japanese word in a
    foreign one, and no Chinese. `before` is what was said last; it decides where `text` alone tells too little."""
    prose = compiled(_NOT_PROSE).sub(" ", text)
    own = _japanese_weight(prose)
    if (
        not compiled(_KANA).search(prose)
        and len(compiled(_KANJI).findall(before + prose)) >= _FEWEST_KANJI
        and not compiled(_KANA).search(before)
    ):
        return False
    if own > 0:
        return True
    if own < 0 and not has_japanese(prose) and len(compiled(_WORD).findall(prose)) >= 3:
        return False
    return _japanese_weight(before + prose) > 0


def _japanese_weight(text: str) -> int:
    """Above 0 for Japanese text with foreign words, below for foreign text with Japanese words."""
    latin = len(compiled(_LATIN).findall(text))
    if text.isascii():
        return -latin
    return 5 * (len(compiled(_KANA).findall(text)) + len(compiled(_KANJI).findall(text))) - latin
