"""Abbreviations of Hindi and Marathi, in the groups of latin_abbreviations: the names of Latin letters, and titles."""

from __future__ import annotations

from voicebot.text.patterns import word_set

NEVER = word_set("ए बी सी डी ई एफ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई डॉ प्रो श्री सु रु कि मी")
