"""The calls and other JSON in a reply, taken out while it streams.

Text is held only while it could still become one; however the deltas are cut, the result is the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from voicebot.text.call_beginnings import (
    BLOCKS,
    FUNCTIONS,
    LIST_NAME,
    LONGEST_BEGINNING,
    begins,
    begins_value,
    fence_of,
)
from voicebot.text.written_calls import CALL_LANGUAGES, INVENTED, PLAIN_WORDS, WORDS, read_calls
from voicebot.text.written_values import MOST_CHARACTERS, Answer, Part, WrittenValue

_PIECE_CHARACTERS = 4096
_LONGEST_END = max(len(tag) for ends in BLOCKS.values() for tag in ends)
_UNFINISHED = "|".join(re.escape(FUNCTIONS[1:length]) for length in range(len(FUNCTIONS) - 1, 0, -1))
_NAMING = ("<function=", "<function name=", "<invoke name=")
"""Tags in which the name of the call stands."""
_LEFT_OPEN = ("</tool_call>", "</function>")


class ToolCallFilter:
    """Takes the calls that a model writes into its text out of a reply and makes them ToolCalls, with empty ids.

    They stand between tags such as `<tool_call>`, in fenced blocks, or bare. The JSON of an agent whose action is its
    final answer becomes that answer while it streams, as does the `spoken_field` of any other object; the rest of that
    object is data. Any other bare JSON is put into a fenced block `for_the_ear`, which is not read aloud. A tag that no
    call follows is a word like any other; invented tool output (`<tool_response>`) is dropped.
    """

    def __init__(self, tools: Collection[str] = (), *, spoken_field: str = "", for_the_ear: bool = True) -> None:
        """Of `tools`, calls are known without any mark, and without arguments."""
        self._tools = frozenset(tools)
        self._trigger = _trigger(self._tools)
        self._spoken_field = spoken_field
        self._for_the_ear = for_the_ear
        self._state: Literal["text", "block", "value", "code", "behind"] = "text"
        self._held = ""
        self._last = "\n"
        """The last character that was passed on and was not whitespace within a line."""
        self._block = _Block("", ())
        self._value = WrittenValue()
        self._fence = ""
        """The marks that end the fenced block that is being read; empty outside of one."""

    def feed(self, delta: str) -> list[Part | Answer]:
        """Return what can be passed on now."""
        parts: list[Part | Answer] = []
        if self._state == "text" and not self._held and self._trigger.search(delta) is None:
            self._put(delta, parts)  # as nearly every delta
            return parts
        # In pieces: a whole book in one delta would otherwise be copied for each of its tags.
        for start in range(0, len(delta), _PIECE_CHARACTERS):
            self._held += delta[start : start + _PIECE_CHARACTERS]
            self._advance(parts, ended=False)
        return parts

    def flush(self) -> list[Part | Answer]:
        """Return what was held; a call that was never closed is still a call, perhaps a broken one."""
        parts: list[Part | Answer] = []
        self._advance(parts, ended=True)
        return parts

    def _advance(self, parts: list[Part | Answer], *, ended: bool) -> None:
        """Do everything that can be done with the text held."""
        steps = {
            "text": self._read_text,
            "block": self._read_block,
            "value": self._read_value,
            "code": self._read_code,
            "behind": self._read_behind,
        }
        while steps[self._state](parts, ended=ended):
            pass

    # ------------------------------------------------ text

    def _read_text(self, parts: list[Part | Answer], *, ended: bool) -> bool:
        """Pass on text up to what begins something else; False when more has to be seen."""
        at = 0
        while found := self._trigger.search(self._held, at):
            at = found.end() - 1
            text = self._held[at : at + LONGEST_BEGINNING]
            at_line_start = text[0] not in "<{[" and self._is_line_start(at)
            verdict = begins(text, at_line_start=at_line_start, tools=self._tools)
            if verdict == "unfinished" and ended and text.strip() in WORDS - PLAIN_WORDS:
                verdict = "yes"  # the call that was to follow did not come
            if verdict == "yes":
                self._pass(at, parts)
                self._open(parts)
                return True
            if verdict == "unfinished" and not ended:
                self._pass(at, parts)
                return False
            at += 1
        self._pass(len(self._held), parts)
        return False

    def _open(self, parts: list[Part | Answer]) -> None:
        """Begin to read what begins with the text held."""
        text = self._held
        if tag := next((tag for tag in BLOCKS if text.startswith(tag)), ""):
            self._block, self._state = _Block(tag, BLOCKS[tag]), "block"
            if tag in _NAMING:
                self._block.take(tag)
            self._drop(len(tag))
        elif text[0] in "`~":
            self._open_fence(parts)
        else:
            if text.startswith(f"{LIST_NAME}["):
                self._drop(len(LIST_NAME))
                text = self._held
            python = begins_value(text) != "yes"
            self._value = WrittenValue(spoken_field=self._spoken_field, python=python, inline=self._last == "`")
            self._state = "value"

    def _open_fence(self, parts: list[Part | Answer]) -> None:
        marks, language, body = fence_of(self._held)
        if language in CALL_LANGUAGES:
            self._block, self._state = _Block(marks, (marks,)), "block"
            self._drop(body)
        elif begins_value(self._held[body:]) == "yes":
            self._value, self._state = WrittenValue(self._held[:body], spoken_field=self._spoken_field), "value"
            self._fence = marks
            self._drop(body)
        else:
            self._fence, self._state = marks, "code"
            self._pass(len(marks), parts)

    # ------------------------------------------------ between tags

    def _read_block(self, parts: list[Part | Answer], *, ended: bool) -> bool:
        block = self._block
        # Some models open the next one in place of closing this one.
        ends = (*block.ends, block.opening) if block.opening in WORDS else block.ends
        places = {place: end for end in ends if (place := self._held.find(end)) >= 0}
        if not places and not ended:
            kept = min(len(self._held), _LONGEST_END)
            block.take(self._held[: len(self._held) - kept])
            self._drop(len(self._held) - kept)
            return False
        place = min(places, default=len(self._held))
        end = places.get(place, "")
        block.take(self._held[:place])
        self._drop(place + (len(end) if end in block.ends else 0))
        if block.opening not in INVENTED and (block.opening or block.body_begins_value()):
            parts += read_calls(block.body(), tools=self._tools)
        self._state = "behind"
        return True

    def _read_behind(self, _: list[Part | Answer], *, ended: bool) -> bool:
        """Drop the tag that closes a call although none was opened; False when more has to be seen."""
        text = self._held.lstrip()
        if tag := next((tag for tag in _LEFT_OPEN if text.startswith(tag)), ""):
            self._held = text[len(tag) :]
        elif not ended and any(tag.startswith(text) for tag in _LEFT_OPEN) and len(self._held) < LONGEST_BEGINNING:
            return False
        self._state = "text"
        return True

    # ------------------------------------------------ values

    def _read_value(self, parts: list[Part | Answer], *, ended: bool) -> bool:
        value = self._value
        self._drop(value.feed(self._held, parts))
        if not value.ended and not ended:
            return False
        if value.finish(parts, self._tools):
            self._state = "behind"
            if self._fence:  # whatever else stands in the block belongs to the call
                self._block, self._state = _Block("", (self._fence,)), "block"
                self._fence = ""
        elif self._fence:
            self._put(value.opening + value.text, parts)
            self._state = "code"
        else:
            shown = value.text
            if self._for_the_ear and not value.python and not value.inline:
                shown = f"{'' if self._last == chr(10) else chr(10)}```json\n{shown}\n```\n"
            self._put(shown, parts)
            self._state = "text"
        return True

    # ------------------------------------------------ fenced blocks of something else

    def _read_code(self, parts: list[Part | Answer], *, ended: bool) -> bool:
        """Pass on the block up to its end, as it stands; False when more has to be seen."""
        while self._held:
            line_end = self._held.find("\n") + 1
            line = self._held[:line_end] if line_end else self._held
            if self._last == "\n":
                text = line.strip(" \t")
                if text.startswith(self._fence):
                    self._pass(line.index(self._fence) + len(self._fence), parts)
                    self._fence, self._state = "", "text"
                    return True
                if self._fence.startswith(text) and not ended:
                    return False
            self._pass(len(line), parts)
        return False

    # ------------------------------------------------ what is held

    def _is_line_start(self, at: int) -> bool:
        """Tell whether there is nothing but whitespace in front of this place on its line."""
        _, line_end, line = self._held[:at].rpartition("\n")
        return not line.strip(" \t") and (bool(line_end) or self._last == "\n")

    def _pass(self, count: int, parts: list[Part | Answer]) -> None:
        self._put(self._held[:count], parts)
        self._drop(count)

    def _put(self, text: str, parts: list[Part | Answer]) -> None:
        if text:
            parts.append(text)
            self._last = (text.rstrip(" \t") or self._last)[-1]

    def _drop(self, count: int) -> None:
        self._held = self._held[count:]


@dataclass(slots=True)
class _Block:
    """A call between tags, as far as it has come."""

    opening: str
    """The tag; empty for the rest of a fenced block."""
    ends: tuple[str, ...]
    _pieces: list[str] = field(default_factory=list)
    _characters: int = 0

    def take(self, text: str) -> None:
        """Know what comes next."""
        if self._characters < MOST_CHARACTERS:
            self._pieces.append(text)
            self._characters += len(text)

    def body(self) -> str:
        """Return what stands between the tags."""
        return "".join(self._pieces)

    def body_begins_value(self) -> bool:
        """Tell whether it is JSON."""
        return begins_value(self.body().lstrip()) == "yes"


@cache
def _trigger(tools: frozenset[str]) -> re.Pattern[str]:
    """Return the pattern of what a call, a value or a fenced block can begin with; it ends with its first character."""
    initials = re.escape("".join(sorted({LIST_NAME[0], *(name[0] for name in tools if name)})))
    functions = rf"{FUNCTIONS[0]}(?={re.escape(FUNCTIONS[1:])}|(?:{_UNFINISHED})\Z)"
    return re.compile(rf"[<{{\[`~]|(?m:^)[ \t]*+[{initials}]|{functions}")
