"""What is wrong with a configuration, in words about config.toml."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from voicebot.config.files import keys_of
from voicebot.config.models import DEFAULT_KINDS, Config, McpServer
from voicebot.errors import ConfigError
from voicebot.text.redaction import without_passwords
from voicebot.translation import foreign, marked, tr

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MOST_FAULTS = 20
"""More are counted, not listed."""
_MOST_CHARACTERS = 500
"""Of each part of a fault: a file of another kind may have very long lines."""
_OF_PYDANTIC = (
    marked("Field required"),
    marked("Input should be greater than or equal to {least}"),
    marked("Input should be greater than {least}"),
    marked("Input should be less than or equal to {most}"),
    marked("Input should be less than {most}"),
    marked("Input should be a valid integer, unable to parse string as an integer"),
    marked("Input should be a valid integer, got a number with a fractional part"),
    marked("Input should be a valid integer"),
    marked("Input should be a valid number, unable to parse string as a number"),
    marked("Input should be a valid number"),
    marked("Input should be a finite number"),
    marked("Input should be a valid boolean, unable to interpret input"),
    marked("Input should be a valid boolean"),
    marked("Input should be a valid string"),
    marked("Input should be a valid list"),
    marked("Input should be a valid dictionary"),
    marked("Input should be {choices}"),
    marked("String should have at least {least} characters"),
    marked("String should have at least {least} character"),
    marked("String should match pattern {pattern}"),
    marked("List should have at least {least} items after validation{rest}"),
    marked("List should have at least {least} item after validation{rest}"),
    marked("needs either a command or a url"),
)
"""The forms of the validator's messages, the more particular ones first."""
PATTERNS = {
    r"^https?://\S+$": marked("Input should be an address such as http://127.0.0.1:8080"),
    r"^([\w.]+:[\w.]+|[\w.-]+)?$": marked("Input should be the name of a plugin, or package.module:attribute"),
    r"^([\w.]+:[\w.]+)?$": marked("Input should be package.module:attribute"),
    r"^[a-z0-9][a-z0-9_-]{0,63}$": marked("Input should be at most 64 small letters, digits, - and _"),
}
"""What the patterns of `models` mean."""
_INNER_TABLES: dict[tuple[str, ...], type[BaseModel]] = {("tools", "mcp"): McpServer}
"""Tables within a section whose entries have keys of their own."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a configuration."""

    origin: str
    """The layer that says it: a file, a variable or an option."""
    key: str
    """Dotted; empty where an option names none."""
    message: str

    def __str__(self) -> str:
        return tr(": ").join(_shortened(part) for part in (self.origin, self.key, self.message) if part)


class InvalidConfig(ConfigError):
    """A configuration with faults; the message lists all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        lines = [*map(str, faults[:_MOST_FAULTS])]
        if len(faults) > _MOST_FAULTS:
            lines.append(tr("and {count} more", count=len(faults) - _MOST_FAULTS))
        super().__init__("\n".join(lines), hint=tr("every key and its default: voicebot config show"))
        self.faults = tuple(faults)


def faults_of(
    error: ValidationError,
    merged: Mapping[str, Any],  # Any: TOML
    origins: Mapping[str, str],
) -> list[Fault]:
    """What pydantic found wrong with the merged tables; `origins` names the layer of each dotted key."""
    problems = error.errors(include_url=False)
    listed = [_fault(problem, merged, origins) for problem in problems[:_MOST_FAULTS]]
    return listed + [Fault("", "", str(problem["msg"])) for problem in problems[_MOST_FAULTS:]]  # only counted


def _fault(problem: ErrorDetails, merged: Mapping[str, Any], origins: Mapping[str, str]) -> Fault:  # Any: TOML
    """What pydantic found wrong, in words about config.toml."""
    path = [str(part) for part in problem["loc"]]
    section = path[0]
    if section in DEFAULT_KINDS and len(path) > 1:
        del path[1]  # the tag of the union
    key = ".".join(path)
    origin = origins.get(key) or origins.get(".".join(path[:2])) or _any_origin(section, origins)
    message = str(problem["msg"])
    match problem["type"]:
        case "extra_forbidden":
            message = _unknown_key(path, merged)
        case "union_tag_invalid":
            key = f"{section}.kind"
            wanted, kinds = str(problem["ctx"]["tag"]), str(problem["ctx"]["expected_tags"]).replace("'", "")
            near = difflib.get_close_matches(wanted, kinds.split(", "), 1, 0.5)
            kinds = kinds.replace(", ", tr(", "))
            message = (
                tr(
                    "unknown kind {wanted!r}; did you mean {near}? (one of: {kinds})",
                    wanted=wanted,
                    near=near[0],
                    kinds=kinds,
                )
                if near
                else tr("unknown kind {wanted!r} (one of: {kinds})", wanted=wanted, kinds=kinds)
            )
        case "union_tag_not_found" | "model_type" | "model_attributes_type" | "dict_type":
            message = tr("expected a table: [{key}] with its keys below it", key=key)
        case _:
            message = message.replace("valid tuple", "valid list")  # what it is in config.toml
            if meant := PATTERNS.get(problem.get("ctx", {}).get("pattern", "")):
                message = tr(meant)
            else:
                message = foreign(message.removeprefix("Value error, "), _OF_PYDANTIC).partition(", unable to parse")[0]
            if not (
                isinstance(problem["input"], dict)
                or key.endswith(("api_key", "amqp_url", "token"))
                or {"env", "headers", "query"} & {*path}
            ):  # may hold secrets
                message = tr("{message}, not {value}", message=message, value=without_passwords(repr(problem["input"])))
    return Fault(origin, key, message)


def _unknown_key(path: Sequence[str], merged: Mapping[str, Any]) -> str:  # Any: TOML
    *table, key = path
    known = sorted(_keys_below(table, merged)) if table else list(Config.model_fields)
    near = difflib.get_close_matches(key, known, 1, 0.6)
    names = tr(", ").join(known)
    if len(table) == 1 and key in keys_of(table[0]):
        kind = merged[table[0]].get("kind", DEFAULT_KINDS.get(table[0]))
        return tr("unknown key for the kind {kind!r}; another kind has it", kind=kind)
    if table:
        return (
            tr("unknown key; did you mean {near}?", near=near[0])
            if near
            else tr("unknown key; known keys: {names}", names=names)
        )
    return (
        tr("unknown table; did you mean {near}?", near=near[0])
        if near
        else tr("unknown table; known tables: {names}", names=names)
    )


def _keys_below(table: Sequence[str], merged: Mapping[str, Any]) -> set[str]:  # Any: TOML
    """The keys that a section may hold, or a table within one such as tools.mcp.files."""
    if inner := _INNER_TABLES.get(tuple(table[:2])):
        return set(inner.model_fields)
    section = table[0]
    return keys_of(section, merged[section].get("kind", DEFAULT_KINDS.get(section)))


def _any_origin(section: str, origins: Mapping[str, str]) -> str:
    return next((origin for key, origin in origins.items() if key.split(".")[0] == section), "configuration")


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
