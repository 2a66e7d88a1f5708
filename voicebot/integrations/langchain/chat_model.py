"""voicebot's chat backends as a LangChain chat model: a reply that is cut off is an error, never a short answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, closing
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, Literal, TypeVar

import anyio
from anyio.from_thread import start_blocking_portal
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import (
    BaseChatModel,
    agenerate_from_stream,
    generate_from_stream,
)
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, Field, SecretStr

from voicebot.config.models import ChatOllama, ChatOpenAI
from voicebot.errors import ChatError
from voicebot.integrations.langchain.converters import as_message, as_tool_spec, call_chunk, delta_chunk, last_chunk
from voicebot.messages import Message, ToolCall, ToolSpec, Usage
from voicebot.protocols import ToolChatModel

T = TypeVar("T")

CONNECT_SECONDS = 5.0
_CHOICES = {"auto", "any", "required", "none"}
"""What `tool_choice` may say besides the name of a tool."""
_SAMPLING = ("temperature", "max_tokens", "top_p", "seed")
"""What a call may say otherwise than the model: `llm.bind(temperature=0)`."""


class ChatVoicebot(BaseChatModel):
    """A chat server that speaks OpenAI's dialect, or Ollama's own, as a LangChain chat model.

    Each request opens a connection of its own and closes it, so that one object serves any number of event loops and
    threads. Raises voicebot.errors.ChatError; if a reply breaks off, after the chunks that have come.
    """

    model: str
    """Its name on the server; empty: the server's first one."""
    backend: Literal["openai", "ollama"] = "openai"
    base_url: str | None = None
    """For `openai` up to and including /v1; None: the usual address of such a server on this machine."""
    api_key: SecretStr = SecretStr("")
    """For `openai`; OPENAI_API_KEY is used for api.openai.com only."""
    temperature: float | None = None
    max_tokens: int | None = None
    """Longest reply in model tokens."""
    top_p: float | None = None
    """Choose among the likeliest words that make up this share."""
    seed: int | None = None
    """The same seed gives the same reply, where the server can do that."""
    think: bool | Literal["low", "medium", "high", "max"] | None = None
    """Let the model think before it answers; None: as the server likes, with Ollama not."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Anything else that the server takes: merged into each request, for `ollama` into its model options."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Sent with every request; never shown."""
    query: dict[str, SecretStr] = Field(default_factory=dict)
    """Appended to the address of every request, such as {"api-version": "2024-10-21"}; never shown."""
    timeout: float | None = None
    """Seconds to wait for the first piece of a reply, and for each one after it."""
    stop: list[str] | None = None
    """The reply ends before any of these."""
    max_retries: int = 2
    """How often a request is sent again if nothing of its reply has come."""

    @property
    def _llm_type(self) -> str:
        return f"voicebot-{self.backend}"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return self.model_dump(
            include={"model", "backend", "base_url", "timeout", "stop", "max_retries", "think", "options", *_SAMPLING}
        )

    # ------------------------------------------------------------ replies

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        async with aclosing(self._astream(messages, stop, run_manager, **kwargs)) as chunks:
            return await agenerate_from_stream(chunks)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with closing(_from_thread(partial(self._chunks, messages, stop, kwargs))) as chunks:
            for chunk in chunks:
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        async with aclosing(self._chunks(messages, stop, kwargs)) as chunks:
            async for chunk in chunks:
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _chunks(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        request = _Request.of(self, stop, options)
        calls = 0
        usage = Usage()
        asked = [as_message(given) for given in messages]
        async with self._open(request) as chat:
            model = request.model or chat.name
            async with aclosing(chat.stream_reply(asked, tools=request.tools)) as reply:
                async for part in reply:
                    match part:
                        case str():
                            yield delta_chunk(part)
                        case ToolCall():
                            yield call_chunk(part, calls)
                            calls += 1
                        case Usage():
                            usage = part
                        case Message():
                            pass  # of a tool loop; LangChain has its own
        if request.has_to_call and not calls:
            raise ChatError(
                f"{model} had to use a tool and used none",
                hint='say so in the prompt, or use with_structured_output(…, method="json_schema")',
            )
        yield last_chunk(usage, model=model, provider=self._llm_type)

    def _open(self, request: _Request) -> AbstractAsyncContextManager[ToolChatModel]:
        settings: dict[str, Any] = {  # Any: what config.toml could say
            "kind": self.backend,
            "model": request.model,
            **request.sampling,
            "think": self.think,
            "options": self.options,
            "headers": self.headers,
            "query": self.query,
            "stop": tuple(request.stop),
            "retries": self.max_retries,
        }
        if self.base_url is not None:
            settings["base_url"] = self.base_url
        if self.timeout is not None:
            settings["connect_timeout_seconds"] = min(CONNECT_SECONDS, self.timeout)
            settings["first_delta_timeout_seconds"] = settings["idle_timeout_seconds"] = self.timeout
        if self.backend == "ollama":
            from voicebot.chat.ollama import open_ollama

            return open_ollama(ChatOllama.model_validate({**settings, "format": _ollama_format(request)}))
        from voicebot.chat.openai_compatible import open_openai_compatible

        settings["response_format"] = request.response_format or "text"
        return open_openai_compatible(ChatOpenAI.model_validate({**settings, "api_key": self.api_key}))

    # ------------------------------------------------------------ tools and structured output

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same model, which may ask for `tools`.

        `tool_choice` is "auto", "any" (or "required"), "none", or the name of the tool that has to be used: the model
        is offered no other. A reply that had to use a tool and did not is a ChatError.
        """
        specs = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        names = [spec["function"]["name"] for spec in specs]
        if tool_choice is not None and tool_choice not in {*_CHOICES, *names}:
            raise ValueError(f"tool_choice is {tool_choice!r}, and the tools are {', '.join(names)}")
        return self.bind(tools=specs, tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Literal["json_schema", "function_calling", "json_mode"] = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """The same model, whose replies are what `schema` describes.

        With `json_schema` the server enforces the schema; `function_calling` offers a tool of that shape; with
        `json_mode` the server writes JSON, and the prompt has to describe it.
        """
        if method == "function_calling":
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        if kwargs:
            raise ValueError(f"with_structured_output does not take {', '.join(kwargs)}")
        form: dict[str, Any] = {"type": "json_object"}
        if method == "json_schema":
            described = convert_to_json_schema(schema, strict=strict)
            named = {"name": described.get("title", "reply"), "schema": described}
            form = {
                "type": "json_schema",
                "json_schema": named if strict is None else {**named, "strict": strict},
            }
        model = self.bind(
            response_format=form, ls_structured_output_format={"kwargs": {"method": method}, "schema": schema}
        )
        parser: Runnable[Any, Any] = (
            PydanticOutputParser(pydantic_object=schema)
            if isinstance(schema, type) and is_basemodel_subclass(schema)
            else JsonOutputParser()
        )
        if not include_raw:
            return model | parser
        parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
        failed = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")


@dataclass(frozen=True, slots=True)
class _Request:
    """What one call asks for beyond the messages."""

    model: str
    stop: list[str]
    tools: list[ToolSpec]
    has_to_call: bool
    response_format: dict[str, Any] | None  # Any: a JSON schema within
    sampling: dict[str, float | None]
    """Temperature and the like, by their names."""

    @classmethod
    def of(cls, chat: ChatVoicebot, stop: list[str] | None, options: Mapping[str, Any]) -> _Request:
        known = {"model", "tools", "tool_choice", "response_format", "stream", *_SAMPLING}
        if unknown := sorted(options.keys() - known):
            raise ChatError(
                f"ChatVoicebot does not take {', '.join(unknown)}",
                hint=f"a call takes {', '.join(sorted(known))} and stop; everything else belongs in ChatVoicebot(…)",
            )
        choice = options.get("tool_choice") or "auto"
        functions = [tool["function"] for tool in options.get("tools") or ()]
        if choice not in _CHOICES:
            functions = [function for function in functions if function["name"] == choice]
        return cls(
            model=options.get("model") or chat.model,
            stop=stop if stop is not None else chat.stop or [],
            tools=[as_tool_spec(function) for function in functions if choice != "none"],
            has_to_call=choice not in {"auto", "none"},
            response_format=options.get("response_format"),
            sampling={name: options.get(name, getattr(chat, name)) for name in _SAMPLING},
        )


def _ollama_format(request: _Request) -> str | dict[str, Any]:  # Any: a JSON schema
    match request.response_format:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_object"}:
            return "json"
        case _:
            return ""


def _from_thread(source: Callable[[], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
    """Yield what `source` yields, from an event loop in a thread of its own: the caller may run one already.

    Closing the generator ends `source` before it returns.
    """
    with start_blocking_portal("asyncio") as portal:
        # Enough to read ahead; a slow caller slows the server down.
        sending, receiving = anyio.create_memory_object_stream[T](64)

        async def read() -> None:
            with sending:
                async with aclosing(source()) as items:
                    async for item in items:
                        await sending.send(item)

        async def stop() -> None:
            receiving.close()

        reading = portal.start_task_soon(read)
        try:
            while True:
                try:
                    item = portal.call(receiving.receive)
                except anyio.EndOfStream:
                    break
                yield item
            reading.result()
        finally:
            reading.cancel()
            portal.call(stop)
