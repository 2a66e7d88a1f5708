"""A corpus: texts with their right cuts marked, one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicebot.errors import LabError
from voicebot.translation import system_reason, tr


@dataclass(frozen=True, slots=True)
class Item:
    """One marked text."""

    id: str
    language: str
    category: str
    text: str
    segments: tuple[str, ...]
    """The text as it should be cut; joined, they are `text` up to whitespace."""
    optional: tuple[int, ...] = ()
    """Places where a cut is neither right nor wrong."""


def read_corpus(path: Path) -> list[Item]:
    """The items of a JSONL file; raises LabError that names the file and line of the first mistake."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else tr("not UTF-8")
        raise LabError(
            tr("{path}: cannot be read: {reason}", path=path, reason=reason),
            hint=tr("voicebot lab score --help shows the format"),
        ) from error
    items = [_item(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not items:
        raise _broken(str(path), tr("there is no text in it"))
    return items


def _item(line: str, where: str) -> Item:
    try:
        # Any: whatever is written there; checked below
        row: dict[str, Any] = json.loads(line)
        item = Item(
            str(row["id"]),
            str(row["lang"]),
            str(row.get("category", "text")),
            _text(row["text"]),
            tuple(_text(segment) for segment in row["segments"]),
            tuple(int(place) for place in row.get("optional", ())),
        )
    except json.JSONDecodeError as error:
        raise _broken(
            where,
            tr(
                "not JSON: {reason} at column {column}",
                reason=error.msg,
                column=error.colno,
            ),
        ) from error
    except KeyError as error:
        raise _broken(where, tr("{location} is missing", location=error)) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise _broken(where, tr("not an item: {error}", error=error)) from error
    if squeeze("".join(item.segments)) != squeeze(item.text):
        raise _broken(where, tr("the segments of {id} do not add up to its text", id=item.id))
    return item


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(tr("{value!r} is not text", value=value))


def _broken(where: str, what: str) -> LabError:
    return LabError(f"{where}: {what}", hint=tr("voicebot lab score --help shows the format"))


def squeeze(text: str) -> str:
    """`text` without its whitespace."""
    return "".join(text.split())
