"""What a runnable yields, read as the parts of a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicebot.chat.langchain_runnable.graphs import Asides, When
from voicebot.messages import Message, ReplyPart, ToolCall, Usage
from voicebot.text.reasoning import ReasoningFilter

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.messages.ai import UsageMetadata

OUTPUT_KEYS = ("output", "answer")
"""Where chains that yield dicts keep what is for the listener."""


@dataclass(frozen=True, slots=True)
class Update:
    """What nodes of a graph have put into its state."""

    content: object


def text_of(content: object) -> str:
    """Return the text in a message's content, without reasoning, tool calls and images."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    blocks = [{"type": "text", "text": block} if isinstance(block, str) else block for block in content]
    return "".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")


@dataclass(slots=True)
class _OpenMessage:
    """The AI message that is being written."""

    id: str | None = None
    spoke: bool = False
    reasoning: ReasoningFilter = field(default_factory=ReasoningFilter)
    call_chunks: list[AIMessage] = field(default_factory=list)
    """Those of its chunks that carry tool calls."""
    usage: UsageMetadata | None = None
    finish: str = ""


class ChunkReader:
    """Turns what a runnable yields into the parts of a reply."""

    def __init__(self) -> None:
        self.spoke = False
        self._message = _OpenMessage()
        self._asides = Asides()

    def feed(self, chunk: object, *, when: When = "now") -> list[ReplyPart]:
        """Return the parts of the reply that `chunk` completes; what is not for the listener now is held."""
        from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

        match chunk:
            case AIMessage():
                return self._ai_message(chunk, when)
            case Update():
                self._asides.keep(chunk.content)
                return []
            case ToolMessage():
                result = Message(
                    "tool", text_of(chunk.content), tool_call_id=chunk.tool_call_id, tool_name=chunk.name or ""
                )
                return [*self._end_message(), result]
            case BaseMessage():
                return []
            case str():
                return self._text(chunk)
            case Mapping():
                outputs = (chunk.get(key) for key in OUTPUT_KEYS)
                return self._text(next((text for text in outputs if isinstance(text, str)), ""))
            case _:
                return []

    def flush(self) -> list[ReplyPart]:
        """Return what is left, and what was held if it is the answer after all."""
        ended = self._end_message()
        return [*ended, *self._text(self._asides.answer(spoke=self.spoke)), *self._end_message()]

    def _ai_message(self, chunk: AIMessage, when: When) -> list[ReplyPart]:
        from langchain_core.messages.ai import add_usage

        parts: list[ReplyPart] = []
        if chunk.id != self._message.id:
            parts += self._end_message()
            self._message.id = chunk.id
        message = self._message
        if chunk.usage_metadata:
            message.usage = add_usage(message.usage, chunk.usage_metadata)
        facts = chunk.response_metadata
        message.finish = str(facts.get("finish_reason") or facts.get("done_reason") or message.finish)
        if chunk.tool_calls or chunk.invalid_tool_calls or getattr(chunk, "tool_call_chunks", None):
            message.call_chunks.append(chunk)
        text = text_of(chunk.content)
        if when == "now":
            return [*parts, *self._text(text)]
        self._asides.add(chunk.id, text, when=when)
        return parts

    def _text(self, text: str) -> list[ReplyPart]:
        return self._spoken(self._message.reasoning.feed(text))

    def _spoken(self, text: str) -> list[ReplyPart]:
        if not text:
            return []
        message = self._message
        follows = self.spoke and not message.spoke and message.id is not None  # the first text after another message
        if not text.isspace():
            message.spoke = True
            self._asides.forget()
        self.spoke = self.spoke or message.spoke
        return ["\n", text] if follows else [text]

    def _end_message(self) -> list[ReplyPart]:
        message = self._message
        parts = self._spoken(message.reasoning.flush())
        if usage := message.usage:
            parts.append(Usage(usage["input_tokens"], usage["output_tokens"], finish_reason=message.finish))
        if message.call_chunks:
            parts.append(Message("assistant", "", tool_calls=_calls(message.call_chunks)))
        self._message = _OpenMessage()
        return parts


def _calls(chunks: Sequence[AIMessage]) -> tuple[ToolCall, ...]:
    """Return the tool calls of one message, whole or in chunks."""
    from langchain_core.messages import AIMessageChunk
    from langchain_core.messages.ai import add_ai_message_chunks

    if parts := [chunk for chunk in chunks if isinstance(chunk, AIMessageChunk)]:
        joined = add_ai_message_chunks(parts[0], *parts[1:])
        return tuple(
            ToolCall(call["id"] or "", call["name"] or "", call["args"] or "{}") for call in joined.tool_call_chunks
        )
    return tuple(
        ToolCall(call["id"] or "", call["name"], json.dumps(call["args"], ensure_ascii=False))
        for chunk in chunks
        for call in chunk.tool_calls
    )
