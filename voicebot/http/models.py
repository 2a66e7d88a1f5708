"""The chat models in a server's list, in its order; models that only embed text are left out."""

from __future__ import annotations


def ollama_models(answer: object) -> list[str]:
    """Read the answer to Ollama's GET /api/tags."""
    return [name for entry in _entries(answer, "models") if (name := _name(entry, "name")) and _converses(entry)]


def openai_models(answer: object) -> list[str]:
    """Read the answer to GET /v1/models."""
    names = (_name(entry, "id") for entry in _entries(answer, "data"))
    # The list says nothing of what a model is for; LM Studio and llama.cpp keep their embedding models in it too.
    return [name for name in names if name and "embed" not in name.lower()]


def _converses(entry: dict[str, object]) -> bool:
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, list):
        return "completion" in capabilities
    # Servers before capabilities: every model that only embeds is of a BERT family.
    details = entry.get("details")
    return not (isinstance(details, dict) and str(details.get("family", "")).endswith("bert"))


def _entries(answer: object, key: str) -> list[dict[str, object]]:
    entries = answer.get(key) if isinstance(answer, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _name(entry: dict[str, object], key: str) -> str:
    name = entry.get(key)
    return name if isinstance(name, str) else ""
