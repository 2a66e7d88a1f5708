"""What characters, keys and sounds are called when they are said; no I/O."""

from __future__ import annotations

import math
import unicodedata

_SPECIAL = {"space": " ", "linefeed": "\n", "tab": "\t", "underscore": "_", "double-quote": '"'}
"""What the protocol cannot send as it is."""
_JAPANESE = {
    " ": "スペース",
    "\n": "改行",
    "\t": "タブ",
    ".": "ピリオド",
    ",": "カンマ",
    "。": "句点",
    "、": "読点",
    "!": "感嘆符",
    "?": "疑問符",
    "-": "ハイフン",
    "_": "アンダーバー",
    "/": "スラッシュ",
    "\\": "バックスラッシュ",
    ":": "コロン",
    ";": "セミコロン",
    "@": "アットマーク",
    "#": "シャープ",
    "(": "かっこ",
    ")": "かっこ閉じ",
    "「": "かぎかっこ",
    "」": "かぎかっこ閉じ",
    '"': "引用符",
    "'": "アポストロフィ",
    "*": "アスタリスク",
    "+": "プラス",
    "=": "イコール",
    "%": "パーセント",
    "&": "アンド",
    "ー": "長音",
}
_ENGLISH = {
    " ": "space",
    "\n": "new line",
    "\t": "tab",
    ".": "dot",
    "/": "slash",
    "\\": "backslash",
    "-": "hyphen",
    "_": "underscore",
}
_MAX_SPELT_CHARACTERS = 2_000
_MAX_NAME_CHARACTERS = 200


def character_words(character: str, language: str) -> str:
    """What a character is called; more than one are said as they stand."""
    character = _SPECIAL.get(character.lower(), character)
    if len(character) != 1:
        return character[:_MAX_NAME_CHARACTERS]
    japanese = language.lower().startswith("ja")
    if (name := (_JAPANESE if japanese else _ENGLISH).get(character)) is not None:
        return name
    if character.isalnum():
        return character
    return unicodedata.name(character, "").lower() or f"{ord(character):x}"


def key_words(key: str, language: str) -> str:
    """What a key is called: `control_shift_a` is control shift a."""
    names = [name for name in key[:_MAX_NAME_CHARACTERS].split("_") if name] or ["_"]
    return " ".join(character_words(name, language) if len(name) == 1 else _words(name) for name in names)


def icon_words(name: str) -> str:
    """What stands for a sound: its name."""
    return _words(name[:_MAX_NAME_CHARACTERS].replace("_", " "))


def spelt(text: str, language: str) -> str:
    """Every character of `text` by its name."""
    return ", ".join(character_words(one, language) for one in text[:_MAX_SPELT_CHARACTERS] if one != "\r")


def speed_of(rate: int) -> float:
    """Times the configured speed: -100 is 0.4, 0 is 1, 100 is 2.5, as far as espeak-ng goes for speech-dispatcher."""
    return round(math.pow(2.5, rate / 100), 3)


def _words(name: str) -> str:
    return name.replace("-", " ")
