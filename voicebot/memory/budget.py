"""How many model tokens messages take: estimated by script, corrected by what the server counts."""

from __future__ import annotations

import math
from collections.abc import Iterable

from voicebot.messages import Message

_MESSAGE_TOKENS = 4.0
"""Role and separators of one message."""
_ASCII_TOKENS = 1 / 4
_ALPHABET_TOKENS = 1 / 2
"""Accented Latin, Greek, Cyrillic …: their words are rarer in a vocabulary."""
_WIDE_TOKENS = 1.0
"""Kana, kanji, hangul, and most else."""
_FIRST_WIDE = "\u0800"
_BELIEVED = (0.6, 4.0)
"""A server that counts less than this share of the estimate left out what it had cached; more, and it counts other
things too."""


class TokenEstimate:
    """Estimates tokens, the better the more turns the server has counted."""

    def __init__(self) -> None:
        self._factor = 1.0

    def tokens(self, messages: Iterable[Message]) -> int:
        """Estimate the tokens that `messages` take in the prompt."""
        return math.ceil(self._factor * sum(map(_rough, messages)))

    def learn(self, messages: Iterable[Message], counted: int) -> None:
        """Take into account that the server counted so many tokens for `messages`."""
        ratio = counted / max(1.0, sum(map(_rough, messages)))
        if _BELIEVED[0] <= ratio <= _BELIEVED[1]:
            self._factor += (ratio - self._factor) / 2


def _rough(message: Message) -> float:
    texts = [message.content, *(f"{call.name} {call.arguments}" for call in message.tool_calls)]
    return _MESSAGE_TOKENS + sum(map(_text_tokens, texts))


def _text_tokens(text: str) -> float:
    if text.isascii():
        return len(text) * _ASCII_TOKENS
    wide = sum(character >= _FIRST_WIDE for character in text)
    plain = sum(map(str.isascii, text))
    alphabet = len(text) - wide - plain
    return plain * _ASCII_TOKENS + alphabet * _ALPHABET_TOKENS + wide * _WIDE_TOKENS
