"""Finds a chat server on this machine by what it answers, not by its port."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx

from voicebot.chat.wire.addresses import ollama_address, with_version, without_version
from voicebot.chat.wire.api_keys import Credentials, credentials, is_sendable
from voicebot.chat.wire.fields import as_object
from voicebot.chat.wire.models import ListedModel, has_model, listed_by_ollama, listed_by_openai, nearest_model
from voicebot.config.models import ChatAuto, ChatOllama, ChatOpenAI, ChatServer
from voicebot.http.client import is_loopback, open_client
from voicebot.http.failures import shown_address, unresolved_name, words_of
from voicebot.http.lines import BadStream
from voicebot.http.streaming import JsonAnswer, exchange_json
from voicebot.translation import counted, tr

SEARCH_SECONDS = 0.3
BUSY_SECONDS = 2.0
"""How long a server that has accepted the connection may take to answer."""
OTHER_PORTS = (8080, 8000, 1234)
"""llama-server; llama_cpp.server and vLLM; LM Studio."""
VERSION, TAGS, MODELS, HEALTH = "/api/version", "/api/tags", "/v1/models", "/health"


class State(StrEnum):
    """What was found at a place where a chat server may be."""

    DOWN = "down"
    """Nothing that can chat answers there."""
    LOCKED = "locked"
    """It needs an API key."""
    NO_MODEL = "no model"
    WRONG_MODEL = "wrong model"
    """It has models, but not the one that was asked for."""
    BUSY = "busy"
    """It accepts connections and does not answer."""
    LOADING = "loading"
    """It is there but not ready yet."""
    READY = "ready"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One place where a chat server may be."""

    address: str
    state: State
    config: ChatOllama | ChatOpenAI | None = None
    """The server there, with the model, limits and time-outs of the section that searches; None without one."""
    models: tuple[str, ...] = ()
    remark: str = ""
    """What is there and, unless it is ready, what to do about it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search has found."""

    config: ChatOllama | ChatOpenAI | None
    """The server to use, with its model."""
    why: str
    """One sentence for the user."""
    state: State = State.DOWN
    """The best that was found."""


@dataclass(slots=True)
class _Place:
    """What comes back from one candidate."""

    address: str
    answers: dict[str, JsonAnswer] = field(default_factory=dict)
    """By path."""
    waiting: int = 0
    """How many requests have no answer yet."""
    accepted: bool = False
    """It has taken a connection."""
    unresolved: str = ""
    """Its name, where that has no address."""


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
    places = [_Place(candidate) for candidate in candidates]
    answered = anyio.Condition()
    async with AsyncExitStack() as clients:
        asked: list[tuple[httpx.AsyncClient, _Place, str]] = []
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
    return [_result(config, place) for place in places]


async def _until(is_over: Callable[[], bool], answered: anyio.Condition, seconds: float) -> None:
    """Wait until `is_over`, at most for `seconds`."""
    with anyio.move_on_after(seconds):
        async with answered:
            while not is_over():
                await answered.wait()


def _nobody_is_worth_waiting_for(config: ChatAuto, places: Sequence[_Place]) -> bool:
    """Tell whether nobody who has accepted a connection may still be chosen."""
    for place in places:
        if place.waiting and place.accepted:
            return False
        if not place.waiting and _result(config, place).state is State.READY:
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


def _result(config: ChatAuto, place: _Place) -> ProbeResult:
    if _is_ollama(place.answers.get(VERSION)):
        return _ollama_result(config, place.address, place.answers.get(TAGS))
    listing = place.answers.get(MODELS)
    if listing is not None:
        return _openai_result(config, place.address, listing, place.answers.get(HEALTH))
    if place.waiting and place.accepted:
        who = tr("the server at {address}", address=shown_address(place.address))
        remark = tr(
            "{who} takes connections and does not answer: if it is a chat server it is busy, try again in a moment",
            who=who,
        )
        return ProbeResult(place.address, State.BUSY, remark=remark)
    remark = tr("the host name {name} does not resolve", name=place.unresolved) if place.unresolved else ""
    return ProbeResult(place.address, State.DOWN, remark=remark)


