"""One finished turn as it is remembered, and what the chat model is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from voicebot.messages import Message
from voicebot.speech import Metrics, Outcome, OutcomeKind


@dataclass(frozen=True, slots=True)
class Turn:
    """One message and what came of it."""

    at: str
    """When it was remembered: ISO 8601 with microseconds, in UTC."""
    message: str
    """What the user said."""
    heard: str
    """The text whose audio reached the listener."""
    unsaid: str
    """The text that had arrived and was not heard."""
    outcome: OutcomeKind
    exact: bool
    """False when the end of `heard` is estimated."""
    error: str
    """Why it failed; empty if it did not."""
    exchanged: tuple[Message, ...]
    """The messages of a tool loop, in order."""
    metrics: Metrics
    model: str
    """What a person calls the chat model."""
    skipped: str = ""
    """The text that was shown and could not be made audible."""

    def messages(self) -> tuple[Message, ...]:
        """What the chat model is told: what was heard; nothing where nothing was heard and no tool has answered."""
        rest = self.heard.strip()
        exchanged = []
        for message in _answered_calls(self.exchanged):
            if message.role == "assistant":
                said, rest = _split_heard(message.content.strip(), rest)
                message = replace(message, content=said)
            exchanged.append(message)
        if not rest and not exchanged:
            return ()
        reply = Message("assistant", rest, interrupted=self.outcome != "completed", skipped=self.skipped.strip())
        return (Message("user", self.message), *exchanged, reply)


def finished_turn(message: str, outcome: Outcome, *, model: str) -> Turn:
    """The turn that has just ended."""
    return Turn(
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        message=message,
        heard=outcome.heard,
        unsaid=outcome.unsaid,
        outcome=outcome.kind,
        exact=outcome.exact,
        error=outcome.error.message if outcome.error else "",
        exchanged=outcome.exchanged,
        metrics=outcome.metrics,
        model=model,
        skipped=outcome.skipped,
    )


def _answered_calls(exchanged: Sequence[Message]) -> list[Message]:
    """The messages of a tool loop without calls that have no result: servers refuse those."""
    answered: list[Message] = []
    for start, message in enumerate(exchanged):
        if message.role == "tool":
            continue
        end = next((i for i in range(start + 1, len(exchanged)) if exchanged[i].role != "tool"), len(exchanged))
        results = exchanged[start + 1 : end]
        if not message.tool_calls:
            answered.append(message)
            continue
        open_calls = Counter(call.id for call in message.tool_calls)
        of_calls = []
        for result in results:
            if open_calls[result.tool_call_id] > 0:
                open_calls[result.tool_call_id] -= 1
                of_calls.append(result)
        with_result = Counter(result.tool_call_id for result in of_calls)
        calls = []
        for call in message.tool_calls:
            if with_result[call.id] > 0:
                with_result[call.id] -= 1
                calls.append(call)
        if calls:
            answered += [replace(message, tool_calls=tuple(calls)), *of_calls]
    return answered


def _split_heard(written: str, heard: str) -> tuple[str, str]:
    """What was heard of the text that stands before a tool call, and what was heard after it."""
    if heard.startswith(written):
        return written, heard[len(written) :].lstrip()
    if written.startswith(heard):
        return heard, ""
    return written, heard  # the text before the call was not meant to be spoken
