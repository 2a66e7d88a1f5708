"""Any server that speaks OpenAI's POST /v1/chat/completions: llama.cpp, vLLM, LM Studio, OpenRouter, OpenAI."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import httpx

from voicebot.chat.wire.addresses import openai_address, openai_roots
from voicebot.chat.wire.api_keys import Credentials, credentials, is_sendable, key_in_file
from voicebot.chat.wire.calls import arguments_object, describe_tools, read_call
from voicebot.chat.wire.connection import ChatConnection, open_connection
from voicebot.chat.wire.failures import chat_server, reply_refused
from voicebot.chat.wire.fields import count_of, object_of, objects_of, text_of
from voicebot.chat.wire.models import ListedModel, listed_by_openai, nearest_model
from voicebot.chat.wire.replies import ReplyRequest, StreamStep, changed_settings
from voicebot.config.models import ChatOpenAI
from voicebot.errors import ChatError, ConfigError, VoicebotError
from voicebot.http.failures import Refusal, media_type, shown_address, words_of
from voicebot.http.lines import (
    MAX_LINE_BYTES,
    BadStream,
    EventDecoder,
    ServerSentEvent,
    parse_object,
    without_lone_surrogates,
)
from voicebot.http.streaming import Decoder
from voicebot.messages import Message, ReplyOptions, ReplyPart, ToolSpec, Usage
from voicebot.translation import tr

OPENAI_HOST = "api.openai.com"
END_OF_STREAM = "[DONE]"
OPTIONAL_FIELDS = ("stream_options", "chat_template_kwargs", "reasoning_effort")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_KEY_HEADERS = ("authorization", "api-key", "x-api-key")
REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details")
"""DeepSeek and llama.cpp; vLLM, Ollama and OpenRouter; OpenRouter."""


class OpenAICompatibleChat:
    """The replies of one model of a server that speaks OpenAI's dialect."""

    def __init__(self, connection: ChatConnection, config: ChatOpenAI, *, model: str) -> None:
        self._connection = connection
        self._config = config
        self._model = model

    @property
    def name(self) -> str:
        """What a person calls it, such as `llama3.2 at http://127.0.0.1:8080/v1`."""
        return f"{self._model} at {shown_address(self._config.base_url)}"

    def adjusted(self, options: ReplyOptions) -> OpenAICompatibleChat:
        """Return the same model with other settings."""
        return OpenAICompatibleChat(
            self._connection, self._config.model_copy(update=changed_settings(options)), model=self._model
        )

    def stream_reply(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        """Yield the parts of the reply to `messages`; see `ChatConnection.stream_reply`."""
        return self._connection.stream_reply(self._request(messages, tools), explain=self._explain)

    def _request(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> ReplyRequest[ServerSentEvent]:
        config = self._config
        # OpenAI's newer models refuse the name that everybody else knows.
        limit = "max_completion_tokens" if _host(config) == OPENAI_HOST else "max_tokens"
        form = {"type": config.response_format} if isinstance(config.response_format, str) else config.response_format
        kwargs = config.options.get("chat_template_kwargs")
        if config.think is not None:
            kwargs = (kwargs if isinstance(kwargs, dict) else {}) | {"enable_thinking": bool(config.think)}
        settings: dict[str, object] = {
            "temperature": config.temperature,
            "top_p": config.top_p,
            limit: config.max_tokens,
            "seed": config.seed,
            "stop": list(config.stop) or None,
            "response_format": form if form != {"type": "text"} else None,
            "stream_options": {"include_usage": True} if config.include_usage else None,
            "n": config.n if config.n > 1 else None,
            "chat_template_kwargs": kwargs,
            "reasoning_effort": config.think if isinstance(config.think, str) else None,
            "tools": describe_tools(tools) or None,
        }
        return ReplyRequest(
            "/chat/completions",
            config.options
            | {
                "model": self._model,
                "messages": [_write_message(message) for message in messages],
                "stream": True,
                **{key: value for key, value in settings.items() if value is not None},
            },
            new_decoder=_new_decoder,
            read_step=read_step,
            accept="text/event-stream",
            # Asked for here and not by name, so that they are reported as unknown if the options name them.
            optional_fields=tuple(field for field in OPTIONAL_FIELDS if field not in config.options),
            offers_tools=bool(tools),
            counts_follow=config.include_usage,
        )

    async def _explain(self, refusal: Refusal) -> VoicebotError:
        """Return the error for a refusal, with what helps."""
        hint = ""
        if refusal.status == 404 and "model" in refusal.words.lower():
            models: list[ListedModel] = []
            with suppress(ChatError):
                models = await _list_models(self._connection)
            names = [model.name for model in models]
            near = nearest_model(self._model, names) or next(iter(names), "")
            hint = (
                tr('set chat.model = "{near}"', near=near)
                if near
                else tr("set chat.model to a model that the server has")
            )
        elif refusal.status == 404:
            hint = _path_hint(self._config)
        return reply_refused(self._connection.server, refusal, hint=hint)


@asynccontextmanager
async def open_openai_compatible(config: ChatOpenAI) -> AsyncGenerator[OpenAICompatibleChat, None]:
    """Open the chat model of `config`; without a model's name, the first one that the server lists.

    Raises ChatError, ChatUnavailable when nobody answers, and ConfigError for an API key that cannot be sent.
    """
    async with _open_connection(config) as connection:
        model = config.model
        if not model:
            models = await _list_models(connection)
            if not models:
                raise ChatError(
                    tr("{name} lists no chat model", name=connection.server.name),
                    hint=tr("set chat.model to the model's name"),
                )
            model = models[0].name
        yield OpenAICompatibleChat(connection, config, model=model)


async def list_openai_models(config: ChatOpenAI) -> list[ListedModel]:
    """List the chat models of the server of `config`; raise as `open_openai_compatible` does."""
    async with _open_connection(config) as connection:
        return await _list_models(connection)


async def _list_models(connection: ChatConnection) -> list[ListedModel]:
    return listed_by_openai(await connection.get_json("/models"))


def _open_connection(config: ChatOpenAI) -> AbstractAsyncContextManager[ChatConnection]:
    base_url = openai_address(config.base_url)
    given = credentials(config, base_url, key=api_key(config))
    server = chat_server(
        tr("the chat server at {address}", address=shown_address(config.base_url)),
        start_hint=tr("start the server, or set chat.base_url to its address up to and including /v1"),
        key_hint=_key_hint(config, given),
        secrets=given.secrets,
    )
    return open_connection(base_url, config, server, given=given, roots=openai_roots(base_url))


def _new_decoder(response: httpx.Response) -> Decoder[ServerSentEvent]:
    # Some servers and proxies ignore `stream` and send the whole reply at once.
    return _WholeBody() if media_type(response) == "application/json" else EventDecoder()


def read_step(event: ServerSentEvent) -> StreamStep | None:
    """Read one event of /chat/completions, or a whole answer; None for the end mark. Raises BadStream."""
    if event.data.strip() == END_OF_STREAM:
        return None
    value = parse_object(event.data)
    choice = _first_choice(value)
    delta = object_of(choice, "delta" if "delta" in choice else "message")
    finish = text_of(choice, "finish_reason")
    error = ""
    if value.get("error") or event.name == "error" or value.get("object") == "error" or finish == "error":
        error = words_of(value) or tr("it gave no reason")
    return StreamStep(
        text=without_lone_surrogates(text_of(delta, "content") + text_of(delta, "refusal")),
        thought=any(delta.get(key) for key in REASONING_FIELDS),
        calls=tuple(read_call(call) for call in objects_of(delta, "tool_calls")),
        finish=finish,
        usage=_usage(value),
        error=error,
    )


def _usage(value: dict[str, object]) -> Usage | None:
    usage, timings = object_of(value, "usage"), object_of(value, "timings")  # llama-server measures too
    if not usage and not timings:
        return None
    return Usage(
        prompt_tokens=count_of(usage, "prompt_tokens"),
        reply_tokens=count_of(usage, "completion_tokens"),
        prompt_seconds=_seconds(timings.get("prompt_ms")),
        reply_seconds=_seconds(timings.get("predicted_ms")),
    )


def _seconds(milliseconds: object) -> float | None:
    return milliseconds / 1000 if isinstance(milliseconds, int | float) else None


def _write_message(message: Message) -> dict[str, object]:
    # Never null: llama-cpp-python refuses that.
    fields: dict[str, object] = {"role": message.role, "content": without_lone_surrogates(message.content)}
    if message.tool_calls:
        fields["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": json.dumps(arguments_object(call.arguments), ensure_ascii=False),
                },
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        fields["tool_call_id"] = message.tool_call_id
    return fields


class _WholeBody:
    """Takes the whole body as one event."""

    def __init__(self) -> None:
        self._lines = bytearray()

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        self._lines += data
        return []

    def flush(self) -> list[ServerSentEvent]:
        body, self._lines = bytes(self._lines), bytearray()
        return [ServerSentEvent(body.decode(errors="replace"))] if body else []

    def check(self) -> None:
        if len(self._lines) > MAX_LINE_BYTES:
            raise BadStream(tr("an answer of more than {limit} bytes", limit=MAX_LINE_BYTES))


def _first_choice(value: dict[str, object]) -> dict[str, object]:
    """Return the choice that is spoken; empty when the event holds none."""
    return next((choice for choice in objects_of(value, "choices") if choice.get("index", 0) == 0), {})


def _host(config: ChatOpenAI) -> str:
    try:
        return httpx.URL(config.base_url).host
    except httpx.InvalidURL:
        return ""


def api_key(config: ChatOpenAI) -> str:
    """Return the configured key, or OPENAI_API_KEY for OpenAI's own host: no other server may ever see that one."""
    key, source = config.api_key.get_secret_value().strip(), "chat.api_key"
    hint = tr("copy the key into VOICEBOT_CHAT__API_KEY again")
    if not key and config.api_key_file:
        key, source = key_in_file(config.api_key_file), config.api_key_file
        hint = tr("copy the key into the file again")
    if not key and _host(config) == OPENAI_HOST and config.base_url.startswith("https:"):
        key, source = os.environ.get("OPENAI_API_KEY", "").strip(), "OPENAI_API_KEY"
    if variable := _VARIABLE.fullmatch(key):
        raise ConfigError(
            tr(
                "{source} holds ${variable}, and variables are not looked up there", source=source, variable=variable[1]
            ),
            hint=tr(
                'leave it empty, and start voicebot with VOICEBOT_CHAT__API_KEY="${variable}"', variable=variable[1]
            ),
        )
    if not is_sendable(key):
        raise ConfigError(tr("{source} has characters that no API key has", source=source), hint=hint)
    return key


def _key_hint(config: ChatOpenAI, given: Credentials) -> str:
    """What to do when the server asks for a key; empty when it was sent one, in whichever header."""
    if not given.headers.keys().isdisjoint(_KEY_HEADERS):
        return ""
    own = tr(" or OPENAI_API_KEY") if _host(config) == OPENAI_HOST else ""
    return tr(
        "no API key is set: put it into VOICEBOT_CHAT__API_KEY{own}, or name a file in chat.api_key_file", own=own
    )


def _path_hint(config: ChatOpenAI) -> str:
    address = shown_address(openai_address(config.base_url))
    tried = tr(" nor at ").join(f"{address}{root}/chat/completions" for root in sorted(openai_roots(address)))
    return tr("there is no chat at {places}: is chat.base_url right?", places=tried)
