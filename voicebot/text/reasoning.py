"""Reasoning that a model writes into its reply between tags, taken out while it streams."""

from __future__ import annotations

from typing import Literal

from voicebot.text.thoughts import THOUGHT_TAGS

_OPENING = "<think>"
"""The other tags stay in the reply: what is between them is only not spoken."""
_CLOSING = THOUGHT_TAGS[_OPENING]


class ReasoningFilter:
    """Takes `<think>…</think>` out of the start of a reply, however its deltas are cut.

    Only at the very start, after optional whitespace, is the tag reasoning; later it is a word like any other. Text is
    held only while it could still become a tag.
    """

    def __init__(self) -> None:
        self._state: Literal["start", "reasoning", "reply"] = "start"
        self._held = ""
        self._reasoned = False

    @property
    def reasoned(self) -> bool:
        """Whether the reply began with reasoning."""
        return self._reasoned

    def feed(self, delta: str) -> str:
        """Return what of the reply can be passed on now."""
        if self._state == "reply":
            return delta
        self._held += delta
        while True:
            if self._state == "reasoning":
                end = self._held.find(_CLOSING)
                if end < 0:
                    self._held = self._held[-(len(_CLOSING) - 1) :]
                    return ""
                self._state = "start"
                self._held = self._held[end + len(_CLOSING) :]
            text = self._held.lstrip()
            if self._reasoned:
                self._held = text  # the blank lines behind the closing tag belong to it
            if text.startswith(_OPENING):
                self._state = "reasoning"
                self._reasoned = True
                self._held = text[len(_OPENING) :]
                continue
            if _OPENING.startswith(text):
                return ""
            self._state = "reply"
            return self._take()

    def flush(self) -> str:
        """Return what was held and turned out to be no tag; reasoning that was never closed stays away."""
        return "" if self._state == "reasoning" else self._take()

    def _take(self) -> str:
        held, self._held = self._held, ""
        return held
