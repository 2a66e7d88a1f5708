"""About how many tokens something takes, where nobody has counted them."""

from __future__ import annotations

import math

from voicebot.memory.budget import TokenEstimate
from voicebot.messages import Message

_TOKENS_A_SECOND = 20
"""How the API counts sound."""


def text_tokens(text: str) -> int:
    """About how many tokens `text` takes."""
    return TokenEstimate().tokens([Message("user", text)])


def prompt_tokens(messages: list[Message]) -> int:
    """About how many tokens `messages` take."""
    return TokenEstimate().tokens(messages)


def sound_tokens(seconds: float) -> int:
    """The tokens that sound of this length counts as."""
    return math.ceil(_TOKENS_A_SECOND * seconds)
