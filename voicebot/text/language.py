"""Is a text Japanese? The two questions that are meant by that, and whether it may be English."""

from __future__ import annotations

from voicebot.text.patterns import compiled, word_set

_JAPANESE = (
    "[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d々〆〇"
    "\U00020000-\U0003ffff]"
)
_KANA = "[\u3041-\u30ff]"
_KANJI = "[\u3400-\u9fff]"
_JAPANESE_RUN = "[\u3041-\u30ff\u3400-\u9fff]+"
_LATIN_RUN = "[A-Za-zÀ-ɏ]+"
_WORD = "[A-Za-zÀ-ɏ]{2,}"
_NOT_PROSE = r"`[^`\n]*+`|\$[^$\n]*+\$|https?://[!-~]*+|<[^<>\n]*+>|\\[A-Za-z]++"
_ANY_WORD = r"[^\W\d_]+"
_ENGLISH = word_set(
    "the of and to in a is it you that he was for on are with as his they be at one have this from or had by not but "
    "what all were we when your can said there use an each which she do how their if will up other about out many then "
    "them these so some her would make like him into has more my than been call who its now did get come may only over "
    "just i i'm it's don't"
)
_FOREIGN = word_set(
    "der die das und ist nicht ein eine einen dem den des im mit für auf von zu ich sie wir kostet uhr le la les et "
    "est une "
    "dans pour que qui sur pas au aux du vous nous je el los las y en es por con un del al se lo su para il gli di "
    "che è per non sono della nel alle een het van niet op aan zijn voor de o os da do em um uma não ao com na i w z "
    "się nie jest och att det som på är av til og ikke på yang dan di ini itu untuk dengan ve bir bu için"
).difference(_ENGLISH)
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


def reads_as_english(text: str, before: str = "") -> bool:
    """Whether `text` may be English: no script or words of another language, unless English ones outnumber them.

    `before` is what was said last; it decides where `text` alone tells nothing.
    """
    for prose in (text, before):
        small = prose.lower()
        if small.isascii():
            words = compiled("[a-z]+").findall(small)
            foreign = sum(map(_FOREIGN.__contains__, words))
        else:
            words = compiled(_ANY_WORD).findall(small)
            foreign = sum([word in _FOREIGN or not word.isascii() for word in words])
        english = sum(map(_ENGLISH.__contains__, words))
        if english or foreign:
            return english >= foreign
    return True


def _japanese_weight(text: str) -> int:
    """Above 0 for Japanese text with foreign words, below for foreign text with Japanese words."""
    latin = sum(map(len, compiled(_LATIN_RUN).findall(text)))
    return -latin if text.isascii() else 5 * sum(map(len, compiled(_JAPANESE_RUN).findall(text))) - latin
