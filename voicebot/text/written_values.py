"""JSON that a model writes into its reply, as far as it has come: an answer, calls, or nothing but data."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from voicebot.messages import ReplyData, ToolCall
from voicebot.text.json_stream import FieldText, ValueReader
from voicebot.text.written_calls import calls_of, load, read_calls, unreadable

Part = str | ToolCall | ReplyData

MOST_CHARACTERS = 1_048_576
"""Of one call or value: what is longer is read to its end and dropped."""
_LONGEST_ACTION = 100
_DEEPEST = 100
"""Brackets: what is deeper is not read."""
_ANSWERS = {"finalanswer", "最終回答"}
"""The action of an agent that has come to its answer."""
_ANY_ARGUMENTS = re.compile(r"[\"'](?:arguments|parameters|tool_input|action_input)[\"']\s*:")


@dataclass(frozen=True, slots=True)
class Answer:
    """A piece of what an agent has marked as its answer: for the listener, whatever stands around it."""

    text: str


@dataclass(slots=True)
class WrittenValue:
    """A JSON value, or Python's list of calls, as far as it has come."""

    opening: str = ""
    """What its fenced block begins with; empty outside of one."""
    spoken_field: str = ""
    python: bool = False
    inline: bool = False
    """It stands within a line, as code."""
    _reader: ValueReader = field(default_factory=ValueReader)
    _pieces: list[str] = field(default_factory=list)
    _characters: int = 0
    _action: str = ""
    _answers: bool = False
    """It is the answer of an agent."""
    _input: list[str] = field(default_factory=list)
    """What came of it before that was known."""
    _said: bool = False
    """Some of it was for the listener."""

    @property
    def ended(self) -> bool:
        """Whether its last bracket has come."""
        return self._reader.ended

    @property
    def text(self) -> str:
        """As it was written."""
        return "".join(self._pieces)

    def feed(self, text: str, parts: list[Part | Answer]) -> int:
        """Read what of `text` belongs to it and return how much that is; add what is for the listener to `parts`."""
        fields, used = self._reader.feed(text)
        if self._characters < MOST_CHARACTERS:
            self._pieces.append(text[:used])
            self._characters += used
        for piece in fields:
            said = self._heard(piece)
            if said:
                self._said = True
                parts.append(Answer(said))
        return used

    def _heard(self, piece: FieldText) -> str:
        """Return what of a text in it is for the listener, as far as that is known."""
        if self.spoken_field:
            return piece.text if piece.key == self.spoken_field else ""
        if piece.key == "action":
            self._action = (self._action + piece.text)[:_LONGEST_ACTION]
            if piece.ended and _is_answer(self._action):
                self._answers = True
                return "".join(self._input)
        if piece.key == "action_input":
            if self._answers:
                return piece.text
            if self._characters < MOST_CHARACTERS:
                self._input.append(piece.text)
        return ""

    def finish(self, parts: list[Part | Answer], tools: Collection[str]) -> bool:
        """Add to `parts` what the whole value means to a program; False when it is nothing but data."""
        if self._characters >= MOST_CHARACTERS:
            return True
        if self._reader.deepest > _DEEPEST:
            return self._finish_broken(parts, tools)
        try:
            value = load(self.text)
        except ValueError:
            return self._finish_broken(parts, tools)
        fields = value if isinstance(value, dict) else {}
        if self._answers:
            self._say(fields.get("action_input"), parts)
            return True
        if self.spoken_field and self.spoken_field in fields:
            self._say(fields.pop(self.spoken_field), parts)
            parts.append(ReplyData(json.dumps(fields, ensure_ascii=False)))
            return True
        calls = calls_of(value, tools)
        for call in calls:
            if _is_answer(call.name) and call.name not in tools:
                self._say(_loaded(call.arguments), parts)
            else:
                parts.append(call)
        return bool(calls)

    def _finish_broken(self, parts: list[Part | Answer], tools: Collection[str]) -> bool:
        """The same for one that cannot be read: Python's calls, one that was cut off, or not quite JSON."""
        calls = read_calls(self.text, tools=tools) if self.python else []
        call = unreadable(self.text)
        if not calls and (call.name in tools or (call.name and _ANY_ARGUMENTS.search(self.text))):
            calls = [call]
        said = self._said or self._answers
        parts += [] if said else calls
        return said or bool(calls)

    def _say(self, value: object, parts: list[Part | Answer]) -> None:
        """Add what the listener is told of `value`, unless it has been told."""
        if self._said:
            return
        match value:
            case str() | int() | float():
                parts.append(Answer(str(value)))
            case dict():
                parts += [Answer(item) for item in value.values() if isinstance(item, str)][:1]


def _is_answer(action: str) -> bool:
    return action.casefold().replace("_", "").replace(" ", "").strip() in _ANSWERS


def _loaded(arguments: str) -> object:
    try:
        return load(arguments)
    except ValueError:
        return arguments
