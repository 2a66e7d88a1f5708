"""What a graph with a checkpointer already knows of a conversation: it is sent the rest, and nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voicebot.chat.langchain_runnable.chunks import text_of
from voicebot.chat.langchain_runnable.graphs import graph_in
from voicebot.messages import Message

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig


@dataclass(frozen=True, slots=True)
class Untold:
    """What a thread has to be told before it can reply."""

    messages: Sequence[Message]
    heard: str | None = None
    """What was heard of its last answer, where that was interrupted."""
    answer_id: str | None = None
    """The id of that answer."""


def thread_of(runnable: object, conversation: str) -> RunnableConfig:
    """Return the configuration with the thread of a conversation: the one that was bound to the runnable, if any."""
    bound: object = runnable
    while bound is not None:
        given = (getattr(bound, "config", None) or {}).get("configurable") or {}
        if given.get("thread_id"):
            return {"configurable": {"thread_id": given["thread_id"]}}
        bound = getattr(bound, "bound", None)
    return {"configurable": {"thread_id": conversation}}


def keeps_threads(runnable: object) -> bool:
    """Tell whether `runnable` is a graph with a checkpointer of its own."""
    checkpointer = getattr(graph_in(runnable), "checkpointer", None)
    return checkpointer is not None and not isinstance(checkpointer, bool)


async def known_messages(runnable: object, config: RunnableConfig, key: str) -> list[BaseMessage]:
    """Return the messages that the thread keeps under `key`."""
    from langchain_core.messages import BaseMessage

    state: Any = await graph_in(runnable).aget_state(config)  # Any: LangGraph's own
    values = state.values.get(key) if isinstance(state.values, dict) else None
    return [message for message in values if isinstance(message, BaseMessage)] if isinstance(values, list) else []


def replaces_by_id(runnable: object, key: str) -> bool:
    """Tell whether a message under `key` takes the place of the one that has its id."""
    from langgraph.graph.message import add_messages

    channels: dict[str, object] = getattr(graph_in(runnable), "channels", {})
    return getattr(channels.get(key), "operator", None) is add_messages


def untold(known: Sequence[BaseMessage], messages: Sequence[Message]) -> Untold:
    """Return what of `messages` a thread that knows `known` has to be told: all behind the last common question."""
    from langchain_core.messages import AIMessage

    if not known:
        return Untold(messages)
    asked = {message.content: place for place, message in enumerate(messages[:-1]) if message.role == "user"}
    questions = {place: text_of(message.content) for place, message in enumerate(known) if message.type == "human"}
    common = max((place for place, question in questions.items() if question in asked), default=None)
    if common is None:
        return Untold([message for message in messages if message.role != "system"])
    behind = messages[asked[questions[common]] + 1 :]
    answer = known[-1]
    if not isinstance(answer, AIMessage) or answer.tool_calls or common < max(questions):
        # It was interrupted before the thread had an answer; calls that the thread may have are not told twice.
        return Untold([message for message in behind if message.role == "user" or _is_answer(message)])
    first = next(place for place, message in enumerate(behind) if message.role == "user")
    cut = next((message.content for message in behind[:first] if message.interrupted), None)
    return Untold(behind[first:], cut, answer.id)


def _is_answer(message: Message) -> bool:
    return message.role == "assistant" and bool(message.content) and not message.tool_calls
