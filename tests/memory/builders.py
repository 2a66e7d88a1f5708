"""Turns and memories for tests of the memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from voicebot.errors import VoicebotError
from voicebot.memory.history import open_history
from voicebot.memory.persistent import PersistentMemory, open_persistent_memory
from voicebot.memory.turns import Turn, finished_turn
from voicebot.memory.window import WindowMemory
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


@asynccontextmanager
async def open_memory(
    file: Path,
    *,
    conversation: str | None,
    notify: Callable[[str], None] = print,
    turns: int = 5,
    summary: bool = False,
) -> AsyncGenerator[PersistentMemory, None]:
    """The memory of a conversation that has the history to itself."""
    window = WindowMemory(system_prompt="S", turns=turns, summary=summary)
    async with (
        open_history(str(file), notify=notify) as history,
        open_persistent_memory(window, history, conversation=conversation, notify=notify) as memory,
    ):
        yield memory


async def keep_turns(memory: PersistentMemory, *messages: str) -> None:
    """Have a turn for each of `messages`."""
    for message in messages:
        memory.remember(message, outcome("はい。"), model="m")
        await memory.keep()
