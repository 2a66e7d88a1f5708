"""Between LangChain's messages and our own. The other direction of `as_message` is `chat.langchain_runnable`'s."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, GenerationChunk, LLMResult

from voicebot.chat.langchain_runnable.chunks import text_of
from voicebot.errors import ChatError
from voicebot.messages import Message, Role, ToolCall, ToolSpec, Usage

_NOT_TEXT = {"tool_use", "tool_call", "reasoning", "thinking"}
"""Blocks of an assistant's message that are sent in other ways, or not at all."""

# ---------------------------------------------------------------- what is sent


def as_message(message: BaseMessage) -> Message:
    """A LangChain message as our own. Raises ChatError for one that is not text."""
    text = _text(message)
    match message:
        case SystemMessage():
            return Message("system", text)
        case HumanMessage():
            return Message("user", text)
        case AIMessage():
            return Message("assistant", text, tool_calls=_tool_calls(message))
        case ToolMessage():
            return Message("tool", text, tool_call_id=message.tool_call_id, tool_name=message.name or "")
        case ChatMessage(role="system" | "user" | "assistant" as role):
            named: Role = role
            return Message(named, text)
        case _:
            raise ChatError(
                f"a {type(message).__name__} cannot be sent", hint="send system, human, AI and tool messages"
            )


def as_tool_spec(function: Mapping[str, Any]) -> ToolSpec:  # Any: JSON
    """A function, as OpenAI's dialect describes it, as our own."""
    return ToolSpec(
        function["name"],
        function.get("description", ""),
        function.get("parameters") or {"type": "object", "properties": {}},
    )


def _text(message: BaseMessage) -> str:
    if isinstance(message.content, list):
        kinds = {str(block.get("type")) for block in message.content if isinstance(block, dict)}
        if other := sorted(kinds - {"text"} - _NOT_TEXT):
            raise ChatError(f"voicebot sends text only: a message has {', '.join(other)}", hint="leave it out")
    return text_of(message.content)


def _tool_calls(message: AIMessage) -> tuple[ToolCall, ...]:
    whole = [
        ToolCall(call["id"] or "", call["name"], json.dumps(call["args"], ensure_ascii=False))
        for call in message.tool_calls
    ]
    broken = [ToolCall(call["id"] or "", call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls]
    return (*whole, *broken)


# ---------------------------------------------------------------- what comes back


def delta_chunk(delta: str) -> ChatGenerationChunk:
    """A delta of a reply as a chunk."""
    return ChatGenerationChunk(message=AIMessageChunk(content=delta))


def call_chunk(call: ToolCall, index: int) -> ChatGenerationChunk:
    """A tool call as a chunk; `index` counts the calls of a reply."""
    piece = tool_call_chunk(name=call.name, args=call.arguments, id=call.id, index=index)
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[piece]))


def last_chunk(usage: Usage, *, model: str, provider: str) -> ChatGenerationChunk:
    """The chunk behind the last delta: who replied, why that ended, and what it took."""
    facts = {"model_name": model, "model_provider": provider}
    if usage.finish_reason:
        facts["finish_reason"] = usage.finish_reason
    counts = None
    if usage.prompt_tokens is not None or usage.reply_tokens is not None:
        given, written = usage.prompt_tokens or 0, usage.reply_tokens or 0
        counts = UsageMetadata(input_tokens=given, output_tokens=written, total_tokens=given + written)
    return ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=facts, usage_metadata=counts))


# ---------------------------------------------------------------- what callbacks are told


def asked_text(messages: Sequence[Sequence[BaseMessage]]) -> str:
    """The text of the last message of the first conversation that a model is to reply to."""
    return text_of(messages[0][-1].content) if messages and messages[0] else ""


def delta_text(token: str | list[Any], chunk: GenerationChunk | ChatGenerationChunk | None) -> str:  # Any: blocks
    """The text that a model has just written: reasoning and tool calls are not text."""
    return text_of(chunk.message.content if isinstance(chunk, ChatGenerationChunk) else token)


def whole_reply(response: LLMResult) -> tuple[str, bool]:
    """The text of a finished reply, and whether the model calls tools with it."""
    generation = next((one for several in response.generations for one in several), None)
    message = generation.message if isinstance(generation, ChatGeneration) else None
    calls = isinstance(message, AIMessage) and bool(message.tool_calls or message.invalid_tool_calls)
    return text_of(message.content) if message else generation.text if generation else "", calls
