"""Ollama's own API, POST /api/chat: it says what its OpenAI dialect hides (errors in the middle of a reply)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import replace

import httpx

from voicebot.chat.wire.calls import (
    CallPart,
    arguments_object,
    arguments_text,
    count_of,
    described,
    objects_in,
    text_of,
)
from voicebot.chat.wire.failures import chat_server, reply_refused
from voicebot.chat.wire.models import (
    ListedModel,
    listed_by_ollama,
    loaded_by_ollama,
    nearest_model,
    ollama_models,
    shown_by_ollama,
)
from voicebot.chat.wire.replies import ReplyRequest, ReplyTimeouts, StreamStep, get_list, open_reply, stream_parts
from voicebot.config.models import ChatOllama
from voicebot.errors import ChatError, VoicebotError
from voicebot.http.client import open_client
from voicebot.http.failures import Refusal, Server, shown_address, translated, words_of
from voicebot.http.lines import LineDecoder, parse_object, without_lone_surrogates
from voicebot.http.streaming import Body
from voicebot.messages import Message, ReplyPart, ToolSpec, Usage

EXAMPLE_MODEL = "llama3.2"


class OllamaChat:
    """The replies of one model of an Ollama server."""

    def __init__(self, client: httpx.AsyncClient, config: ChatOllama, *, server: Server, model: str) -> None:
        self._client = client
        self._config = config
        self._server = server
        self._model = model
        self._timeouts = ReplyTimeouts(config.first_delta_timeout_seconds, config.idle_timeout_seconds, config.retries)

    @property
    def name(self) -> str:
        """What a person calls it, such as `ollama llama3.2`."""
        return f"ollama {self._model}"

    async def stream_reply(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        """Yield the deltas of the reply to `messages` without reasoning, then its tool calls and what was counted.

        Closing the generator ends the request. Raises ChatError, for a reply that breaks off after its deltas so far,
        and ChatUnavailable.
        """
        request = ReplyRequest(self._server, self._timeouts, tools=bool(tools))
        if self._config.api == "generate":
            if tools:
                raise ChatError(f"{self._server.name} takes no tools with generate", hint='set chat.api = "chat"')
            path, content, read = "/api/generate", self._common() | generate_request(messages), read_generate_step
        else:
            path, content, read = "/api/chat", self._common() | chat_request(messages, tools), read_step
        async with AsyncExitStack() as stack:
            answer = await stack.enter_async_context(self._open_reply(path, content, request))
            if isinstance(answer, Refusal) and answer.status == 400 and "think" in answer.words:
                # A model or a server that does not know the field can still answer.
                del content["think"]
                answer = await stack.enter_async_context(self._open_reply(path, content, request))
            if isinstance(answer, Refusal):
                raise await self._refused(answer)
            async with aclosing(stream_parts(answer, LineDecoder(), read, request=request)) as parts:
                async for part in parts:
                    yield part

    def _open_reply(
        self, path: str, content: dict[str, object], request: ReplyRequest
    ) -> AbstractAsyncContextManager[Body | Refusal]:
        return open_reply(self._client, path, content, headers={}, request=request)

    def _common(self) -> dict[str, object]:
        config = self._config
        named = {
            "temperature": config.temperature,
            "num_predict": config.max_tokens,
            "top_p": config.top_p,
            "num_ctx": config.num_ctx or None,
            "seed": config.seed,
            "stop": list(config.stop) or None,
        }
        keep_alive = config.keep_alive
        content: dict[str, object] = {
            "model": self._model,
            "stream": True,
            "think": config.think,
            # Text needs a unit there; plain seconds, and -1 for ever, must be numbers.
            "keep_alive": int(keep_alive) if keep_alive.removeprefix("-").isdecimal() else keep_alive,
            "options": config.options | {key: value for key, value in named.items() if value is not None},
        }
        if config.format:
            content["format"] = config.format
        return content

    async def _refused(self, refusal: Refusal) -> VoicebotError:
        if refusal.status == 400 and "does not support tools" in refusal.words:
            return reply_refused(
                self._server, refusal, hint="use a model that can call tools, such as qwen3, or no tools"
            )
        if refusal.status != 404 or "model" not in refusal.words:
            return reply_refused(self._server, refusal)
        try:
            models = await _list_models(self._client, self._server, self._config)
        except ChatError:
            models = []
        near = nearest_model(self._model, models)
        pull = f"run `ollama pull {self._model}`"
        return reply_refused(self._server, refusal, hint=f'set chat.model = "{near}", or {pull}' if near else pull)


@asynccontextmanager
async def open_ollama(config: ChatOllama) -> AsyncGenerator[OllamaChat, None]:
    """Open the chat model of `config`; without a model's name, the first one that the server has.

    Raises ChatError, and ChatUnavailable when nobody answers.
    """
    server = _server(config)
    async with _open_client(config, server) as client:
        model = config.model
        if not model:
            models = await _list_models(client, server, config)
            if not models:
                raise ChatError(f"{server.name} has no chat model yet", hint=f"run `ollama pull {EXAMPLE_MODEL}`")
            model = models[0]
        yield OllamaChat(client, config, server=server, model=model)


async def list_ollama_models(config: ChatOllama) -> list[ListedModel]:
    """List the chat models of the server of `config` with all that it tells of them.

    Raises ChatError, and ChatUnavailable when nobody answers.
    """
    server = _server(config)
    async with _open_client(config, server) as client:

        async def ask(path: str, content: dict[str, object] | None = None) -> object:
            seconds = config.connect_timeout_seconds
            return await get_list(client, path, headers={}, server=server, seconds=seconds, content=content)

        models = listed_by_ollama(await ask("/api/tags"))
        loaded: set[str] | None = None
        with suppress(ChatError):  # older servers do not tell
            loaded = loaded_by_ollama(await ask("/api/ps"))
            models = [
                model if model.abilities else shown_by_ollama(model, await ask("/api/show", {"model": model.name}))
                for model in models
            ]
        return [replace(model, loaded=None if loaded is None else model.name in loaded) for model in models]


def _server(config: ChatOllama) -> Server:
    return chat_server(
        f"Ollama at {shown_address(config.base_url)}",
        start_hint="start it with `ollama serve`, or set chat.base_url to its address",
    )


@asynccontextmanager
async def _open_client(config: ChatOllama, server: Server) -> AsyncGenerator[httpx.AsyncClient, None]:
    async with AsyncExitStack() as stack:
        with translated(server):
            client = await stack.enter_async_context(
                open_client(config.base_url, connect_timeout_seconds=config.connect_timeout_seconds)
            )
        yield client


def chat_request(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> dict[str, object]:
    """Return what a request to /api/chat says of the conversation."""
    content: dict[str, object] = {"messages": [_written(message) for message in messages]}
    if tools:
        content["tools"] = described(tools)
    return content


def generate_request(messages: Sequence[Message]) -> dict[str, object]:
    """Return what a request to /api/generate says of the conversation: one prompt, with who said what."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    said = [message for message in messages if message.role != "system"]
    prompt = said[0].content if len(said) == 1 else "".join(f"{_speaker(one)}: {one.content}\n" for one in said)
    prompt = prompt if len(said) == 1 else f"{prompt}Assistant:"
    return {"prompt": without_lone_surrogates(prompt), "system": without_lone_surrogates(system)}


