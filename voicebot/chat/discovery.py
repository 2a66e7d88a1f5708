"""Finds a chat server on this machine by what it answers, not by its port."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
import httpx

from voicebot.chat.probe_results import HEALTH, MODELS, TAGS, VERSION, Place, ProbeResult, State, result_of
from voicebot.chat.wire.addresses import ollama_address, without_version
from voicebot.chat.wire.api_keys import Credentials, credentials, is_sendable
from voicebot.config.models import ChatAuto, ChatOllama, ChatOpenAI
from voicebot.http.client import is_loopback, open_client
from voicebot.http.failures import shown_address, unresolved_name
from voicebot.http.lines import BadStream
from voicebot.http.streaming import exchange_json
from voicebot.translation import counted, tr

SEARCH_SECONDS = 0.3
BUSY_SECONDS = 2.0
"""How long a server that has accepted the connection may take to answer."""
OTHER_PORTS = (8080, 8000, 1234)
"""llama-server; llama_cpp.server and vLLM; LM Studio."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search has found."""

    config: ChatOllama | ChatOpenAI | None
    """The server to use, with its model."""
    why: str
    """One sentence for the user."""
    state: State = State.DOWN
    """The best that was found."""


async def find_server(
    config: ChatAuto,
    *,
    candidates: Sequence[str] | None = None,
    seconds: float | None = None,
    busy_seconds: float = BUSY_SECONDS,
) -> Choice:
    """Choose the first server that can chat: the order of the candidates decides, not which one is quickest."""
    results = await probe(config, candidates=candidates, seconds=seconds, busy_seconds=busy_seconds)
    return choose(config, results)


async def probe(
    config: ChatAuto,
    *,
    candidates: Sequence[str] | None = None,
    seconds: float | None = None,
    busy_seconds: float = BUSY_SECONDS,
) -> list[ProbeResult]:
    """Ask `config.base_url`, or else all `candidates` at the same time, what they are.

    Candidates are addresses without /v1; by default the usual ones of this machine. Takes at most 0.3 s for them, and
    `config.connect_timeout_seconds` for a base_url, which may be far away; a server that has accepted the connection
    is given `busy_seconds`, unless one before it can chat. Raises ConfigError for headers that cannot be sent.
    """
    if config.base_url is not None:
        candidates = [without_version(config.base_url)]
    elif candidates is None:
        candidates = usual_candidates(os.environ)
    if seconds is None:
        seconds = SEARCH_SECONDS if config.base_url is None else config.connect_timeout_seconds
    key = config.api_key.get_secret_value().strip()
    # Only for a server that was named: what listens on a usual port may be anything.
    given = Credentials({}, {}, {})
    if config.base_url is not None:
        given = credentials(config, config.base_url, key=key if is_sendable(key) else "")
    places = [Place(candidate) for candidate in candidates]
    answered = anyio.Condition()
    async with AsyncExitStack() as clients:
        asked: list[tuple[httpx.AsyncClient, Place, str]] = []
        for place in places:
            with suppress(httpx.InvalidURL):  # not an address, so nothing answers there
                client = await clients.enter_async_context(
                    open_client(
                        place.address, connect_timeout_seconds=seconds, headers=given.headers, query=given.query
                    )
                )
                asked += [(client, place, path) for path in (VERSION, TAGS, MODELS, HEALTH)]
        async with anyio.create_task_group() as requests:
            for client, place, path in asked:
                place.waiting += 1
                requests.start_soon(_ask, client, place, path, max(seconds, busy_seconds), answered)
            await _until(lambda: not any(place.waiting for place in places), answered, seconds)
            await _until(lambda: _nobody_is_worth_waiting_for(config, places), answered, busy_seconds - seconds)
            requests.cancel_scope.cancel()
    return [result_of(config, place) for place in places]


async def _until(is_over: Callable[[], bool], answered: anyio.Condition, seconds: float) -> None:
    """Wait until `is_over`, at most for `seconds`."""
    with anyio.move_on_after(seconds):
        async with answered:
            while not is_over():
                await answered.wait()


def _nobody_is_worth_waiting_for(config: ChatAuto, places: Sequence[Place]) -> bool:
    """Tell whether nobody who has accepted a connection may still be chosen."""
    for place in places:
        if place.waiting and place.accepted:
            return False
        if not place.waiting and result_of(config, place).state is State.READY:
            return True
    return True


def choose(config: ChatAuto, results: Sequence[ProbeResult]) -> Choice:
    """Choose among the results of `probe`."""
    up = [result for result in results if result.state is not State.DOWN]
    if not up:
        why = tr("no chat server answered {places}", places=_places([result.address for result in results]))
        return Choice(None, tr(": ").join([why, *filter(None, (result.remark for result in results))]))
    chosen = next((result for result in up if result.state is State.READY), None)
    if chosen is None or chosen.config is None:
        best = max((result.state for result in up), key=list(State).index)
        return Choice(None, tr("; ").join(result.remark for result in up), best)
    why = tr("found {remark}, using {model}", remark=chosen.remark, model=chosen.config.model)
    if config.model:
        why = tr("{why}, the model that was asked for", why=why)
    elif len(chosen.models) > 1:
        why = tr("{why}, the first of its {count} chat models", why=why, count=len(chosen.models))
    others = tr("; ").join(result.remark for result in up if result is not chosen)
    if others:
        why = tr("{why} (not taken: {others})", why=why, others=others)
    return Choice(chosen.config, why, State.READY)


def usual_candidates(environment: Mapping[str, str]) -> list[str]:
    """Return where chat servers usually are: Ollama at OLLAMA_HOST or its port, then the ports of the others."""
    ollama = ollama_address(environment.get("OLLAMA_HOST", ""))
    return [ollama, *(f"http://127.0.0.1:{port}" for port in OTHER_PORTS)]


async def _ask(client: httpx.AsyncClient, place: Place, path: str, seconds: float, answered: anyio.Condition) -> None:
    async def trace(name: str, _: object) -> None:
        place.accepted = place.accepted or name == "connection.connect_tcp.complete"

    request = client.build_request("GET", path, extensions={"trace": trace})
    try:
        place.answers[path] = await exchange_json(client, request, seconds=seconds)
    except TimeoutError:
        return  # it counts as waiting
    except httpx.ConnectError as error:
        place.unresolved = unresolved_name(error)
    except (httpx.HTTPError, BadStream):
        pass  # nothing is there, or nothing that can chat
    async with answered:
        place.waiting -= 1
        answered.notify_all()


def _places(candidates: Sequence[str]) -> str:
    """Name ports of this machine by their numbers, and everything else by its address."""
    ports: list[str] = []
    places: list[str] = []
    for candidate in candidates:
        port = _loopback_port(candidate)
        if port:
            ports.append(str(port))
        else:
            places.append(tr("at {address}", address=shown_address(candidate)))
    if ports:
        places.append(counted(len(ports), "on port {ports}", "on ports {ports}", ports=tr(", ").join(ports)))
    return tr(" or ").join(places)


def _loopback_port(candidate: str) -> int | None:
    try:
        parts = urlsplit(candidate)
        return parts.port if is_loopback(parts.hostname or "") else None
    except ValueError:
        return None
