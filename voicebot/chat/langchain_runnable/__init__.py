"""Any LangChain runnable as the source of replies: a chat model, a chain, or an agent (LangGraph included).

LangChain itself runs on asyncio, so this backend does too. From the top down:

    graphs   whose text is the answer of a graph, and when that is known
    chunks   what a runnable yields, read as the parts of a reply
    threads  what a graph with a checkpointer knows of the conversation already
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from anyio import to_thread

from voicebot.chat.langchain_runnable.chunks import OUTPUT_KEYS, ChunkReader, Update
from voicebot.chat.langchain_runnable.graphs import Nodes, When, graph_in, nodes_of
from voicebot.chat.langchain_runnable.threads import keeps_threads, known_messages, replaces_by_id, thread_of, untold
from voicebot.config.models import ChatLangChain
from voicebot.errors import ChatError, VoicebotError
from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.installation import extra_command
from voicebot.messages import Message, ReplyPart, ToolCall
from voicebot.translation import about, tr

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
        *,
        conversation: str = "",
    ) -> None:
        """`conversation` is the id of the thread in which a graph with a checkpointer keeps it; empty: a new one."""
        self._runnable = runnable
        self._config = config
        self._graph = graph_in(runnable)
        self._thread = thread_of(runnable, conversation or str(uuid4()))
        self._nodes = nodes_of(runnable) if self._graph else Nodes(None, frozenset())

    @property
    def name(self) -> str:
        """What a person calls it, such as `langchain my.agents:graph`."""
        return f"langchain {self._config.runnable}"

    def for_conversation(self, conversation: str) -> RunnableChat:
        """Return the same for the conversation with this id."""
        return RunnableChat(self._runnable, self._config, conversation=conversation)

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
            raise ChatError(about(self._config.runnable, error.message), hint=error.hint) from error
        except Exception as error:
            raise ChatError(
                tr(
                    "{runnable} failed: {kind}: {error}",
                    runnable=self._config.runnable,
                    kind=type(error).__name__,
                    error=error,
                ),
                hint=tr("the runnable is your own: call its astream() alone to see where it fails"),
            ) from error
        if not reader.spoke:
            raise ChatError(
                tr("the reply of {runnable} is empty", runnable=self._config.runnable),
                hint=tr(
                    "voicebot speaks text, AI messages, and dicts with one of these under {keys}",
                    keys=tr(" or ").join(repr(key) for key in OUTPUT_KEYS),
                ),
            )

    async def _chunks(self, messages: Sequence[Message]) -> AsyncGenerator[tuple[object, When], None]:
        """Yield what the runnable yields, and when it is for the listener."""
        astream = self._runnable.astream
        if self._graph:
            given = await self._told(messages) if keeps_threads(self._runnable) else self._input(messages)
            # A graph elsewhere would look for the thread on its server.
            thread = self._thread if hasattr(self._graph, "checkpointer") else None
            chunks = astream(given, thread, stream_mode=["messages", "updates"])
        else:
            chunks = astream(self._input(messages), self._thread)
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

    async def _told(self, messages: Sequence[Message]) -> object:
        """Return the input of a graph that keeps the conversation itself: what it does not know yet."""
        from langchain_core.messages import AIMessage

        if self._config.input == "text":
            return self._input(messages)
        new = untold(await known_messages(self._runnable, self._thread, self._key), messages)
        told = as_langchain(new.messages)
        if new.heard is not None and replaces_by_id(self._runnable, self._key):
            told.insert(0, AIMessage(new.heard, id=new.answer_id))
        return {self._key: told}

    def _input(self, messages: Sequence[Message]) -> object:
        given: object = as_langchain(messages)
        if self._config.input == "text":
            given = next((message.content for message in reversed(messages) if message.role == "user"), "")
        return {self._key: given} if self._key else given

    @property
    def _key(self) -> str:
        return self._config.input_key or ("messages" if self._graph else "")


@asynccontextmanager
async def open_runnable(config: ChatLangChain) -> AsyncGenerator[RunnableChat, None]:
    """Import what `config` names, and call it if it is a function. Raises ChatError."""
    _check_event_loop()
    path = config.runnable
    if not path:
        raise ChatError(
            tr("chat.kind is langchain, but nothing says what is to reply"),
            hint=tr('set chat.runnable = "package.module:attribute"'),
        )
    runnable = await to_thread.run_sync(_import_runnable, path)
    if not hasattr(runnable, "astream") and callable(runnable):
        try:
            runnable = runnable()
            if inspect.isawaitable(runnable):
                runnable = await runnable
        except Exception as error:
            raise ChatError(
                tr("{path} failed: {kind}: {error}", path=path, kind=type(error).__name__, error=error),
                hint=tr("it is called without arguments and must return the runnable"),
            ) from error
    if not hasattr(runnable, "astream"):
        raise ChatError(
            tr(
                "{path} is not a LangChain runnable: a {kind} has no astream()",
                path=path,
                kind=type(runnable).__name__,
            ),
            hint=tr("name a chat model, a chain, a graph, or a function that returns one"),
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
        raise ChatError(about("chat.runnable", error), hint=hint) from error


def _check_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        raise ChatError(
            tr("LangChain runs on asyncio, but this event loop is another one"), hint=tr("run voicebot on asyncio")
        ) from error
