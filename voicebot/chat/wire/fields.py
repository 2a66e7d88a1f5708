"""Fields of JSON that a server wrote, which may hold anything."""

from __future__ import annotations


def text_of(fields: dict[str, object], key: str) -> str:
    """Return the text at `key`; empty without one."""
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def count_of(fields: dict[str, object], key: str) -> int | None:
    """Return the count at `key`; None without one."""
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def object_of(fields: dict[str, object], key: str) -> dict[str, object]:
    """Return the object at `key`; empty without one."""
    return as_object(fields.get(key))


def as_object(value: object) -> dict[str, object]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(fields: dict[str, object], key: str) -> list[dict[str, object]]:
    """Return the objects in the list at `key`; empty without a list."""
    value = fields.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
