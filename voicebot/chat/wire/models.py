"""The chat models in a server's list, in its order, without those that only embed text."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from voicebot.chat.wire.fields import as_object, count_of, object_of, objects_of, text_of


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A chat model as its server lists it; None or empty where the server does not say."""

    name: str
    context_tokens: int | None = None
    """The longest conversation that it can read, in model tokens."""
    size_bytes: int | None = None
    abilities: tuple[str, ...] = ()
    """In the server's words, such as tools, thinking or vision."""
    loaded: bool | None = None
    """Whether it can reply without being loaded first."""


def listed_by_ollama(answer: object) -> list[ListedModel]:
    """Read the answer to Ollama's GET /api/tags."""
    return [
        ListedModel(
            name,
            context_tokens=count_of(object_of(entry, "details"), "context_length"),
            size_bytes=count_of(entry, "size"),
            abilities=_abilities(entry),
        )
        for entry in objects_of(as_object(answer), "models")
        if (name := text_of(entry, "name")) and _converses(entry)
    ]


def shown_by_ollama(model: ListedModel, answer: object) -> ListedModel:
    """Return `model` with what Ollama's POST /api/show says of it: older servers list names alone."""
    entry = as_object(answer)
    info = object_of(entry, "model_info")
    contexts = (count_of(info, key) for key in info if key.endswith(".context_length"))
    return replace(
        model,
        context_tokens=model.context_tokens or next(filter(None, contexts), None),
        abilities=model.abilities or _abilities(entry),
    )


def loaded_by_ollama(answer: object) -> set[str]:
    """Read the names in the answer to Ollama's GET /api/ps."""
    return {text_of(entry, "name") for entry in objects_of(as_object(answer), "models")}


def listed_by_openai(answer: object) -> list[ListedModel]:
    """Read the answer to GET /v1/models."""
    return [
        ListedModel(name, context_tokens=_context(entry))
        for entry in objects_of(as_object(answer), "data")
        # The list does not say what a model is for; LM Studio and llama.cpp put their embedding models there too.
        if (name := text_of(entry, "id")) and "embed" not in name.lower()
    ]


def has_model(models: Sequence[str], name: str) -> bool:
    """Tell whether a server with `models` knows `name`; for Ollama, a name without a tag means the latest."""
    return name in models or f"{name}:latest" in models


def nearest_model(name: str, models: Sequence[str]) -> str:
    """Return the model whose name is most like `name`; empty when none is like it."""
    by_folded = {model.lower(): model for model in models}
    near = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=0.5)
    # llama3 may mean hf.co/somebody/llama3-8b-instruct-GGUF:Q4_K_M, which is too long to be like it
    near = near or [folded for folded in by_folded if name and name.lower() in folded]
    return by_folded[near[0]] if near else ""


def _context(entry: dict[str, object]) -> int | None:
    of_vllm, of_openrouter = count_of(entry, "max_model_len"), count_of(entry, "context_length")
    return of_vllm or of_openrouter or count_of(object_of(entry, "meta"), "n_ctx_train")  # of llama-server


def _converses(entry: dict[str, object]) -> bool:
    if isinstance(entry.get("capabilities"), list):
        return "completion" in _words(entry)
    # Before servers listed capabilities: a model that only embeds text is of a BERT family.
    return not text_of(object_of(entry, "details"), "family").endswith("bert")


def _abilities(entry: dict[str, object]) -> tuple[str, ...]:
    return tuple(word for word in _words(entry) if word != "completion")


def _words(entry: dict[str, object]) -> list[str]:
    words = entry.get("capabilities")
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
