"""Who said it: how a sentence goes on behind a quotation.

A question that the characters seen so far cannot answer is answered with None: ask again when there is more.
"""

from __future__ import annotations

import re

from voicebot.text.abbreviations import SENTENCE_STARTERS
from voicebot.text.characters import is_cjk
from voicebot.text.patterns import word_set

_SAY = word_set(
    "said says asked asks replied replies cried cries shouted shouts yelled whispered whispers answered answers added "
    "adds exclaimed muttered murmured snapped screamed demanded insisted "
    "thought wondered"
)
_CHINESE_HEAD = re.compile("[^，。！？、：…\u3041-\u30fe]*")
_PROPER_SAY = re.compile(r"([^\W\d_]+)(?:[ ]+([^\W\d_]+))?")


def is_said_by(text: str, start: int, end: int, final: bool) -> bool | None:
    """Whether "Tom asked" or 她说 comes behind a quotation, and the sentence goes on with it."""
    if is_cjk(text[start]):
        if text[start] not in "他她它我你":
            return False
        head = _CHINESE_HEAD.match(text, start, min(end, start + 8))
        assert head is not None
        if any(verb in head[0] for verb in "说說道問问喊叫答"):
            return True
        return None if head.end() == end and len(head[0]) < 8 and not final else False
    found = _PROPER_SAY.match(text, start, min(end, start + 40))
    if found is None:
        return False
    complete = final or found.end() < end or end - start >= 40
    if found[2] is None and not complete:
        return None
    if found[1].lower() in SENTENCE_STARTERS and found[1].lower() not in ("he", "she", "i", "they", "we"):
        return False
    if found[2] is None:
        return None if text[found.end() : end].isspace() and not final and end - start < 40 else False
    return found[2] in _SAY if complete else None
