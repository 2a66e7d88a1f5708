"""How many model tokens messages take: estimated by script, corrected by the counts of the server."""

from __future__ import annotations

import math
from collections.abc import Iterable

from voicebot.messages import Message

_MESSAGE_TOKENS = 4.0
"""What the role and the separators of one message take."""
_ASCII_TOKENS = 1 / 4
_ALPHABET_TOKENS = 1 / 2
"""For a letter of accented Latin, Greek, Cyrillic …: a vocabulary holds fewer of their words."""
_WIDE_TOKENS = 1.0
"""For a character of kana, kanji, hangul and most other scripts."""
_FIRST_WIDE = "\u0800"
_PLAUSIBLE_RATIO = (0.6, 4.0)
"""Of a server's count to the rough estimate: below it the server left out what it had cached; above it, it counted
something else as well."""


class TokenEstimate:
    """Estimates tokens, and gets better with every turn that the server has counted."""

    def __init__(self) -> None:
        self._factor = 1.0

    def tokens(self, messages: Iterable[Message]) -> int:
        """Estimate the tokens that `messages` take in the prompt."""
        return math.ceil(self._factor * sum(map(_rough_tokens, messages)))

    def learn(self, messages: Iterable[Message], counted: int) -> None:
        """Learn that the server counted `counted` tokens for `messages`."""
        ratio = counted / max(1.0, sum(map(_rough_tokens, messages)))
        if _PLAUSIBLE_RATIO[0] <= ratio <= _PLAUSIBLE_RATIO[1]:
            self._factor += (ratio - self._factor) / 2


def _rough_tokens(message: Message) -> float:
    texts = [message.content, *(f"{call.name} {call.arguments}" for call in message.tool_calls)]
    return _MESSAGE_TOKENS + sum(map(_text_tokens, texts))


def _text_tokens(text: str) -> float:
    if text.isascii():
        return len(text) * _ASCII_TOKENS
    wide = sum(character >= _FIRST_WIDE for character in text)
    plain = sum(map(str.isascii, text))
    alphabet = len(text) - wide - plain
    return plain * _ASCII_TOKENS + alphabet * _ALPHABET_TOKENS + wide * _WIDE_TOKENS