def read_step(line: str) -> StreamStep:
    """Read one line of /api/chat; raise BadStream."""
    value = parse_object(line)
    message = value.get("message")
    fields = message if isinstance(message, dict) else {}
    return _step(value, fields, text_of(fields, "content"))


def read_generate_step(line: str) -> StreamStep:
    """Read one line of /api/generate; raise BadStream."""
    value = parse_object(line)
    return _step(value, value, text_of(value, "response"))


def _step(value: dict[str, object], fields: dict[str, object], text: str) -> StreamStep:
    if error := words_of({"error": value.get("error")}):
        return StreamStep(error=error)
    done = value.get("done") is True
    return StreamStep(
        text=without_lone_surrogates(text),
        thought=bool(fields.get("thinking")),
        calls=tuple(_call_part(call) for call in objects_in(fields.get("tool_calls"))),
        # A runner that closed its connection is done without a reason.
        finish=(text_of(value, "done_reason") or "stop") if done else "",
        usage=_usage(value) if done else None,
    )


def _call_part(call: dict[str, object]) -> CallPart:
    function = call.get("function")
    fields = function if isinstance(function, dict) else {}
    return CallPart(
        id=text_of(call, "id"),
        name=text_of(fields, "name"),
        arguments=arguments_text(fields.get("arguments")),
        whole=True,
    )


def _usage(value: dict[str, object]) -> Usage:
    def seconds(key: str) -> float | None:
        nanoseconds = count_of(value, key)
        return None if nanoseconds is None else nanoseconds / 1e9

    return Usage(
        prompt_tokens=count_of(value, "prompt_eval_count"),
        reply_tokens=count_of(value, "eval_count"),
        load_seconds=seconds("load_duration"),
        prompt_seconds=seconds("prompt_eval_duration"),
        reply_seconds=seconds("eval_duration"),
    )


def _written(message: Message) -> dict[str, object]:
    written: dict[str, object] = {"role": message.role, "content": without_lone_surrogates(message.content)}
    if message.tool_calls:
        written["tool_calls"] = [
            {
                "id": call.id,
                "function": {"index": index, "name": call.name, "arguments": arguments_object(call.arguments)},
            }
            for index, call in enumerate(message.tool_calls)
        ]
    if message.role == "tool":
        written |= {"tool_name": message.tool_name, "tool_call_id": message.tool_call_id}
    return written


def _speaker(message: Message) -> str:
    return f"Tool {message.tool_name}" if message.role == "tool" else message.role.capitalize()


async def _list_models(client: httpx.AsyncClient, server: Server, config: ChatOllama) -> list[str]:
    return ollama_models(
        await get_list(client, "/api/tags", headers={}, server=server, seconds=config.connect_timeout_seconds)
    )
