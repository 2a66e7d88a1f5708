"""What of a model's text is for the listener: no reasoning, no calls; where only the answer counts, no thoughts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from voicebot.text.agent_scaffolding import AgentFilter
from voicebot.text.reasoning import ReasoningFilter
from voicebot.text.written_values import Part

_PROMPTED_THOUGHT = re.compile(r"(?:Thought|思考)\s*[:：]\s*\Z")
"""The end of a ReAct prompt: the model goes on with its thought and does not write the label again."""


class AudibleText:
    """Takes the text that one run of a model writes and returns what is to be said; whitespace alone never is."""

    def __init__(self, prompt: str = "", *, final_answer_only: bool = False, has_tools: bool = False) -> None:
        """`final_answer_only` leaves out thoughts, and what comes before a call where the model `has_tools`."""
        self._reasoning = ReasoningFilter()
        self._scaffolding = AgentFilter(labels=final_answer_only)
        if final_answer_only and _PROMPTED_THOUGHT.search(prompt):
            self._scaffolding.feed("Thought:")
        self._held: list[str] | None = [] if final_answer_only and has_tools else None
        """What may turn out to come before a call; only the end of the run tells."""
        self._streamed = False
        self._leading: str | None = ""
        """The whitespace before the first word; None once that has come."""

    def feed(self, delta: str) -> str:
        """Return what can be said now."""
        self._streamed = True
        if self._held is not None:
            self._held.append(delta)
            return ""
        return self._from_first_word(_text(self._scaffolding.feed(self._reasoning.feed(delta))))

    def end(self, whole: str, *, calls: bool) -> str:
        """Return the rest of a run that wrote `whole`, streamed or not, and `calls` tools or does not."""
        rest = "" if self._streamed else whole
        if self._held is not None:
            rest = "" if calls else "".join(self._held) or whole
        answer = self._reasoning.feed(rest) + self._reasoning.flush()
        return self._from_first_word(_text([*self._scaffolding.feed(answer), *self._scaffolding.flush()]))

    def _from_first_word(self, text: str) -> str:
        if self._leading is None:
            return text
        text, self._leading = self._leading + text, None
        if not text or text.isspace():
            text, self._leading = "", text
        return text


def _text(parts: Iterable[Part]) -> str:
    """Return what of `parts` is text: the calls are LangChain's business."""
    return "".join(part for part in parts if isinstance(part, str))
