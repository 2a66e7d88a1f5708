"""Ollama's own API, POST /api/chat: it says what its OpenAI dialect hides (errors in the middle of a reply)."""

from __future__ import annotations

import difflib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager

import anyio
import httpx

from voicebot.config import ChatOllama
from voicebot.errors import ChatError, ChatUnavailable, VoicebotError
from voicebot.http.client import open_client
from voicebot.http.failures import Refusal, Server, refused, shown_address, translated, words_of
from voicebot.http.lines import LineDecoder, parse_object, without_lone_surrogates
from voicebot.http.models import ollama_models
from voicebot.http.replies import Patience, Step, get_list, open_reply, stream_deltas
from voicebot.http.streaming import Body
from voicebot.speech import Message

EXAMPLE_MODEL = "llama3.2"


class OllamaChat:
    """The replies of one model of an Ollama server."""

    def __init__(self, client: httpx.AsyncClient, config: ChatOllama, *, server: Server, model: str) -> None:
        self._client = client
        self._config = config
        self._server = server
        self._model = model
        self._patience = Patience(config.first_delta_timeout_seconds, config.idle_timeout_seconds)

    @property
    def name(self) -> str:
        """What a person calls it, such as `ollama llama3.2`."""
        return f"ollama {self._model}"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield the deltas of the reply to `messages` without reasoning; closing the generator ends the request.

        Raises ChatError, for a reply that breaks off after its deltas so far, and ChatUnavailable.
        """
        asked_at = anyio.current_time()
        content = self._request(messages)
        async with AsyncExitStack() as stack:
            answer = await stack.enter_async_context(self._open_reply(content))
            if isinstance(answer, Refusal) and answer.status == 400 and "think" in answer.words:
                # A model or a server that does not know the field can still answer.
                del content["think"]
                answer = await stack.enter_async_context(self._open_reply(content))
            if isinstance(answer, Refusal):
                raise await self._refused(answer)
            deltas = stream_deltas(
                answer, LineDecoder(), read_step, server=self._server, patience=self._patience, asked_at=asked_at
            )
            async with aclosing(deltas):
                async for delta in deltas:
                    yield delta

    def _open_reply(self, content: dict[str, object]) -> AbstractAsyncContextManager[Body | Refusal]:
        return open_reply(self._client, "/api/chat", content, headers={}, server=self._server, patience=self._patience)

    def _request(self, messages: Sequence[Message]) -> dict[str, object]:
        keep_alive = self._config.keep_alive
        options: dict[str, object] = {}
        if self._config.temperature is not None:
            options["temperature"] = self._config.temperature
        if self._config.max_tokens is not None:
            options["num_predict"] = self._config.max_tokens
        return {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "stream": True,
            "think": self._config.think,
            # Text needs a unit there; plain seconds, and -1 for ever, must be numbers.
            "keep_alive": int(keep_alive) if keep_alive.removeprefix("-").isdecimal() else keep_alive,
            "options": options,
        }

    async def _refused(self, refusal: Refusal) -> VoicebotError:
        if refusal.status != 404 or "model" not in refusal.words:
            return refused(self._server, refusal)
        try:
            models = await _list_models(self._client, self._server, self._config)
        except ChatError:
            models = []
        near = difflib.get_close_matches(self._model, models, n=1)
        pull = f"run `ollama pull {self._model}`"
        return refused(self._server, refusal, hint=f'set chat.model = "{near[0]}", or {pull}' if near else pull)


@asynccontextmanager
async def open_ollama(config: ChatOllama) -> AsyncGenerator[OllamaChat, None]:
    """Open the chat model of `config`; without a model's name, the first one that the server has.

    Raises ChatError, and ChatUnavailable when nobody answers.
    """
    server = Server(
        name=f"Ollama at {shown_address(config.base_url)}",
        section="chat",
        start_hint="start it with `ollama serve`, or set chat.base_url to its address",
        failure=ChatError,
        unavailable=ChatUnavailable,
    )
    async with AsyncExitStack() as stack:
        with translated(server):
            client = await stack.enter_async_context(
                open_client(config.base_url, connect_timeout_seconds=config.connect_timeout_seconds)
            )
        model = config.model
        if not model:
            models = await _list_models(client, server, config)
            if not models:
                raise ChatError(f"{server.name} has no chat model yet", hint=f"run `ollama pull {EXAMPLE_MODEL}`")
            model = models[0]
        yield OllamaChat(client, config, server=server, model=model)


def read_step(line: str) -> Step:
    """Read one line of /api/chat; raise BadStream."""
    value = parse_object(line)
    if error := words_of({"error": value.get("error")}):
        return Step(error=error)
    message = value.get("message")
    fields = message if isinstance(message, dict) else {}
    content = fields.get("content")
    finish = value.get("done_reason")
    return Step(
        text=without_lone_surrogates(content) if isinstance(content, str) else "",
        thought=bool(fields.get("thinking")),
        # A runner that closed its connection is done without a reason.
        finish=(finish if isinstance(finish, str) and finish else "stop") if value.get("done") is True else "",
    )


async def _list_models(client: httpx.AsyncClient, server: Server, config: ChatOllama) -> list[str]:
    return ollama_models(
        await get_list(client, "/api/tags", headers={}, server=server, seconds=config.connect_timeout_seconds)
    )
