"""Ollama's own API, POST /api/chat: it says what its OpenAI dialect hides (errors in the middle of a reply)."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import anyio
import httpx

from voicebot.chat.wire.addresses import ollama_address
from voicebot.chat.wire.api_keys import credentials
from voicebot.chat.wire.calls import arguments_object, describe_tools, read_call
from voicebot.chat.wire.connection import ChatConnection, open_connection
from voicebot.chat.wire.failures import chat_server, reply_refused
from voicebot.chat.wire.fields import count_of, object_of, objects_of, text_of
from voicebot.chat.wire.models import (
    ListedModel,
    listed_by_ollama,
    loaded_by_ollama,
    nearest_model,
    shown_by_ollama,
)
from voicebot.chat.wire.replies import ReplyRequest, StreamStep, changed_settings
from voicebot.config.models import ChatOllama
from voicebot.errors import ChatError, VoicebotError
from voicebot.http.failures import Refusal, shown_address, words_of
from voicebot.http.lines import LineDecoder, parse_object, without_lone_surrogates
from voicebot.messages import Message, ReplyOptions, ReplyPart, ToolSpec, Usage
from voicebot.translation import tr

EXAMPLE_MODEL = "llama3.2"
DETAILS_SECONDS = 2.0
"""How long an older server may be asked for what each of its models can do."""


class OllamaChat:
    """The replies of one model of an Ollama server."""

    def __init__(self, connection: ChatConnection, config: ChatOllama, *, model: str) -> None:
        self._connection = connection
        self._config = config
        self._model = model

    @property
    def name(self) -> str:
        """What a person calls it, such as `ollama llama3.2`."""
        return f"ollama {self._model}"

    def adjusted(self, options: ReplyOptions) -> OllamaChat:
        """Return the same model with other settings."""
        settings = changed_settings(options)
        if form := settings.pop("response_format", None):
            settings["format"] = _format(form)
        return OllamaChat(self._connection, self._config.model_copy(update=settings), model=self._model)

    def stream_reply(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        """Yield the parts of the reply to `messages`; see `ChatConnection.stream_reply`."""
        return self._connection.stream_reply(self._request(messages, tools), explain=self._explain)

    def _request(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> ReplyRequest[str]:
        if self._config.api == "generate":
            if tools:
                raise ChatError(
                    tr("{name} does not support tools with generate", name=self._connection.server.name),
                    hint=tr('set chat.api = "chat"'),
                )
            path, said, read = "/api/generate", generate_request(messages), read_generate_step
        else:
            path, said, read = "/api/chat", chat_request(messages, tools), read_step
        return ReplyRequest(
            path,
            self._settings() | said,
            new_decoder=_new_decoder,
            read_step=read,
            optional_fields=("think",),  # unknown to old servers and to models that cannot think
            offers_tools=bool(tools),
        )

    def _settings(self) -> dict[str, object]:
        config = self._config
        options = {
            "temperature": config.temperature,
            "num_predict": config.max_tokens,
            "top_p": config.top_p,
            "num_ctx": config.num_ctx or None,
            "seed": config.seed,
            "stop": list(config.stop) or None,
        }
        keep_alive = config.keep_alive
        settings: dict[str, object] = {
            "model": self._model,
            "stream": True,
            "think": config.think or False,
            # Text needs a unit; plain seconds, and -1 for good, must be numbers.
            "keep_alive": int(keep_alive) if keep_alive.removeprefix("-").isdecimal() else keep_alive,
            "options": config.options | {key: value for key, value in options.items() if value is not None},
        }
        if config.format:
            settings["format"] = config.format
        return settings

    async def _explain(self, refusal: Refusal) -> VoicebotError:
        """Return the error for a refusal, with what helps."""
        hint = ""
        if refusal.status == 400 and "does not support tools" in refusal.words:
            hint = tr("use a model that can call tools, such as qwen3, or no tools")
        elif refusal.status == 404 and "model" in refusal.words:
            models: list[ListedModel] = []
            with suppress(ChatError):
                models = await _list_models(self._connection)
            near = nearest_model(self._model, [model.name for model in models])
            pull = tr("run `ollama pull {model}`", model=self._model)
            hint = tr('set chat.model = "{near}", or {pull}', near=near, pull=pull) if near else pull
        return reply_refused(self._connection.server, refusal, hint=hint)


def _format(form: Mapping[str, Any]) -> Any:  # Any: a JSON schema
    """The form of a reply, which OpenAI's API has as `form`."""
    match form.get("type"):
        case "json_schema":
            return object_of(object_of(dict(form), "json_schema"), "schema") or "json"
        case "json_object":
            return "json"
        case _:
            return ""


