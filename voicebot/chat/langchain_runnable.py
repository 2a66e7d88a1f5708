"""Any LangChain runnable as the source of replies: a chat model, a chain, or an agent (LangGraph included).

LangChain itself runs on asyncio, so this backend does too.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from voicebot.config.models import ChatLangChain
from voicebot.errors import ChatError, VoicebotError
from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.messages import Message, ReplyPart, ToolCall, Usage
from voicebot.text.reasoning import ReasoningFilter

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.messages.ai import UsageMetadata
    from langchain_core.runnables import Runnable

INSTALL = 'pip install "voicebot[langchain]"'
ANSWERS = ("output", "answer")
"""Where chains that yield dicts keep what is for the listener."""
_END = "__end__"
_NOT_STREAMED = "nostream"
"""LangGraph's tag of the models whose text is nobody's business."""


class RunnableChat:
    """The replies of one runnable."""

    def __init__(
        self,
        # Any: a runnable takes and gives whatever it likes; what comes out is looked at
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
        """Yield the deltas of the reply to `messages`; of a graph, what its last nodes say and the calls of its tools.

        Raises ChatError for whatever the runnable raises. Closing the generator cancels it.
        """
        reader = _Reader()
        chunks = self._chunks(messages)
        try:
            async with aclosing(chunks):
                async for chunk, aloud in chunks:
                    for part in reader.feed(chunk, aloud=aloud):
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
                + " or ".join(repr(key) for key in ANSWERS),
            )

    async def _chunks(self, messages: Sequence[Message]) -> AsyncGenerator[tuple[object, bool], None]:
        """Yield what the runnable yields, and whether it is for the listener."""
        asked = self._input(messages)
        astream = self._runnable.astream
        chunks = astream(asked, stream_mode="messages") if self._graph else astream(asked)
        async with AsyncExitStack() as stack:
            if isinstance(chunks, AsyncGenerator):  # as everywhere in LangChain, whatever it is called there
                await stack.enter_async_context(aclosing(chunks))
            async for chunk in chunks:
                if not self._graph:
                    yield chunk, True
                    continue
                message, metadata = chunk
                if _NOT_STREAMED not in (metadata.get("tags") or ()):
                    yield message, not self._final_nodes or metadata.get("langgraph_node") in self._final_nodes

    def _input(self, messages: Sequence[Message]) -> object:
        asked: object = as_langchain(messages)
        if self._config.input == "text":
            asked = next((message.content for message in reversed(messages) if message.role == "user"), "")
        key = self._config.input_key or ("messages" if self._graph else "")
        return {key: asked} if key else asked


@asynccontextmanager
async def open_runnable(config: ChatLangChain) -> AsyncGenerator[RunnableChat, None]:
    """Import what `config` names, and call it where it is a function. Raises ChatError."""
    _check_event_loop()
    path = config.runnable
    if not path:
        raise ChatError(
            "chat.kind is langchain and nothing says what is to reply",
            hint='set chat.runnable = "package.module:attribute"',
        )
    found = await to_thread.run_sync(_import_runnable, path)
    if not hasattr(found, "astream") and callable(found):
        try:
            found = found()
            if inspect.isawaitable(found):
                found = await found
        except Exception as error:
            raise ChatError(
                f"{path} failed: {type(error).__name__}: {error}",
                hint="it is called without arguments, and returns the runnable",
            ) from error
    if not hasattr(found, "astream"):
        raise ChatError(
            f"{path} is no LangChain runnable: a {type(found).__name__} has no astream()",
            hint="name a chat model, a chain, a graph, or a function that returns one",
        )
    yield RunnableChat(found, config)


def as_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    """The conversation as LangChain's messages."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
    from langchain_core.messages.tool import invalid_tool_call, tool_call

    given: list[BaseMessage] = []
    for message in messages:
        match message.role:
            case "system":
                given.append(SystemMessage(message.content))
            case "user":
                given.append(HumanMessage(message.content))
            case "tool":
                given.append(
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
                given.append(reply)
    return given


def text_of(content: object) -> str:
    """The text of a message's content: reasoning, tool calls and images are none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    blocks = [{"type": "text", "text": block} if isinstance(block, str) else block for block in content]
    return "".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")


class _Reader:
    """Turns what a runnable yields into the parts of a reply."""

    def __init__(self) -> None:
        self.spoke = False
        self._reasoning = ReasoningFilter()
        self._id: str | None = None
        """Of the AI message that is being written."""
        self._text = False
        """Whether that message has said something."""
        self._calling: list[AIMessage] = []
        """Its chunks that carry tool calls."""
        self._usage: UsageMetadata | None = None
        self._finish = ""
        self._held: list[str] = []
        """What the last message that is not for the listener says: better than nothing."""

    def feed(self, chunk: object, *, aloud: bool = True) -> list[ReplyPart]:
        from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
        from langchain_core.messages.ai import add_usage

        match chunk:
            case AIMessage():
                parts: list[ReplyPart] = []
                if chunk.id != self._id:
                    parts += self._end_message()
                    self._id = chunk.id
                    self._held.clear()
                if chunk.usage_metadata:
                    self._usage = add_usage(self._usage, chunk.usage_metadata)
                facts = chunk.response_metadata
                self._finish = str(facts.get("finish_reason") or facts.get("done_reason") or self._finish)
                if chunk.tool_calls or chunk.invalid_tool_calls or getattr(chunk, "tool_call_chunks", None):
                    self._calling.append(chunk)
                text = text_of(chunk.content)
                if aloud:
                    return [*parts, *self._said(self._reasoning.feed(text))]
                self._held.append(text)
                return parts
            case ToolMessage():
                answer = Message(
                    "tool", text_of(chunk.content), tool_call_id=chunk.tool_call_id, tool_name=chunk.name or ""
                )
                return [*self._end_message(), answer]
            case BaseMessage():
                return []
            case str():
                return self._said(self._reasoning.feed(chunk))
            case Mapping():
                answers = (chunk.get(key) for key in ANSWERS)
                return self._said(self._reasoning.feed(next((text for text in answers if isinstance(text, str)), "")))
            case _:
                return []

    def flush(self) -> list[ReplyPart]:
        held = "" if self.spoke else "".join(self._held)
        return [*self._said(self._reasoning.feed(held)), *self._end_message()]

    def _said(self, text: str) -> list[ReplyPart]:
        if not text:
            return []
        apart = self.spoke and not self._text and self._id is not None  # another message begins
        self._text = self._text or not text.isspace()
        self.spoke = self.spoke or self._text
        return ["\n", text] if apart else [text]

    def _end_message(self) -> list[ReplyPart]:
        parts = self._said(self._reasoning.flush())
        if usage := self._usage:
            parts.append(Usage(usage["input_tokens"], usage["output_tokens"], finish_reason=self._finish))
        if self._calling:
            parts.append(Message("assistant", "", tool_calls=_calls(self._calling)))
        self._reasoning = ReasoningFilter()
        self._id, self._text, self._calling, self._usage, self._finish = None, False, [], None, ""
        return parts


def _calls(chunks: Sequence[AIMessage]) -> tuple[ToolCall, ...]:
    """The tool calls of one message, whole or in chunks."""
    from langchain_core.messages import AIMessageChunk
    from langchain_core.messages.ai import add_ai_message_chunks

    if pieces := [chunk for chunk in chunks if isinstance(chunk, AIMessageChunk)]:
        joined = add_ai_message_chunks(pieces[0], *pieces[1:])
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
    """Whether it streams in modes, as LangGraph's compiled graphs do, however it is wrapped."""
    while not hasattr(runnable, "stream_mode"):
        if (runnable := getattr(runnable, "bound", None)) is None:
            return False
    return True


def _final_nodes(runnable: Runnable[Any, Any]) -> frozenset[str]:
    """The nodes of a graph that may be its last; none where it does not tell."""
    try:
        drawn = runnable.get_graph()
    except Exception:  # noqa: BLE001 - a graph that cannot be drawn can still reply
        return frozenset()
    return frozenset(edge.source for edge in drawn.edges if edge.target == _END)


def _import_runnable(path: str) -> Any:  # Any: whatever stands there
    try:
        return import_by_path(path)
    except ImportPathError as error:
        hint = INSTALL if error.missing == "langchain_core" else error.hint
        raise ChatError(f"chat.runnable: {error}", hint=hint) from error


def _check_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        raise ChatError(
            "LangChain runs on asyncio, and this event loop is another", hint="run voicebot on asyncio"
        ) from error
