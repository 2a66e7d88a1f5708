"""Remembers the last turns."""

from __future__ import annotations

from collections import deque

from voicebot.speech import Message


class WindowMemory:
    """The system prompt and the last `turns` turns, in this process only."""

    def __init__(self, *, system_prompt: str, turns: int) -> None:
        self._system = [Message("system", system_prompt)] if system_prompt.strip() else []
        self._turns: deque[tuple[Message, ...]] = deque(maxlen=turns)

    def messages(self) -> list[Message]:
        """The system prompt, then what was said, oldest first."""
        return [*self._system, *(message for turn in self._turns for message in turn)]

    def remember(self, *turn: Message) -> None:
        """Keep the messages of one finished turn; the oldest turn leaves when there are too many."""
        self._turns.append(turn)
