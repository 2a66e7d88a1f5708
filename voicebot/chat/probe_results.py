"""What the answers of a place say about the chat server there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from voicebot.chat.wire.addresses import with_version
from voicebot.chat.wire.fields import as_object
from voicebot.chat.wire.models import ListedModel, has_model, listed_by_ollama, listed_by_openai, nearest_model
from voicebot.config.models import ChatAuto, ChatOllama, ChatOpenAI, ChatServer
from voicebot.http.failures import shown_address, words_of
from voicebot.http.streaming import JsonAnswer
from voicebot.translation import tr

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


@dataclass(slots=True)
class Place:
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


def result_of(config: ChatAuto, place: Place) -> ProbeResult:
    """What is at `place`, by what has come back from there."""
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


def _is_ollama(answer: JsonAnswer | None) -> bool:
    # LM Studio answers 200 to everything, but without a version.
    return isinstance(as_object(_value(answer)).get("version"), str)


def _value(answer: JsonAnswer | None) -> object:
    return answer.value if answer is not None and answer.response.status_code == 200 else None


def _is_loading(answer: JsonAnswer | None) -> bool:
    return answer is not None and answer.response.status_code == 503 and "loading" in words_of(answer.value).lower()


def _lists_models(answer: JsonAnswer | None) -> bool:
    return isinstance(as_object(_value(answer)).get("data"), list)
