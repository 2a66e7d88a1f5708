"""Reasoning that a model writes into its reply between tags, taken out while it streams."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from voicebot.text.thoughts import ANSWER_ENDS, ANSWER_OPENINGS, THOUGHT_ENDS


@cache
def _any_of(tags: tuple[str, ...], *, behind: str = "") -> re.Pattern[str]:
    """The pattern of each of `tags` with `behind` behind it; what stands between < and > may be in capitals or not."""
    written = (f"(?i:{re.escape(tag)})" if tag.startswith("<") else re.escape(tag) for tag in tags)
    return re.compile(f"(?:{'|'.join(written)}){behind}", re.ASCII)


@cache
def _beginning_of(tags: tuple[str, ...]) -> re.Pattern[str]:
    """The pattern of all that one of `tags` can begin with, at the end of a text."""
    beginnings = {tag[:length] for tag in tags for length in range(1, len(tag))}
    return _any_of(tuple(sorted(beginnings, key=len, reverse=True)), behind=r"\Z")


_ENDS = {opening.lower(): ends for opening, ends in THOUGHT_ENDS.items()}
_THOUGHT = _any_of(tuple(THOUGHT_ENDS))
_OPENINGS = (*THOUGHT_ENDS, *ANSWER_OPENINGS)


class ReasoningFilter:
    """Takes `<think>…</think>` and the like out of the start of a reply, however its deltas are cut.

    Only at the very start, after optional whitespace, is such a tag reasoning; later it is a word like any other. What
    some models put around the answer itself goes too. Text is held only while it could still become a tag.
    """

    def __init__(self) -> None:
        self._state: Literal["start", "reasoning", "answer", "reply"] = "start"
        """In an `answer`, unlike in any other reply, there is an end to be looked for."""
        self._held = ""
        self._ends: tuple[str, ...] = ()
        """Of the thought that is being read."""
        self._reasoned = False
        self._unwrapped = False
        """Something in front of the answer was taken away."""

    @property
    def reasoned(self) -> bool:
        """Whether the reply began with reasoning."""
        return self._reasoned

    def feed(self, delta: str) -> str:
        """Return what of the reply can be passed on now."""
        if self._state == "reply":
            return delta
        self._held += delta
        passed: list[str] = []
        while self._step(passed):
            pass
        return "".join(passed)

    def flush(self) -> str:
        """Return what was held and turned out not to be a tag; reasoning that was never closed stays away."""
        return "" if self._state == "reasoning" else self._take(len(self._held))

    def _step(self, passed: list[str]) -> bool:
        """Do the next thing that can be done with the text held; False when there is none."""
        match self._state:
            case "start":
                return self._start()
            case "reasoning":
                return self._pass_until(self._ends, [])
            case "answer":
                return self._pass_until(ANSWER_ENDS, passed)
            case "reply":
                passed.append(self._take(len(self._held)))
                return False

    def _start(self) -> bool:
        text = self._held.lstrip()
        if self._reasoned or self._unwrapped:
            self._held = text  # the whitespace behind a tag belongs to it
        if opening := _THOUGHT.match(text):
            self._held, self._ends = text[len(opening[0]) :], _ENDS[opening[0].lower()]
            self._state, self._reasoned = "reasoning", True
            return True
        if opening := _any_of(ANSWER_OPENINGS).match(text):
            self._held, self._unwrapped = text[len(opening[0]) :], True
            return True
        if not text or _unfinished(text, _OPENINGS) == len(text):
            return False
        self._state = "answer" if self._unwrapped else "reply"
        return True

    def _pass_until(self, ends: tuple[str, ...], passed: list[str]) -> bool:
        """Pass on what stands before the first of `ends`; tell whether that has come."""
        if end := _any_of(ends).search(self._held):
            passed.append(self._take(end.start()))
            self._take(len(end[0]))
            self._state = "start"
            return True
        passed.append(self._take(len(self._held) - _unfinished(self._held, ends)))
        return False

    def _take(self, count: int) -> str:
        taken, self._held = self._held[:count], self._held[count:]
        return taken


def _unfinished(text: str, tags: tuple[str, ...]) -> int:
    """Return how many characters at the end of `text` may be the beginning of a tag."""
    found = _beginning_of(tags).search(text, max(0, len(text) - max(map(len, tags))))
    return len(found[0]) if found else 0
