"""What a model writes into its reply for a program, not for the ear, taken out while it streams.

Text is held only while it could still become scaffolding; however the deltas are cut, the result is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Literal

from voicebot.messages import ToolCall

# ---------------------------------------------------------------- calls written as text

_BLOCKS = {"<tool_call>": "</tool_call>", "<tool_response>": "</tool_response>"}
"""Opening and closing tags; Hermes, Qwen and many others write calls like this unless their server takes them out."""
_LONGEST_TAG = max(len(tag) for pair in _BLOCKS.items() for tag in pair)
_PIECE_CHARACTERS = 4096
_BODIES = ("{", "[", "<function=")
"""How the body of a call begins."""
_NAME = re.compile(r'"name"\s*:\s*"([^"\\]+)"')
_FUNCTION = re.compile(r"<function=([^>\s]+)>")
_PARAMETER = re.compile(r"<parameter=([^>\s]+)>\n?(.*?)\n?</parameter>", re.DOTALL)


class ToolCallFilter:
    """Takes each `<tool_call>{…}</tool_call>` out of a reply and makes it a ToolCall, with an empty id.

    The same goes for the bare JSON of a call to one of `tools` at the start of a reply, and for the `<function=…>` of
    Qwen's coders. A tag that no call follows is a word like any other; invented tool output (`<tool_response>`) is
    dropped.
    """

    def __init__(self, tools: Collection[str] = ()) -> None:
        self._tools = tuple(tools)
        self._state: Literal["start", "text", "tag", "block", "object"] = "start"
        self._held = ""
        self._opening = ""
        """The tag that was read last."""
        self._searched = 0
        """How many of the characters held are known to contain no closing tag."""
        self._object_end = _ObjectEnd()

    def feed(self, delta: str) -> list[str | ToolCall]:
        """Return what can be passed on now."""
        parts: list[str | ToolCall] = []
        # In pieces: a whole book in one delta would otherwise be copied for each of its tags.
        for start in range(0, len(delta), _PIECE_CHARACTERS):
            self._held += delta[start : start + _PIECE_CHARACTERS]
            parts += self._advance(ended=False)
        return parts

    def flush(self) -> list[str | ToolCall]:
        """Return what was held; a call that was never closed is still a call, perhaps a broken one."""
        return self._advance(ended=True)

    def _advance(self, *, ended: bool) -> list[str | ToolCall]:
        parts: list[str | ToolCall] = []
        while self._step(parts, ended=ended):
            pass
        return parts

    def _step(self, parts: list[str | ToolCall], *, ended: bool) -> bool:
        """Do the next thing that can be done with the text held; False when there is none."""
        match self._state:
            case "start":
                begins = self._begins_with_a_call()
                if begins is None and not ended:
                    return False
                self._state = "object" if begins else "text"
                return True
            case "text":
                return self._text(parts, ended=ended)
            case "tag":
                body = self._held[len(self._opening) :].lstrip()
                if body.startswith(_BODIES) or (ended and not body):
                    self._held, self._state, self._searched = body, "block", 0
                elif ended or not any(beginning.startswith(body) for beginning in _BODIES):
                    self._pass(len(self._opening), parts)
                    self._state = "text"
                else:
                    return False
                return True
            case "block":
                return self._block(parts, ended=ended)
            case "object":
                end = self._object_end.find(self._held)
                if end is None and not ended:
                    return False
                parts.extend(_calls(self._held[:end]))
                self._held, self._state = self._held[end:] if end is not None else "", "start"
                return True

    def _text(self, parts: list[str | ToolCall], *, ended: bool) -> bool:
        found = [(place, tag) for tag in _BLOCKS if (place := self._held.find(tag)) >= 0]
        if found:
            place, self._opening = min(found)
            self._pass(place, parts)
            self._state = "tag"
            return True
        self._pass(len(self._held) - (0 if ended else _unfinished(self._held, _BLOCKS)), parts)
        return False

    def _block(self, parts: list[str | ToolCall], *, ended: bool) -> bool:
        closing = _BLOCKS[self._opening]
        # Some models open the next one instead of closing this one.
        ends = [place for tag in (closing, self._opening) if (place := self._held.find(tag, self._searched)) >= 0]
        if not ends and not ended:
            self._searched = max(0, len(self._held) - _LONGEST_TAG)
            return False
        end = min(ends, default=len(self._held))
        if self._opening == "<tool_call>" and end:
            parts.extend(_calls(self._held[:end]))
        self._held, self._state = self._held[end:].removeprefix(closing), "text"
        return True

    def _begins_with_a_call(self) -> bool | None:
        """Tell whether the reply begins with the JSON of a call; None while that is undecided."""
        text = "".join(self._held.split())
        if not text:
            return None
        beginnings = [f'{{{kind}"name":"{name}","' for name in self._tools for kind in ("", '"type":"function",')]
        if any(text.startswith(beginning) for beginning in beginnings):
            return True
        return None if any(beginning.startswith(text) for beginning in beginnings) else False

    def _pass(self, count: int, parts: list[str | ToolCall]) -> None:
        if count:
            parts.append(self._held[:count])
            self._held = self._held[count:]


class _ObjectEnd:
    """Finds the end of a JSON object that comes in pieces, looking at each character once."""

    def __init__(self) -> None:
        self._place = 0
        self._depth = 0
        self._in_text = self._escaped = False

    def find(self, text: str) -> int | None:
        """Return the offset after the object at the start of `text`, which may only have grown since the last call."""
        for place in range(self._place, len(text)):
            character = text[place]
            if self._escaped:
                self._escaped = False
            elif self._in_text:
                self._escaped = character == "\\"
                self._in_text = character != '"'
            elif character == '"':
                self._in_text = True
            elif character in "{}":
                self._depth += 1 if character == "{" else -1
                if not self._depth:
                    return place + 1
        self._place = len(text)
        return None


def _unfinished(text: str, tags: Collection[str]) -> int:
    """Return how many characters at the end of `text` may be the beginning of a tag."""
    for length in range(min(len(text), _LONGEST_TAG), 0, -1):
        if any(tag.startswith(text[-length:]) for tag in tags):
            return length
    return 0


def _calls(body: str) -> list[ToolCall]:
    """Return the calls that a model wrote; one that cannot be read is kept as it is, so that the model is told."""
    if function := _FUNCTION.match(body):
        return [ToolCall("", function[1], json.dumps(dict(_PARAMETER.findall(body)), ensure_ascii=False))]
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        name = _NAME.search(body)
        return [ToolCall("", name[1] if name else "", body.strip())]
    return [_call(item) for item in (value if isinstance(value, list) else [value])]


def _call(value: object) -> ToolCall:
    fields = value if isinstance(value, dict) else {}
    if isinstance(function := fields.get("function"), dict):
        fields = function
    arguments = fields.get("arguments", fields.get("parameters", {}))
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return ToolCall("", str(fields.get("name", "")), arguments)
