"""The chat server, in the states that a search for one knows."""

from __future__ import annotations

import shlex
from typing import assert_never
from urllib.parse import urlsplit

import anyio
from pydantic import SecretStr

from voicebot.chat.discovery import choose, probe
from voicebot.chat.ollama import server_address
from voicebot.chat.openai_compatible import api_key
from voicebot.chat.probe_results import ProbeResult, State
from voicebot.chat.wire.models import nearest_model
from voicebot.config.models import (
    ChatAuto,
    ChatConfig,
    ChatDemo,
    ChatLangChain,
    ChatOllama,
    ChatOpenAI,
    ChatPiped,
    ChatPlugin,
    ChatServer,
)
from voicebot.doctor.checkup import Finding, fails, fine, warns
from voicebot.http.failures import shown_address
from voicebot.translation import tr

CONNECT_SECONDS = 2.0
_ORDER = (State.READY, State.LOADING, State.WRONG_MODEL, State.NO_MODEL, State.LOCKED, State.BUSY)
"""The best first."""


async def check_chat(config: ChatConfig) -> Finding:
    """Whether somebody will reply, and with which model; nothing is asked of the model itself."""
    match config:
        case ChatAuto() | ChatOllama() | ChatOpenAI():
            return await _check_server(config)
        case ChatDemo():
            return fine(tr("the built-in demo"))
        case ChatPiped():
            return fine(tr("the text that is piped in"))
        case ChatLangChain() | ChatPlugin():
            return fine(tr('chat.kind = "{kind}": the turn below shows whether it replies', kind=config.kind))
        case _:
            assert_never(config)


async def _check_server(config: ChatAuto | ChatOllama | ChatOpenAI) -> Finding:
    asked = _as_search(config)
    results = await probe(asked)
    best = min((one for one in results if one.state in _ORDER), key=lambda one: _ORDER.index(one.state), default=None)
    if best is None:
        return await _nobody(config, asked, choose(asked, results).why)
    return _finding(best, asked)


def _as_search(config: ChatAuto | ChatOllama | ChatOpenAI) -> ChatAuto:
    """A search at the one address that `config` names, with what it would send there."""
    common = {name: getattr(config, name) for name in ChatServer.model_fields}
    match config:
        case ChatAuto():
            asked = config
        case ChatOllama():
            asked = ChatAuto(base_url=server_address(config), **common)
        case ChatOpenAI():
            asked = ChatAuto(base_url=config.base_url, api_key=SecretStr(api_key(config)), **common)
    return asked.model_copy(update={"connect_timeout_seconds": min(asked.connect_timeout_seconds, CONNECT_SECONDS)})


def _finding(found: ProbeResult, asked: ChatAuto) -> Finding:
    ollama = isinstance(found.config, ChatOllama)
    model = found.config.model if found.config is not None else asked.model
    match found.state:
        case State.READY:
            return fine(tr("{server}, model {model}", server=found.remark, model=model or tr("of its own")))
        case State.LOADING:
            return warns(found.remark, "voicebot doctor")
        case State.WRONG_MODEL:
            near = nearest_model(model, found.models) or next(iter(found.models), "")
            return fails(found.remark, f"voicebot config set chat.model {shlex.quote(near)}")
        case State.NO_MODEL:
            pull = f"ollama pull {shlex.quote(model or 'llama3.2')}"
            return fails(found.remark, pull if ollama else f"curl {shlex.quote(found.address + '/v1/models')}")
        case State.LOCKED:
            return fails(found.remark, "voicebot config edit")
        case State.BUSY:
            return fails(found.remark, "voicebot models")
        case State.DOWN:
            return fails(found.remark, "voicebot models")
        case _:
            assert_never(found.state)


async def _nobody(config: ChatAuto | ChatOllama | ChatOpenAI, asked: ChatAuto, why: str) -> Finding:
    if isinstance(config, ChatOpenAI) and await _listens(config.base_url):
        address = shown_address(config.base_url)
        told = tr("{address} answers and lists no models: the turn below shows whether it replies", address=address)
        return warns(told, "voicebot models")
    if isinstance(config, ChatAuto) and not asked.base_url and not asked.model:
        return warns(tr("{why}; using the built-in demo", why=why), "ollama serve")
    return fails(why, "voicebot config edit" if isinstance(config, ChatOpenAI) else "ollama serve")


async def _listens(address: str) -> bool:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with anyio.fail_after(CONNECT_SECONDS):
            async with await anyio.connect_tcp(parts.hostname or "", port):
                return True
    except (OSError, TimeoutError):
        return False