@asynccontextmanager
async def open_ollama(config: ChatOllama) -> AsyncGenerator[OllamaChat, None]:
    """Open the chat model of `config`; without a model's name, the first one that the server has.

    Raises ChatError, and ChatUnavailable when nobody answers.
    """
    async with _open_connection(config) as connection:
        model = config.model
        if not model:
            models = await _list_models(connection)
            if not models:
                raise ChatError(
                    tr("{name} has no chat model yet", name=connection.server.name),
                    hint=tr("run `ollama pull {model}`", model=EXAMPLE_MODEL),
                )
            model = models[0].name
        yield OllamaChat(connection, config, model=model)


async def list_ollama_models(config: ChatOllama, *, seconds: float = DETAILS_SECONDS) -> list[ListedModel]:
    """List the chat models of the server of `config` with all that it says of them within `seconds`.

    Raises ChatError, and ChatUnavailable when nobody answers.
    """
    async with _open_connection(config) as connection:
        models = await _list_models(connection)
        loaded: set[str] | None = None
        with suppress(ChatError):  # older servers do not say
            loaded = loaded_by_ollama(await connection.get_json("/api/ps"))
            # One request a model, where its list holds names alone: nobody waits for those of a very long one.
            with anyio.move_on_after(seconds):
                for place, model in enumerate(models):
                    if not model.abilities:
                        answer = await connection.post_json("/api/show", {"model": model.name})
                        models[place] = shown_by_ollama(model, answer)
        return [replace(model, loaded=None if loaded is None else model.name in loaded) for model in models]


async def _list_models(connection: ChatConnection) -> list[ListedModel]:
    return listed_by_ollama(await connection.get_json("/api/tags"))


def server_address(config: ChatOllama) -> str:
    """Return `config.base_url`, or what OLLAMA_HOST says where no address was configured."""
    host = os.environ.get("OLLAMA_HOST", "")
    return ollama_address(host) if host.strip() and "base_url" not in config.model_fields_set else config.base_url


def _open_connection(config: ChatOllama) -> AbstractAsyncContextManager[ChatConnection]:
    address = server_address(config)
    given = credentials(config, address)
    server = chat_server(
        tr("Ollama at {address}", address=shown_address(address)),
        start_hint=tr("start it with `ollama serve`, or set chat.base_url to its address"),
        key_hint=tr('a key goes into chat.headers, such as { Authorization = "Bearer …" }'),
        secrets=given.secrets,
    )
    return open_connection(address, config, server, given=given)


def chat_request(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> dict[str, object]:
    """Return what a request to /api/chat says of the conversation."""
    content: dict[str, object] = {"messages": [_write_message(message) for message in messages]}
    if tools:
        content["tools"] = describe_tools(tools)
    return content


def generate_request(messages: Sequence[Message]) -> dict[str, object]:
    """Return what a request to /api/generate says of the conversation: one prompt, with who said what."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    said = [message for message in messages if message.role != "system"]
    prompt = said[0].content if len(said) == 1 else "".join(f"{_speaker(one)}: {one.content}\n" for one in said)
    prompt = prompt if len(said) == 1 else f"{prompt}Assistant:"
    return {"prompt": without_lone_surrogates(prompt), "system": without_lone_surrogates(system)}


def _new_decoder(_: httpx.Response) -> LineDecoder:
    return LineDecoder()


def read_step(line: str) -> StreamStep:
    """Read one line of /api/chat; raise BadStream."""
    value = parse_object(line)
    message = object_of(value, "message")
    return _step(value, message, text_of(message, "content"))


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
        calls=tuple(read_call(call, whole=True) for call in objects_of(fields, "tool_calls")),
        # A runner that closed its connection gives no reason.
        finish=(text_of(value, "done_reason") or "stop") if done else "",
        usage=_usage(value) if done else None,
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


def _write_message(message: Message) -> dict[str, object]:
    fields: dict[str, object] = {"role": message.role, "content": without_lone_surrogates(message.content)}
    if message.tool_calls:
        fields["tool_calls"] = [
            {
                "id": call.id,
                "function": {"index": index, "name": call.name, "arguments": arguments_object(call.arguments)},
            }
            for index, call in enumerate(message.tool_calls)
        ]
    if message.role == "tool":
        fields |= {"tool_name": message.tool_name, "tool_call_id": message.tool_call_id}
    return fields


def _speaker(message: Message) -> str:
    return f"Tool {message.tool_name}" if message.role == "tool" else message.role.capitalize()