def _ollama_result(config: ChatAuto, candidate: str, tags: JsonAnswer | None) -> ProbeResult:
    models = _names(listed_by_ollama(_value(tags)))
    model = config.model or next(iter(models), "")
    server = ChatOllama(kind="ollama", base_url=candidate, **{**_common(config), "model": model})
    who = tr("Ollama at {address}", address=shown_address(candidate))
    pull = tr("run `ollama pull {model}`", model=model or "llama3.2")
    if not models and (tags is not None or not model):
        return ProbeResult(
            candidate,
            State.NO_MODEL,
            server,
            remark=tr(
                "{who} has no chat model yet: {pull}",
                who=who,
                pull=pull,
            ),
        )
    # A list that came too late does not speak against a model that was asked for.
    if models and not has_model(models, model):
        return ProbeResult(
            candidate,
            State.WRONG_MODEL,
            server,
            models,
            _wrong_model(
                who,
                model,
                models,
                tr(
                    "or {pull}",
                    pull=pull,
                ),
            ),
        )
    return ProbeResult(candidate, State.READY, server, models, who)


def _openai_result(config: ChatAuto, candidate: str, listing: JsonAnswer, health: JsonAnswer | None) -> ProbeResult:
    address = shown_address(candidate)
    who = tr("the chat server at {address}", address=address)
    models = _names(listed_by_openai(_value(listing)))
    model = config.model or next(iter(models), "")
    server = ChatOpenAI(
        kind="openai", base_url=with_version(candidate), api_key=config.api_key, **{**_common(config), "model": model}
    )
    lists = _lists_models(listing)
    # While they load, older llama-servers answer every request like this; newer ones list their model already.
    if _is_loading(listing) or (lists and _is_loading(health)):
        remark = tr("{who} is still loading its model: try again in a moment", who=who)
        return ProbeResult(candidate, State.LOADING, server, models, remark)
    if lists and not model:
        return ProbeResult(candidate, State.NO_MODEL, server, remark=tr("{who} has no chat model loaded", who=who))
    if lists and models and not has_model(models, model):
        return ProbeResult(candidate, State.WRONG_MODEL, server, models, _wrong_model(who, model, models, ""))
    if lists:
        return ProbeResult(
            candidate,
            State.READY,
            server,
            models,
            tr(
                "an OpenAI-compatible server at {address}",
                address=address,
            ),
        )
    if listing.response.status_code in (401, 403):
        if config.base_url is not None and config.api_key.get_secret_value().strip():
            remark = tr("{who} refuses the API key: set VOICEBOT_CHAT__API_KEY to a valid one", who=who)
            return ProbeResult(candidate, State.LOCKED, server, remark=remark)
        advice = tr('set chat.base_url = "{address}/v1" and VOICEBOT_CHAT__API_KEY', address=address)
        return ProbeResult(
            candidate,
            State.LOCKED,
            server,
            remark=tr(
                "{who} needs an API key: {advice}",
                who=who,
                advice=advice,
            ),
        )
    return ProbeResult(candidate, State.DOWN)


def _names(models: Sequence[ListedModel]) -> tuple[str, ...]:
    return tuple(model.name for model in models)


def _common(config: ChatAuto) -> dict[str, Any]:  # Any: of many types, as in the sections of the servers
    return {name: getattr(config, name) for name in ChatServer.model_fields}


def _wrong_model(who: str, wanted: str, models: Sequence[str], alternative: str) -> str:
    near = nearest_model(wanted, models)
    advice = tr('set chat.model = "{near}"', near=near or models[0])
    if not near and len(models) > 1:
        advice = tr('set chat.model = "{first}" or another of its {count}', first=models[0], count=len(models))
    advice = " ".join(filter(None, (advice, alternative)))
    return tr('{who} has no model "{wanted}": {advice}', who=who, wanted=wanted, advice=advice)


def usual_candidates(environment: Mapping[str, str]) -> list[str]:
    """Return where chat servers usually are: Ollama at OLLAMA_HOST or its port, then the ports of the others."""
    ollama = ollama_address(environment.get("OLLAMA_HOST", ""))
    return [ollama, *(f"http://127.0.0.1:{port}" for port in OTHER_PORTS)]


async def _ask(client: httpx.AsyncClient, place: _Place, path: str, seconds: float, answered: anyio.Condition) -> None:
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


def _is_ollama(answer: JsonAnswer | None) -> bool:
    # LM Studio answers 200 to everything, but without a version.
    return isinstance(as_object(_value(answer)).get("version"), str)


def _value(answer: JsonAnswer | None) -> object:
    return answer.value if answer is not None and answer.response.status_code == 200 else None


def _is_loading(answer: JsonAnswer | None) -> bool:
    return answer is not None and answer.response.status_code == 503 and "loading" in words_of(answer.value).lower()


def _lists_models(answer: JsonAnswer | None) -> bool:
    return isinstance(as_object(_value(answer)).get("data"), list)


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
