"""Any LangChain runnable as the source of replies: a chat model, a chain, or an agent (LangGraph included).

LangChain itself runs on asyncio, so this backend does too.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from voicebot.config.models import ChatLangChain
from voicebot.errors import ChatError, VoicebotError
from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.installation import extra_command
from voicebot.messages import Message, ReplyPart, ToolCall, Usage
from voicebot.text.reasoning import ReasoningFilter

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.messages.ai import UsageMetadata
    from langchain_core.runnables import Runnable

OUTPUT_KEYS = ("output", "answer")
"""Where chains that yield dicts keep what is for the listener."""
_END = "__end__"
_NOT_STREAMED = "nostream"
"""LangGraph's tag of models whose text is not for the listener."""


class RunnableChat:
    """The replies of one runnable."""

    def __init__(
        self,
        # Any: a runnable takes and yields whatever it likes; what it yields is checked
        runnable: Runnable[Any, Any],
        config: ChatLangChain,
    ) -> None:
        self._runnable = runnable
        self._config = config
        self._graph = _is_graph(runnable)
        self._final_nodes = _final_nodes(runnable) if self._graph else frozenset()

    @property
    def name(self) -> str:
        """What a person calls it, such as `langchain my.agents:graph`."""
        return f"langchain {self._config.runnable}"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        """Yield the deltas of the reply to `messages`; of a graph, what its last nodes say and its tool calls.

        Raises ChatError for anything that the runnable raises. Closing the generator cancels it.
        """
        reader = _ChunkReader()
        chunks = self._chunks(messages)
        try:
            async with aclosing(chunks):
                async for chunk, spoken in chunks:
                    for part in reader.feed(chunk, spoken=spoken):
                        yield part
            for part in reader.flush():
                yield part
        except VoicebotError as error:
            raise ChatError(f"{self._config.runnable}: {error.message}", hint=error.hint) from error
        except Exception as error:
            raise ChatError(
                f"{self._config.runnable} failed: {type(error).__name__}: {error}",
                hint="the runnable is your own: call its astream() alone to see where it fails",
            ) from error
        if not reader.spoke:
            raise ChatError(
                f"the reply of {self._config.runnable} is empty",
                hint="voicebot speaks text, AI messages, and dicts with one of these under "
                + " or ".join(repr(key) for key in OUTPUT_KEYS),
            )

    async def _chunks(self, messages: Sequence[Message]) -> AsyncGenerator[tuple[object, bool], None]:
        """Yield what the runnable yields, and whether it is for the listener."""
        given = self._input(messages)
        astream = self._runnable.astream
        chunks = astream(given, stream_mode="messages") if self._graph else astream(given)
        async with AsyncExitStack() as stack:
            if isinstance(chunks, AsyncGenerator):  # it always is in LangChain, whose types promise an iterator
                await stack.enter_async_context(aclosing(chunks))
            async for chunk in chunks:
                if not self._graph:
                    yield chunk, True
                    continue
                message, metadata = chunk
                if _NOT_STREAMED not in (metadata.get("tags") or ()):
                    yield message, not self._final_nodes or metadata.get("langgraph_node") in self._final_nodes

    def _input(self, messages: Sequence[Message]) -> object:
        given: object = as_langchain(messages)
        if self._config.input == "text":
            given = next((message.content for message in reversed(messages) if message.role == "user"), "")
        key = self._config.input_key or ("messages" if self._graph else "")
        return {key: given} if key else given


@asynccontextmanager
async def open_runnable(config: ChatLangChain) -> AsyncGenerator[RunnableChat, None]:
    """Import what `config` names, and call it if it is a function. Raises ChatError."""
    _check_event_loop()
    path = config.runnable
    if not path:
        raise ChatError(
            "chat.kind is langchain, but nothing says what is to reply",
            hint='set chat.runnable = "package.module:attribute"',
        )
    runnable = await to_thread.run_sync(_import_runnable, path)
    if not hasattr(runnable, "astream") and callable(runnable):
        try:
            runnable = runnable()
            if inspect.isawaitable(runnable):
                runnable = await runnable
        except Exception as error:
            raise ChatError(
                f"{path} failed: {type(error).__name__}: {error}",
                hint="it is called without arguments and must return the runnable",
            ) from error
    if not hasattr(runnable, "astream"):
        raise ChatError(
            f"{path} is not a LangChain runnable: a {type(runnable).__name__} has no astream()",
            hint="name a chat model, a chain, a graph, or a function that returns one",
        )
    yield RunnableChat(runnable, config)


