"""`voicebot config`: the configuration in effect, where it comes from, and its schema."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli.command import add_command
from voicebot.cli.options import ConfigFileOption, ConfigOptions, JsonObjectOption
from voicebot.cli.output import Row, json_document, json_text, status, terminal_width, write_out
from voicebot.cli.runner import OK
from voicebot.text.redaction import without_passwords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicebot.config.loading import Loaded

config_app = typer.Typer(
    help="Show the configuration and where it comes from.", rich_markup_mode=None, no_args_is_help=True
)


def show(
    *,
    config: ConfigOptions,
    origin: Annotated[bool, typer.Option("--origin", help="Show where each value comes from.")] = False,
    json: JsonObjectOption = False,
) -> int:
    """Print the configuration in effect, as config.toml."""
    loaded = config.load()
    tables = _tables(loaded)
    text = json_document(tables) if json else _as_toml(tables, loaded.origins if origin else None)
    write_out(without_passwords(text))
    return OK


def path(config: ConfigFileOption = None) -> int:
    """Print where voicebot looks for config.toml, and which one it uses."""
    from voicebot.config.loading import search_paths, user_config_path

    used = False
    for path, _ in search_paths(config, os.environ):
        found = path.is_file()
        write_out(f"{path.absolute()}{'  (used)' if found and not used else '' if found else '  (not found)'}\n")
        used = used or found
    if not used:
        status(f"no config.toml, so every key has its default; yours would be {user_config_path()}")
    return OK


def schema() -> int:
    """Print the JSON schema of config.toml, for editors."""
    from voicebot.config.models import Config

    write_out(json_document(Config.model_json_schema()))
    return OK


add_command(config_app, show)
add_command(config_app, path)
add_command(config_app, schema)


def _tables(loaded: Loaded) -> dict[str, Row]:
    """The tables of config.toml with all their keys, `kind` first; secrets are stars."""
    tables: dict[str, Row] = loaded.config.model_dump(mode="json")
    return {name: {"kind": table["kind"], **table} if "kind" in table else table for name, table in tables.items()}


def _as_toml(tables: Mapping[str, Row], origins: Mapping[str, str] | None) -> str:
    """The tables as config.toml; with `origins`, where each value comes from."""
    column = min(60, terminal_width() - 20)
    lines = []
    for name, table in tables.items():
        lines.append(f"[{name}]")
        for key, value in table.items():
            line = f"{key} = {_toml(value)}" if value is not None else f"# {key} is unset"
            if origins is not None:
                line = f"{line:<{column}} # {origins.get(f'{name}.{key}', 'default')}"
            lines.append(line)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _toml(value: Any) -> str:  # Any: as in Row
    match value:
        case dict():
            return "{" + ", ".join(f"{json_text(k)} = {_toml(v)}" for k, v in value.items() if v is not None) + "}"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
    return json_text(value)  # TOML's strings, numbers and booleans are JSON's
