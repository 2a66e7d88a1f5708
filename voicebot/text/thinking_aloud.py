"""Agents that think aloud: their labels, such as "Thought:" and "Final Answer:", read while they stream."""

from __future__ import annotations

import re
from typing import Literal

# The numbers are those of "Thought 1:", as the paper has it.
_HIDING = ("thought", "action", "action input", "observation", "思考", "行動", "行動の入力", "行動入力", "観察")
_ANSWERING = ("final answer", "最終回答", "最終的な答え", "最終的な回答")
_MARKS = " \t*_#>"
"""What may stand around a label, as in **Final Answer:**."""
_ANSWER = re.compile(rf"(?:{'|'.join(_ANSWERING)})[ \t*_]{{0,4}}[:：]|\n[ \t]{{0,4}}AI:", re.IGNORECASE)
"""LangChain's conversational agents call it by their own name, once they have thought."""
_COLON = re.compile("[:：]")
_LINE_END = re.compile("(?<=\n)")
_LONGEST_ANSWER = max(map(len, _ANSWERING)) + 5


class ReActFilter:
    """Passes on what an agent that writes "Thought: … Action: … Observation: … Final Answer: …" says to its listener.

    A line that begins with one of the first three labels, in English or Japanese, hides everything up to "Final
    Answer:"; text without any label is for the listener.
    """

    def __init__(self) -> None:
        self._state: Literal["line start", "line", "hidden", "label"] = "line start"
        self._held = ""
        self._hid = False

    @property
    def hid(self) -> bool:
        """Whether anything was kept from the listener."""
        return self._hid

    def feed(self, delta: str) -> str:
        """Return what of the reply can be passed on now."""
        passed = []
        # Line by line: a whole book in one delta would otherwise be copied for each of its lines.
        for line in _LINE_END.split(delta):
            self._held += line
            passed.append(self._advance(ended=False))
        return "".join(passed)

    def flush(self) -> str:
        """Return what was held and turned out not to be a label; thoughts without a final answer stay hidden."""
        return self._advance(ended=True)

    def answered(self) -> str:
        """Know that the answer has come in another way; return what was held for the listener until then."""
        held = self.flush()
        self._held, self._state = "", "line start"
        return held

    def _advance(self, *, ended: bool) -> str:
        passed: list[str] = []
        while self._held and self._step(passed, ended=ended):
            pass
        return "".join(passed)

    def _step(self, passed: list[str], *, ended: bool) -> bool:
        """Do the next thing that can be done with the text held; False when there is none."""
        match self._state:
            case "line start":
                match _label(self._held):
                    case "hiding":
                        self._state = "hidden"
                    case "answering":
                        self._held, self._state = _COLON.split(self._held, maxsplit=1)[1], "label"
                    case "unfinished" if not ended:
                        return False
                    case _:
                        self._state = "line"
                return True
            case "line":
                end = self._held.find("\n") + 1
                passed.append(self._held[:end] if end else self._held)
                self._held = self._held[end:] if end else ""
                if end:
                    self._state = "line start"
                return True
            case "hidden":
                self._hid = True
                found = _ANSWER.search(self._held)
                if found:
                    self._held, self._state = self._held[found.end() :], "label"
                    return True
                self._held = "" if ended else self._held[-_LONGEST_ANSWER:]
                return False
            case "label":
                answer = self._held.lstrip("*_").lstrip()
                if not answer and not ended:
                    return False
                self._held, self._state = answer, "line start"
                return True


def _label(text: str) -> Literal["hiding", "answering", "none", "unfinished"]:
    """Return which kind of label a line begins with; "unfinished" while more text may decide."""
    line = text.lstrip(_MARKS).casefold()
    if not line:
        return "unfinished"
    unfinished = False
    for label in (*_HIDING, *_ANSWERING):
        if line.startswith(label):
            rest = line[len(label) :].lstrip(" \t*_0123456789" if label in _HIDING else " \t*_")
            if not rest:
                unfinished = True
            elif rest[0] in ":：":
                return "hiding" if label in _HIDING else "answering"
        elif label.startswith(line):
            unfinished = True
    return "unfinished" if unfinished else "none"
