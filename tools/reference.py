"""Writes the tables of docs/reference.md and docs/reference.ja.md anew: `python -m tools.reference`.

Keys, values and defaults come from the models; what a key means is written in the pages, by hand, and stays. A key that
is new gets a row without a meaning, and a test fails until somebody writes it in both languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from inspect import get_annotations
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from voicebot.config.models import Config

ROOT = Path(__file__).parent.parent


class Words(NamedTuple):
    """What the generated part of a page says in its language."""

    page: str
    header: str
    unset: str
    text: str
    number: str
    whole: str
    table: str
    texts: str
    comma: str


LANGUAGES = (
    Words(
        "docs/reference.md",
        "| Key | For `kind` | Values | Default | Meaning |",
        "unset",
        "text",
        "number",
        "whole number",
        "table",
        "list of texts",
        ", ",
    ),
    Words(
        "docs/reference.ja.md",
        "| キー | `kind` | 値 | 既定値 | 意味 |",
        "未設定",
        "文字列",
        "数",
        "整数",
        "表",
        "文字列のリスト",
        "、",
    ),
)


class Key(NamedTuple):
    """One row: a key with the kinds of its section in which it is the same."""

    name: str
    kinds: tuple[str, ...]
    field: FieldInfo


def models(section: str) -> list[type[BaseModel]]:
    """What a section may be: one model, or one for each of its kinds."""
    annotation: Any = Config.model_fields[section].annotation  # Any: a type form
    return [*(get_args(annotation) or (annotation,))]


def keys(section: str) -> list[Key]:
    """The keys of a section, `kind` first; what several kinds inherit from one model is one key."""
    found: dict[tuple[str, type[BaseModel]], Key] = {}
    for model in models(section):
        kind = model.model_fields.get("kind")
        for name, field in model.model_fields.items():
            if name == "kind":
                if not field.is_required():
                    found["kind", model] = Key("kind", (), field)
                continue
            owner = next(one for one in model.__mro__ if name in get_annotations(one))
            before = found[name, owner].kinds if (name, owner) in found else ()
            found[name, owner] = Key(name, (*before, *(get_args(kind.annotation) if kind else ())), field)
    return sorted(found.values(), key=lambda key: key.name != "kind")


def kinds(section: str) -> list[str]:
    """Every `kind` that a section may have."""
    return [get_args(model.model_fields["kind"].annotation)[0] for model in models(section)]


def default(field: FieldInfo, words: Words) -> str:
    """The default as it would stand in config.toml, cut where it is long."""
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value is None:
        return words.unset
    if isinstance(value, str) and len(value) > 40:
        return f'`"{value.partition(". ")[0]}. …"`'
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}`"


def values(annotation: Any, metadata: list[Any], words: Words) -> list[str]:  # Any: type forms and their constraints
    """What may stand there."""
    origin = get_origin(annotation)
    if hasattr(annotation, "__metadata__"):
        return values(annotation.__origin__, [*annotation.__metadata__, *metadata], words)
    if origin is Literal:
        return [f"`{json.dumps(value, ensure_ascii=False)}`" for value in get_args(annotation)]
    if origin in (Union, UnionType):
        several = [
            one for part in get_args(annotation) if part is not NoneType for one in values(part, metadata, words)
        ]
        return list(dict.fromkeys(several))
    if annotation is bool:
        return ["`true`", "`false`"]
    if annotation in (int, float):
        return [f"{words.whole if annotation is int else words.number}{limits(metadata)}"]
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return [words.table]
    if origin in (tuple, list):
        return [words.texts]
    return [words.text]


def limits(metadata: list[Any]) -> str:  # Any: what annotated-types and pydantic make of a constraint
    """The bounds of a number."""
    bounds: dict[str, float] = {}
    for one in metadata:
        for part in getattr(one, "metadata", None) or [one]:
            bounds |= {
                name: getattr(part, name) for name in ("gt", "ge", "lt", "le") if getattr(part, name, None) is not None
            }
    if {"ge", "le"} <= bounds.keys():
        return f" {plain(bounds['ge'])} … {plain(bounds['le'])}"
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    written = ", ".join(f"{signs[name]} {plain(bound)}" for name, bound in bounds.items())
    return f" {written}" if written else ""


def plain(number: float) -> str:
    """A number without a fraction that says nothing."""
    return str(int(number)) if number == int(number) else str(number)


def rows(section: str, meanings: dict[tuple[str, str, str], str], words: Words) -> Iterator[str]:
    """The rows of a section."""
    for key in keys(section):
        first = key.kinds[0] if key.kinds else ""
        choice = [f"`{json.dumps(kind)}`" for kind in kinds(section)] if key.name == "kind" else None
        cells = [
            f"`{key.name}`",
            " ".join(f"`{kind}`" for kind in key.kinds),
            words.comma.join(choice or values(key.field.annotation, key.field.metadata, words)),
            default(key.field, words),
            meanings.get((section, first, key.name), ""),
        ]
        yield "| " + " | ".join(cells) + " |\n"


def written(text: str) -> dict[tuple[str, str, str], str]:
    """What a page says that each key means: by section, first kind and key."""
    found: dict[tuple[str, str, str], str] = {}
    for section, body in re.findall(r"^## `\[(\w+)\]`.*?\n(.*?)(?=^## |\Z)", text, re.M | re.S):
        for name, of, meaning in re.findall(r"^\| `(\w+)` \| (.*?) ?\| .* \| ([^|]*) \|$", body, re.M):
            found[section, (re.findall(r"`(\w+)`", of) or [""])[0], name] = meaning
    return found


def brought_up_to_date(text: str, words: Words) -> str:
    """The page with its tables made anew from the models; text and meanings stay."""
    meanings = written(text)
    for section in Config.model_fields:
        table = f"{words.header}\n|---|---|---|---|---|\n" + "".join(rows(section, meanings, words))
        if f"\n## `[{section}]`" not in text:
            text = text.rstrip() + f"\n\n## `[{section}]`\n\n{words.header}\n|---|---|---|---|---|\n"
        text = re.sub(
            rf"(^## `\[{section}\]`.*?\n)\| [^\n]*\n\|[-|]+\|\n(?:\|.*\|\n)*",
            lambda found, table=table: found[1] + table,  # type: ignore[misc]  # mypy does not infer the lambda
            text,
            count=1,
            flags=re.M | re.S,
        )
    return text


def main() -> None:
    """Write both pages anew."""
    for words in LANGUAGES:
        page = ROOT / words.page
        page.write_text(brought_up_to_date(page.read_text(encoding="utf-8"), words), encoding="utf-8")


if __name__ == "__main__":
    main()
