"""`voicebot models`: the chat models of the configured server, or of every server that is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voicebot.cli.options import ChatOptions, ConfigOptions, JsonListOption
from voicebot.cli.output import Row, status, write_json_list, write_table
from voicebot.cli.runner import OK, Body
from voicebot.translation import marked, tr

if TYPE_CHECKING:
    from voicebot.chat.probe_results import State
    from voicebot.chat.wire.models import ListedModel
    from voicebot.config.models import ChatAuto, ChatConfig, ChatOllama, ChatOpenAI

_STATES = {"ready": marked("ready"), "wrong model": marked("wrong model")}
"""Those in which a server's models are listed."""
_NO_MODEL = {"ollama": marked("run `ollama pull llama3.2`"), "openai": marked("load one into the server")}


def models(*, config: ConfigOptions, chat: ChatOptions, json: JsonListOption = False) -> Body:
    """List the chat models of the configured server, or of every server on this machine.

    Example: voicebot models --chat ollama
    """
    settings = config.load(chat.settings()).config
    return lambda _: _list_models(settings.chat, as_json=json)


async def _list_models(config: ChatConfig, *, as_json: bool) -> int:
    """Print the chat models that `config` can use; return the exit code.

    Raises ChatError where there is no server or no model.
    """
    from voicebot.chat.probe_results import State
    from voicebot.config.models import ChatAuto, ChatOllama, ChatOpenAI
    from voicebot.errors import ChatError
    from voicebot.http.failures import shown_address

    match config:
        case ChatAuto():
            rows = await _found(config, as_json=as_json)
        case ChatOllama() | ChatOpenAI():
            rows = await _listed(config, State.READY)
            if not rows:
                raise ChatError(
                    tr("{base_url} has no chat model", base_url=shown_address(config.base_url)),
                    hint=tr(_NO_MODEL[config.kind]),
                )
        case _:
            status(tr('chat.kind = "{kind}" has no models to choose from', kind=config.kind))
            rows = []
    if as_json:
        write_json_list(rows)
    elif rows:
        write_table(map(_shown, rows))
        status(tr("choose one with --model, or as chat.model in config.toml"))
    return OK


async def _found(config: ChatAuto, *, as_json: bool) -> list[Row]:
    from voicebot.chat.discovery import choose, probe
    from voicebot.chat.probe_results import State
    from voicebot.errors import ChatUnavailable

    listing = (State.READY, State.WRONG_MODEL)
    results = await probe(config)
    found = choose(config, results)
    rows = [
        {**row, "used": row["used"] and one.config == found.config}
        for one in results
        if one.config is not None and one.state in listing
        for row in await _listed(one.config, one.state)
    ]
    if not rows:
        raise ChatUnavailable(found.why, hint=tr("start a chat server, or name one with --base-url"))
    if not as_json:
        status(found.why)
    return rows


async def _listed(config: ChatOllama | ChatOpenAI, state: State) -> list[Row]:
    from voicebot.config.models import ChatOllama

    models: Sequence[ListedModel]
    address = config.base_url
    if isinstance(config, ChatOllama):
        from voicebot.chat.ollama import list_ollama_models, server_address

        models, address = await list_ollama_models(config), server_address(config)
    else:
        from voicebot.chat.openai_compatible import list_openai_models

        models = await list_openai_models(config)
    from voicebot.chat.wire.models import has_model
    from voicebot.http.failures import shown_address

    used = config.model or (models[0].name if models else "")
    return [
        {
            "model": model.name,
            "server": shown_address(address),
            "kind": config.kind,
            "state": state.value,
            "used": has_model([model.name], used),
            "loaded": model.loaded,
            "context_tokens": model.context_tokens,
            "size_bytes": model.size_bytes,
            "abilities": list(model.abilities),
        }
        for model in models
    ]


def _shown_state(row: Row) -> str:
    """The state of a model for people."""
    from voicebot.chat.probe_results import State

    return tr("loaded") if row["loaded"] and row["state"] == State.READY.value else tr(_STATES[row["state"]])


def _shown(row: Row) -> Row:
    """The row for people."""
    return {
        "model": row["model"],
        "server": tr("{kind} at {server}", kind=row["kind"], server=row["server"]),
        "": tr("used") if row["used"] else "",
        "state": _shown_state(row),
        "size": f"{row['size_bytes'] / 1e9:.1f} GB" if row["size_bytes"] else "",
        "context": row["context_tokens"] or "",
        "can": tr(", ").join(row["abilities"]),
    }
