"""Any LangChain runnable as the source of replies: a chat model, a chain, or an agent (LangGraph included).

LangChain itself runs on asyncio, so this backend does too. From the top down:

    graphs   whose text is the answer of a graph, and when that is known
    chunks   what a runnable yields, read as the parts of a reply
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from voicebot.chat.langchain_runnable.chunks import OUTPUT_KEYS, ChunkReader, Update
from voicebot.chat.langchain_runnable.graphs import Nodes, When, graph_in, nodes_of
from voicebot.config.models import ChatLangChain
from voicebot.errors import ChatError, VoicebotError
from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.installation import extra_command
from voicebot.messages import Message, ReplyPart, ToolCall

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable

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
        self._graph = graph_in(runnable)
        self._nodes = nodes_of(runnable) if self._graph else Nodes(None, frozenset())

    @property
    def name(self) -> str:
        """What a person calls it, such as `langchain my.agents:graph`."""
        return f"langchain {self._config.runnable}"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        """Yield the deltas of the reply to `messages`; of a graph, what its last nodes say and its tool calls.

        Raises ChatError for anything that the runnable raises. Closing the generator cancels it.
        """
        reader = ChunkReader()
        chunks = self._chunks(messages)
        try:
            async with aclosing(chunks):
                async for chunk, when in chunks:
                    for part in reader.feed(chunk, when=when):
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

    async def _chunks(self, messages: Sequence[Message]) -> AsyncGenerator[tuple[object, When], None]:
        """Yield what the runnable yields, and when it is for the listener."""
        given = self._input(messages)
        astream = self._runnable.astream
        chunks = astream(given, stream_mode=["messages", "updates"]) if self._graph else astream(given)
        async with AsyncExitStack() as stack:
            if isinstance(chunks, AsyncGenerator):  # it always is in LangChain, whose types promise an iterator
                await stack.enter_async_context(aclosing(chunks))
            async for chunk in chunks:
                if not self._graph:
                    yield chunk, "now"
                    continue
                mode, content = chunk
                if mode == "updates":
                    yield Update(content), "now"
                    continue
                message, metadata = content
                if _NOT_STREAMED not in (metadata.get("tags") or ()):
                    yield message, self._nodes.when(metadata.get("langgraph_node"))

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


def _arguments(call: ToolCall) -> dict[str, Any] | None:  # Any: whatever the model wrote
    try:
        value = json.loads(call.arguments or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


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
