"""Finds a chat server on this machine by what it answers, not by its port."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
import httpx

from voicebot.config import ChatAuto, ChatOllama, ChatOpenAI, ChatServer
from voicebot.http.client import is_loopback, open_client
from voicebot.http.failures import shown_address
from voicebot.http.lines import BadStream
from voicebot.http.models import ollama_models, openai_models
from voicebot.http.streaming import JsonAnswer, get_json

SEARCH_SECONDS = 0.3
OLLAMA_PORT = 11434
OTHER_PORTS = (8080, 8000, 1234)
"""llama-server; llama_cpp.server and vLLM; LM Studio."""
VERSION, TAGS, MODELS = "/api/version", "/api/tags", "/v1/models"


@dataclass(frozen=True, slots=True)
class Found:
    """What the search came to."""

    config: ChatOllama | ChatOpenAI | None
    """The server to use, with the model, limits and time-outs of the search's own section."""
    why: str
    """One sentence for the user."""


Answers = Mapping[tuple[str, str], JsonAnswer]
"""What came back in time, by candidate and path."""


async def find_server(
    config: ChatAuto, *, candidates: Sequence[str] | None = None, seconds: float | None = None
) -> Found:
    """Ask `config.base_url` or else all `candidates` at once, and take the first in their order that can chat.

    Candidates are addresses without /v1; by default the usual ones of this machine. Takes at most 0.3 s for them, and
    `config.connect_timeout_seconds` for a base_url, which may be far away. Raises nothing.
    """
    if config.base_url is not None:
        candidates = [_root(config.base_url)]
    elif candidates is None:
        candidates = usual_candidates(os.environ)
    if seconds is None:
        seconds = SEARCH_SECONDS if config.base_url is None else config.connect_timeout_seconds
    key = config.api_key.get_secret_value().strip()
    # Only to a server that was named: whatever listens on a usual port has no business with it.
    named = config.base_url is not None and key.isascii() and key.isprintable()
    headers = {"authorization": f"Bearer {key}"} if key and named else None
    answers: dict[tuple[str, str], JsonAnswer] = {}
    async with AsyncExitStack() as clients:
        asked: list[tuple[str, httpx.AsyncClient]] = []
        for candidate in candidates:
            try:
                client = await clients.enter_async_context(open_client(candidate, connect_timeout_seconds=seconds))
            except httpx.InvalidURL:
                continue  # no address, so nobody answers there
            asked.append((candidate, client))
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as questions:
                for candidate, client in asked:
                    for path in (VERSION, TAGS, MODELS):
                        questions.start_soon(_ask, client, candidate, path, seconds, headers, answers)
    return judge(config, candidates, answers)


def judge(config: ChatAuto, candidates: Sequence[str], answers: Answers) -> Found:
    """Choose among the candidates by what they answered."""
    common = {name: getattr(config, name) for name in ChatServer.model_fields}
    remarks: list[str] = []
    for candidate in candidates:
        address = shown_address(candidate)
        listing = answers.get((candidate, MODELS))
        if _is_ollama(answers.get((candidate, VERSION))):
            tags = answers.get((candidate, TAGS))
            models = ollama_models(_value(tags))
            # A list that came too late is no reason to doubt a model that was asked for.
            if models or (tags is None and config.model):
                common["model"] = config.model or models[0]
                ollama = ChatOllama(kind="ollama", base_url=candidate, **common)
                return Found(ollama, f"found Ollama at {address}, using {ollama.model}")
            pull = f"`ollama pull {config.model or 'llama3.2'}`"
            remarks.append(f"Ollama at {address} has no chat model yet: run {pull}")
        elif _lists_models(listing):
            models = openai_models(_value(listing))
            if models or config.model:
                common["model"] = config.model or models[0]
                server = ChatOpenAI(kind="openai", base_url=f"{candidate}/v1", api_key=config.api_key, **common)
                return Found(server, f"found an OpenAI-compatible server at {address}, using {server.model}")
            remarks.append(f"the chat server at {address} has no chat model loaded")
        elif listing is not None and listing.response.status_code in (401, 403):
            remarks.append(
                f'the chat server at {address} wants an API key: set chat.base_url = "{address}/v1" and '
                f"VOICEBOT_CHAT__API_KEY"
            )
    return Found(None, "; ".join(remarks) or f"no chat server answered {_places(candidates)}")


def usual_candidates(environment: Mapping[str, str]) -> list[str]:
    """Return where chat servers usually are: Ollama at OLLAMA_HOST or its port, then the ports of the others."""
    ollama = ollama_address(environment.get("OLLAMA_HOST", ""))
    return [ollama, *(f"http://127.0.0.1:{port}" for port in OTHER_PORTS)]


def ollama_address(host: str) -> str:
    """Read OLLAMA_HOST (`host`, `:port`, `host:port` or a URL, each part optional) as Ollama itself does."""
    fallback = f"http://127.0.0.1:{OLLAMA_PORT}"
    host = host.strip().strip("\"'")
    scheme, separator, rest = host.partition("://")
    if not separator:
        scheme, rest = "http", host
    default_port = {"http": 80, "https": 443}.get(scheme) if separator else OLLAMA_PORT
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        name, port = parts.hostname or "127.0.0.1", parts.port or default_port
    except ValueError:
        return fallback
    if port is None:
        return fallback
    # A server that listens everywhere is reached at the loopback address.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}{parts.path}".rstrip("/")


async def _ask(
    client: httpx.AsyncClient,
    candidate: str,
    path: str,
    seconds: float,
    headers: Mapping[str, str] | None,
    answers: dict[tuple[str, str], JsonAnswer],
) -> None:
    try:
        answers[candidate, path] = await get_json(client, path, seconds=seconds, headers=headers)
    except (httpx.HTTPError, BadStream, TimeoutError):
        return  # nobody there, or nobody who can chat


def _is_ollama(answer: JsonAnswer | None) -> bool:
    # LM Studio answers 200 to everything; the version tells.
    value = _value(answer)
    return isinstance(value, dict) and isinstance(value.get("version"), str)


def _value(answer: JsonAnswer | None) -> object:
    return answer.value if answer is not None and answer.response.status_code == 200 else None


def _lists_models(answer: JsonAnswer | None) -> bool:
    value = _value(answer)
    return isinstance(value, dict) and isinstance(value.get("data"), list)


def _root(base_url: str) -> str:
    return base_url.rstrip("/").removesuffix("/v1").rstrip("/")


def _places(candidates: Sequence[str]) -> str:
    """Name ports on this machine by their number and everything else by its address."""
    ports: list[str] = []
    places: list[str] = []
    for candidate in candidates:
        port = _loopback_port(candidate)
        if port:
            ports.append(str(port))
        else:
            places.append(f"at {shown_address(candidate)}")
    if ports:
        places.append(f"on {'port' if len(ports) == 1 else 'ports'} {', '.join(ports)}")
    return " or ".join(places)


def _loopback_port(candidate: str) -> int | None:
    try:
        parts = urlsplit(candidate)
        return parts.port if is_loopback(parts.hostname or "") else None
    except ValueError:
        return None
