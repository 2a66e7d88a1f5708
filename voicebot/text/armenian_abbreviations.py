"""Abbreviations of Armenian, in the groups of latin_abbreviations: years, centuries, comrades, addresses, amounts."""

from __future__ import annotations

from voicebot.text.patterns import word_set

NEVER = word_set("թ թթ դ դդ ընկ պրոֆ ակադ դոկտ յու քաղ փող շրջ քառ խոր կմ հզ մլն մլրդ")
