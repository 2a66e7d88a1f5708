"""Tools and their calls as the chat dialects write them, without I/O."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from voicebot.chat.wire.fields import as_object, count_of, object_of, text_of
from voicebot.http.lines import MAX_LINE_BYTES, BadStream, without_lone_surrogates
from voicebot.messages import ToolCall, ToolSpec
from voicebot.translation import tr


@dataclass(frozen=True, slots=True)
class CallPart:
    """What one event adds to the tool calls of a reply."""

    index: int | None = None
    """Which call it belongs to, where the server counts them."""
    id: str = ""
    name: str = ""
    arguments: str = ""
    whole: bool = False
    """This is the whole call."""


def read_call(call: dict[str, object], *, whole: bool = False) -> CallPart:
    """Read one entry of `tool_calls`; a `whole` one has no part in what comes before and after it."""
    function = object_of(call, "function")
    return CallPart(
        index=None if whole else count_of(call, "index"),
        id=text_of(call, "id"),
        name=text_of(function, "name"),
        arguments=arguments_text(function.get("arguments")),
        whole=whole,
    )


class JoinedCalls:
    """Joins the parts of tool calls, which servers may interleave."""

    def __init__(self) -> None:
        self._calls: list[CallPart] = []
        self._places: dict[int, int] = {}
        self._characters = 0

    def feed(self, part: CallPart) -> None:
        """Take one part; raise BadStream when the calls become too long."""
        self._characters += len(part.arguments) + len(part.name)
        if self._characters > MAX_LINE_BYTES:
            raise BadStream(tr("tool calls of more than {limit} characters", limit=MAX_LINE_BYTES))
        place = len(self._calls) - 1 if part.index is None else self._places.get(part.index, -1)
        known = self._calls[place] if place >= 0 else None
        if known is None or part.whole or _begins(part, known):
            if part.index is not None:
                self._places[part.index] = len(self._calls)
            self._calls.append(part)
        else:
            # Name and id come with the first part, and from some servers with every part.
            self._calls[place] = replace(
                known,
                id=known.id or part.id,
                name=known.name or part.name,
                arguments=known.arguments + part.arguments,
            )

    def finish(self, *, cut_short: bool) -> list[ToolCall]:
        """Return the calls in the order in which they began; a call without arguments gets an empty object.

        With `cut_short` the server ran out of model tokens, and what is missing stays missing.
        """
        return [
            ToolCall(call.id or f"call_{uuid.uuid4().hex}", call.name, call.arguments or ("" if cut_short else "{}"))
            for call in self._calls
            if call.name
        ]


def _begins(part: CallPart, known: CallPart) -> bool:
    """Tell whether `part` begins a call of its own though `known` has its index: some servers number all calls 0."""
    if part.id and known.id:
        return part.id != known.id
    return part.index is None and bool(part.name)


def describe_tools(tools: Sequence[ToolSpec]) -> list[dict[str, object]]:
    """Return `tools` as a request lists them."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in tools
    ]


def arguments_object(arguments: str) -> dict[str, object]:
    """Read the arguments of a call; broken ones count as none, since servers refuse them.

    The model learns from the result of the call what was wrong with them.
    """
    try:
        # Written once more, since some of what can be read cannot be sent: halves of characters, NaN.
        sendable = json.dumps(json.loads(arguments), ensure_ascii=False, allow_nan=False)
        return as_object(json.loads(without_lone_surrogates(sendable)))
    except (ValueError, RecursionError):
        return {}


def arguments_text(value: object) -> str:
    """Return as text what a server sent as arguments: text or an object."""
    if isinstance(value, str):
        return without_lone_surrogates(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else ""
