"""Abbreviations of the languages that are written in Cyrillic letters, in the groups of latin_abbreviations."""

from __future__ import annotations

from voicebot.text.patterns import word_set

_RUSSIAN = (
    "т.е т.к т.н г ул им см св проф акад доц канд гр тов просп пер пл бул наб пгт пос дер обл р-н респ кв рис табл гл "
    "букв лат греч англ нем франц итал исп рус укр напр ср ок гос ред изд мин макс"
)
_UKRAINIAN = "ім вул див т.зв буд стор м с"
_BULGARIAN = "т.нар"

NEVER = word_set(f"{_RUSSIAN} {_UKRAINIAN} {_BULGARIAN}")
BEFORE_NUMBER = word_set("стр пп ст п № тел янв фев февр апр авг сен сент окт ноя нояб дек")
BEFORE_CAPITAL = word_set(
    "т.д т.п др гг вв рр ін н.э н.е т.б тыс тис млн млрд руб коп дол долл грн чел куб кг км мл га шт"
)
BY_NEXT_WORD = word_set("англ.яз")
BEHIND_NUMBER = word_set("г см мин")
"""Behind a number a sentence may end behind these: 1999 г., 5 см."""
UNITS = word_set("м с")
"""Behind a number these are metres and seconds, elsewhere a town (у м. Києві) and a village or page."""
SENTENCE_STARTERS = word_set("и он она мы я но это на по с как так если когда они вы а также він вона ми але це")
SMALL_STARTERS = word_set("я мы но ми але")
