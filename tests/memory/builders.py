"""Turns for tests of the memory."""

from __future__ import annotations

from voicebot.errors import VoicebotError
from voicebot.memory.turns import Turn, finished_turn
from voicebot.messages import Message, ToolCall
from voicebot.speech import Metrics, Outcome, OutcomeKind


def outcome(
    heard: str,
    *,
    kind: OutcomeKind = "completed",
    unsaid: str = "",
    exchanged: tuple[Message, ...] = (),
    prompt_tokens: int | None = None,
    error: VoicebotError | None = None,
) -> Outcome:
    metrics = Metrics(ttft=0.5, ttfa=0.75, prompt_tokens=prompt_tokens)
    return Outcome(kind, heard, unsaid, kind == "completed", metrics, error, exchanged)


def turn(message: str, heard: str = "はい。", *, kind: OutcomeKind = "completed", unsaid: str = "") -> Turn:
    return finished_turn(message, outcome(heard, kind=kind, unsaid=unsaid), model="scripted")


def call(id: str, name: str = "clock", content: str = "") -> Message:
    """What the model sends to have one tool used."""
    return Message("assistant", content, tool_calls=(ToolCall(id, name, "{}"),))


def result(id: str, content: str = "12:30", name: str = "clock") -> Message:
    return Message("tool", content, tool_call_id=id, tool_name=name)
