"""A small conversationalist without server, key or download: it speaks English and Japanese and knows very little.

From the top down: topics says what an answer can be, phrases knows the languages, danger, feelings, wishes and texts
hold what is said, numbers counts and does sums, dates reads the calendar, replies finds the reply; this module streams
it as a model would.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime

import anyio

from voicebot.chat.demo.replies import reply_to
from voicebot.messages import Message

_FIRST_DELTA_SECONDS = 0.3
_UNEVEN = (0.6, 1.3, 0.9, 1.5, 0.7, 1.0)
"""Each delta's share of the even spacing; the mean is 1."""
_DELTA = r"\s?[A-Za-zÀ-ɏ]{1,12}|\s?\d{1,3}|['’][a-z]+|[ぁ-ゖー]{1,3}|[ァ-ヺー]{1,3}|[㐀-鿿々]{1,2}|\s+|."


class DemoChat:
    """Replies from a small table of topics, in the language of the last message, at the pace of a model."""

    name = "demo"

    def __init__(self, deltas_per_second: float = 30.0, now: Callable[[], datetime] = datetime.now) -> None:
        self._deltas_per_second = deltas_per_second
        self._now = now

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield the deltas of the reply to `messages`; the same conversation gives the same reply."""
        # On a schedule, as servers send: a late reader finds the next deltas waiting. Finding the reply counts.
        due = anyio.current_time() + _FIRST_DELTA_SECONDS
        deltas = split_deltas(reply_to(messages, self._now()))
        for delta, share in zip(deltas, itertools.cycle(_UNEVEN), strict=False):
            await anyio.sleep_until(due)
            yield delta
            due += share / self._deltas_per_second


def split_deltas(text: str) -> list[str]:
    """Return `text` in pieces of the size of model tokens."""
    return re.findall(_DELTA, text, re.DOTALL)
