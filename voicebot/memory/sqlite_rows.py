"""Turns and conversations as rows of the history, and back again. A row that is damaged is None."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from voicebot.memory.turns import Turn
from voicebot.messages import Message, ToolCall
from voicebot.speech import Metrics, OutcomeKind

TURN_COLUMNS = "at, message, heard, unsaid, outcome, exact, error, exchanged, metrics, model, skipped"
"""Of a turn, in this order everywhere."""


@dataclass(frozen=True, slots=True)
class ConversationInfo:
    """A conversation in the store."""

    name: str
    turns: int
    started: str
    """ISO 8601, in UTC."""
    last: str
    """When its last turn ended, in the same form."""
    opening: str
    """The user's first message."""
    single: bool
    """A question that was asked alone, and not gone on with."""
    title: str = ""
    """What a person has called it."""


def turn_values(turn: Turn) -> tuple[str | bool, ...]:
    """A turn as a row, in the order of TURN_COLUMNS."""
    texts = (turn.at, turn.message, turn.heard, turn.unsaid, turn.outcome)
    exchanged = json.dumps([dataclasses.asdict(message) for message in turn.exchanged])
    metrics = json.dumps(dataclasses.asdict(turn.metrics))
    return (
        *map(clean, texts),
        turn.exact,
        clean(turn.error),
        exchanged,
        metrics,
        clean(turn.model),
        clean(turn.skipped),
    )


def turn_of(row: Sequence[Any]) -> Turn | None:  # Any: a row of SQLite, in the order of TURN_COLUMNS
    """A turn; None if the row is damaged."""
    at, message, heard, unsaid, outcome, exact, error, exchanged, metrics, model, skipped = row
    try:
        _check_texts(message, heard, unsaid, error, exchanged, metrics, model, skipped)
        if not _is_moment(at) or outcome not in get_args(OutcomeKind):
            return None
        return Turn(
            at=at,
            message=message,
            heard=heard,
            unsaid=unsaid,
            outcome=outcome,
            exact=bool(exact),
            error=error,
            exchanged=tuple(_message(fields) for fields in json.loads(exchanged)),
            metrics=_metrics(json.loads(metrics)),
            model=model,
            skipped=skipped,
        )
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return None


def conversation_of(row: Sequence[Any]) -> ConversationInfo | None:  # Any: a row of SQLite
    """A conversation as the list shows it, whatever its turns hold; None if its own row is damaged."""
    name, turns, started, last, opening, single, title = row
    if not isinstance(name, str) or not _is_moment(started):
        return None
    last = last if _is_moment(last) else started
    opening, title = (text if isinstance(text, str) else "" for text in (opening, title))
    return ConversationInfo(name, turns, started, last, opening, bool(single), title)


def clean(text: str) -> str:
    """`text` with what cannot be encoded replaced: a terminal may have passed on bytes that are not text."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _message(fields: dict[str, Any]) -> Message:  # Any: JSON that turn_values wrote
    message = Message(**{**fields, "tool_calls": tuple(ToolCall(**call) for call in fields["tool_calls"])})
    _check_texts(message.role, message.content, message.tool_name, message.tool_call_id)
    for call in message.tool_calls:
        _check_texts(call.id, call.name, call.arguments)
    return message


def _metrics(values: dict[str, Any]) -> Metrics:  # Any: JSON that turn_values wrote, by this version or another
    known = {field.name for field in dataclasses.fields(Metrics)}
    if not all(value is None or isinstance(value, int | float) for value in values.values()):
        raise TypeError("a figure that is not a number")
    return Metrics(**{name: value for name, value in values.items() if name in known})


def _check_texts(*values: object) -> None:
    if not all(isinstance(value, str) for value in values):
        raise TypeError("a text that is not text")