def as_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    """Return the conversation as LangChain's messages."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
    from langchain_core.messages.tool import invalid_tool_call, tool_call

    converted: list[BaseMessage] = []
    for message in messages:
        match message.role:
            case "system":
                converted.append(SystemMessage(message.content))
            case "user":
                converted.append(HumanMessage(message.content))
            case "tool":
                converted.append(
                    ToolMessage(message.content, tool_call_id=message.tool_call_id, name=message.tool_name or None)
                )
            case "assistant":
                reply = AIMessage(message.content)
                for call in message.tool_calls:
                    arguments = _arguments(call)
                    if arguments is None:
                        reply.invalid_tool_calls.append(
                            invalid_tool_call(name=call.name, args=call.arguments, id=call.id, error=None)
                        )
                    else:
                        reply.tool_calls.append(tool_call(name=call.name, args=arguments, id=call.id))
                converted.append(reply)
    return converted


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


class _ChunkReader:
    """Turns what a runnable yields into the parts of a reply."""

    def __init__(self) -> None:
        self.spoke = False
        self._message = _OpenMessage()
        self._held: list[str] = []
        """What the last message that is not for the listener says: better than nothing."""

    def feed(self, chunk: object, *, spoken: bool = True) -> list[ReplyPart]:
        """Return the parts of the reply that `chunk` completes; what is not `spoken` is held."""
        from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

        match chunk:
            case AIMessage():
                return self._ai_message(chunk, spoken=spoken)
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
        """Return what is left; of a reply without a word for the listener, what was held."""
        held = "" if self.spoke else "".join(self._held)
        return [*self._text(held), *self._end_message()]

    def _ai_message(self, chunk: AIMessage, *, spoken: bool) -> list[ReplyPart]:
        from langchain_core.messages.ai import add_usage

        parts: list[ReplyPart] = []
        if chunk.id != self._message.id:
            parts += self._end_message()
            self._message.id = chunk.id
            self._held.clear()
        message = self._message
        if chunk.usage_metadata:
            message.usage = add_usage(message.usage, chunk.usage_metadata)
        facts = chunk.response_metadata
        message.finish = str(facts.get("finish_reason") or facts.get("done_reason") or message.finish)
        if chunk.tool_calls or chunk.invalid_tool_calls or getattr(chunk, "tool_call_chunks", None):
            message.call_chunks.append(chunk)
        text = text_of(chunk.content)
        if spoken:
            return [*parts, *self._text(text)]
        self._held.append(text)
        return parts

    def _text(self, text: str) -> list[ReplyPart]:
        return self._spoken(self._message.reasoning.feed(text))

    def _spoken(self, text: str) -> list[ReplyPart]:
        if not text:
            return []
        message = self._message
        follows = self.spoke and not message.spoke and message.id is not None  # the first text after another message
        message.spoke = message.spoke or not text.isspace()
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


def _arguments(call: ToolCall) -> dict[str, Any] | None:  # Any: whatever the model wrote
    try:
        value = json.loads(call.arguments or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _is_graph(runnable: object) -> bool:
    """Tell whether it streams in modes, as LangGraph's compiled graphs do, however it is wrapped."""
    while not hasattr(runnable, "stream_mode"):
        if (runnable := getattr(runnable, "bound", None)) is None:
            return False
    return True


def _final_nodes(runnable: Runnable[Any, Any]) -> frozenset[str]:
    """Return the nodes of a graph that may be its last; none if the graph does not say."""
    try:
        drawn = runnable.get_graph()
    except Exception:  # noqa: BLE001 - a graph that cannot be drawn can still reply
        return frozenset()
    return frozenset(edge.source for edge in drawn.edges if edge.target == _END)


def _import_runnable(path: str) -> Any:  # Any: whatever stands there
    try:
        return import_by_path(path)
    except ImportPathError as error:
        hint = extra_command("langchain") if error.missing == "langchain_core" else error.hint
        raise ChatError(f"chat.runnable: {error}", hint=hint) from error


def _check_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        raise ChatError(
            "LangChain runs on asyncio, but this event loop is another one", hint="run voicebot on asyncio"
        ) from error
