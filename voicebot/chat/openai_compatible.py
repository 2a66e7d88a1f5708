"""Any server that speaks OpenAI's POST /v1/chat/completions: llama.cpp, vLLM, LM Studio, OpenRouter, OpenAI."""

from __future__ import annotations

import difflib
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import anyio
import httpx

from voicebot.config import ChatOpenAI
from voicebot.errors import ChatError, ChatUnavailable, ConfigError, VoicebotError
from voicebot.http.client import open_client
from voicebot.http.failures import Refusal, Server, media_type, refused, shown_address, translated, words_of
from voicebot.http.lines import (
    MAX_LINE_BYTES,
    BadStream,
    EventDecoder,
    ServerSentEvent,
    parse_object,
    without_lone_surrogates,
)
from voicebot.http.models import openai_models
from voicebot.http.replies import Patience, Step, get_list, open_reply, stream_deltas
from voicebot.http.streaming import Decoder
from voicebot.speech import Message

OPENAI_HOST = "api.openai.com"
END_OF_STREAM = "[DONE]"
REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details")
"""DeepSeek and llama.cpp; vLLM, Ollama and OpenRouter; OpenRouter."""


class OpenAICompatibleChat:
    """The replies of one model of a server that speaks OpenAI's dialect."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        config: ChatOpenAI,
        *,
        server: Server,
        model: str,
        headers: Mapping[str, str],
    ) -> None:
        self._client = client
        self._config = config
        self._server = server
        self._model = model
        self._headers = headers
        self._patience = Patience(config.first_delta_timeout_seconds, config.idle_timeout_seconds)

    @property
    def name(self) -> str:
        """What a person calls it, such as `llama3.2 at http://127.0.0.1:8080/v1`."""
        return f"{self._model} at {shown_address(self._config.base_url)}"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield the deltas of the reply to `messages` without reasoning; closing the generator ends the request.

        Raises ChatError, for a reply that breaks off after its deltas so far, and ChatUnavailable.
        """
        asked_at = anyio.current_time()
        async with open_reply(
            self._client,
            "/chat/completions",
            self._request(messages),
            headers={**self._headers, "accept": "text/event-stream"},
            server=self._server,
            patience=self._patience,
        ) as answer:
            if isinstance(answer, Refusal):
                raise await self._refused(answer)
            # Some servers and proxies ignore `stream` and send the whole reply at once.
            whole = media_type(answer.response) == "application/json"
            decoder: Decoder[ServerSentEvent] = _WholeBody() if whole else EventDecoder()
            deltas = stream_deltas(
                answer, decoder, read_step, server=self._server, patience=self._patience, asked_at=asked_at
            )
            async with aclosing(deltas):
                async for delta in deltas:
                    yield delta

    def _request(self, messages: Sequence[Message]) -> dict[str, object]:
        request: dict[str, object] = {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "stream": True,
        }
        if self._config.temperature is not None:
            request["temperature"] = self._config.temperature
        if self._config.max_tokens is not None:
            # OpenAI's newer models refuse the name that everybody else knows.
            name = "max_completion_tokens" if _host(self._config) == OPENAI_HOST else "max_tokens"
            request[name] = self._config.max_tokens
        return request

    async def _refused(self, refusal: Refusal) -> VoicebotError:
        if refusal.status != 404:
            return refused(self._server, refusal)
        if "model" not in refusal.words.lower():
            return refused(self._server, refusal, hint=_path_hint(self._config))
        try:
            models = await _list_models(self._client, self._server, self._config, self._headers)
        except ChatError:
            models = []
        near = difflib.get_close_matches(self._model, models, n=1) or models[:1]
        hint = f'set chat.model = "{near[0]}"' if near else "set chat.model to a model that the server has"
        return refused(self._server, refusal, hint=hint)


@asynccontextmanager
async def open_openai_compatible(config: ChatOpenAI) -> AsyncGenerator[OpenAICompatibleChat, None]:
    """Open the chat model of `config`; without a model's name, the first one that the server lists.

    Raises ChatError, ChatUnavailable when nobody answers, and ConfigError for an API key that cannot be sent.
    """
    key = _api_key(config)
    server = Server(
        name=f"the chat server at {shown_address(config.base_url)}",
        section="chat",
        start_hint="start the server, or set chat.base_url to its address up to and including /v1",
        failure=ChatError,
        unavailable=ChatUnavailable,
        secret=key,
    )
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with AsyncExitStack() as stack:
        with translated(server):
            client = await stack.enter_async_context(
                open_client(config.base_url, connect_timeout_seconds=config.connect_timeout_seconds)
            )
        model = config.model
        if not model:
            models = await _list_models(client, server, config, headers)
            if not models:
                raise ChatError(f"{server.name} lists no chat model", hint="set chat.model to the model's name")
            model = models[0]
        yield OpenAICompatibleChat(client, config, server=server, model=model, headers=headers)


def read_step(event: ServerSentEvent) -> Step | None:
    """Read one event of /chat/completions, or a whole answer; None for the mark at the end. Raises BadStream."""
    if event.data.strip() == END_OF_STREAM:
        return None
    value = parse_object(event.data)
    choice = _first_choice(value)
    delta = choice.get("delta", choice.get("message"))
    fields = delta if isinstance(delta, dict) else {}
    text = "".join(part for key in ("content", "refusal") if isinstance(part := fields.get(key), str))
    finish = choice.get("finish_reason")
    error = ""
    if value.get("error") or event.name == "error" or value.get("object") == "error" or finish == "error":
        error = words_of(value) or "it gave no reason"
    return Step(
        text=without_lone_surrogates(text),
        thought=any(fields.get(key) for key in REASONING_FIELDS),
        finish=finish if isinstance(finish, str) else "",
        error=error,
    )


class _WholeBody:
    """Takes a whole body for one event."""

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
            raise BadStream(f"an answer of more than {MAX_LINE_BYTES} bytes")


def _first_choice(value: dict[str, object]) -> dict[str, object]:
    choices = value.get("choices")
    if isinstance(choices, list):
        for choice in choices:
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                return choice
    return {}


def _host(config: ChatOpenAI) -> str:
    try:
        return httpx.URL(config.base_url).host
    except httpx.InvalidURL:
        return ""


def _api_key(config: ChatOpenAI) -> str:
    """Return the configured key, else OpenAI's own for OpenAI's own host: no other server may ever see that one."""
    key = config.api_key.get_secret_value().strip()
    if not key and _host(config) == OPENAI_HOST and config.base_url.startswith("https:"):
        key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not (key.isascii() and key.isprintable()):
        # Checked here: the HTTP library would put the whole header, key and all, into its error.
        raise ConfigError(
            "chat.api_key has characters that no API key has", hint="copy the key anew into VOICEBOT_CHAT__API_KEY"
        )
    return key


def _path_hint(config: ChatOpenAI) -> str:
    address = shown_address(config.base_url)
    if not address.endswith("/v1"):
        return f'most servers want /v1 at the end: chat.base_url = "{address}/v1"'
    return "is chat.base_url the address of a server with /v1/chat/completions?"


async def _list_models(
    client: httpx.AsyncClient, server: Server, config: ChatOpenAI, headers: Mapping[str, str]
) -> list[str]:
    return openai_models(
        await get_list(client, "/models", headers=headers, server=server, seconds=config.connect_timeout_seconds)
    )
