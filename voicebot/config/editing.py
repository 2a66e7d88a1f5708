"""Writes config.toml: the annotated one to begin with, and single keys, with all that a person wrote around."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from voicebot.config.faults import InvalidConfig
from voicebot.config.files import VERSION_KEY, ConfigFile, read_file, write_whole
from voicebot.config.loading import CONFIG_VERSION, faults_in
from voicebot.config.models import Config
from voicebot.errors import ConfigError
from voicebot.translation import system_reason, tr

SCHEMA_NAME = "voicebot.schema.json"
"""What the first line of config.toml calls the file beside it."""


def config_schema() -> dict[str, Any]:  # Any: JSON
    """The JSON schema of config.toml, for editors."""
    schema = Config.model_json_schema()
    version = {"const": CONFIG_VERSION, "description": "The form of this file."}
    return {**schema, "properties": {VERSION_KEY: version, **schema["properties"]}}


def annotated_config() -> str:
    """config.toml as we ship it: every key, commented out at its default."""
    package = resources.files("voicebot.config") / "config.toml"
    if package.is_file():
        return package.read_text(encoding="utf-8")
    return Path(__file__).parents[2].joinpath("config.toml").read_text(encoding="utf-8")  # a checkout


def create_config(path: Path, *, force: bool = False) -> None:
    """Write the annotated config.toml and its schema. Raises ConfigError, also where there is one already."""
    if path.exists() and not force:
        raise ConfigError(
            tr("{path} is already there", path=path), hint=tr("voicebot config edit opens it; --force writes a new one")
        )
    _write(path, annotated_config().encode())
    _write(path.with_name(SCHEMA_NAME), json.dumps(config_schema(), indent=2, ensure_ascii=False).encode())


def with_key(file: ConfigFile, section: str, key: str, value: object) -> ConfigFile:
    """The file with one key set, every comment kept. Raises InvalidConfig for faults that it did not have before."""
    import tomlkit

    tables = file.tables()
    before = set(faults_in(file))
    text = file.text
    table = tables.get(section, {})
    if not (isinstance(table, dict) and key in table):
        text = _with_placeholder(text, section, key)
    document = tomlkit.parse(text)
    if section not in document:
        document[section] = tomlkit.table()
    document[section][key] = value
    changed = ConfigFile(file.path, tomlkit.dumps(document).encode())
    if faults := [fault for fault in faults_in(changed) if fault not in before]:
        raise InvalidConfig(faults)
    return changed


def set_key(path: Path, section: str, key: str, value: object) -> ConfigFile:
    """Set one key in a config.toml, which is made if there is none; return it as it is now. Raises ConfigError.

    The file is checked before it is written, and replaced at once.
    """
    file = read_file(path) if path.exists() else ConfigFile(path, annotated_config().encode())
    changed = with_key(file, section, key, value)
    _write(path, changed.data)
    return changed


def _with_placeholder(text: str, section: str, key: str) -> str:
    """`text` with a line for the key: where it stands commented out, else below the header of its section."""
    header = re.search(rf"^[ \t]*\[[ \t]*{section}[ \t]*\].*(?:\r?\n|\Z)", text, re.MULTILINE)
    if header is None:
        return text
    following = re.compile(r"^[ \t]*\[", re.MULTILINE).search(text, header.end())
    end = following.start() if following else len(text)
    commented = re.compile(rf"^# ({key} = )(?=.)", re.MULTILINE).search(text, header.end(), end)
    if commented:
        return text[: commented.start()] + text[commented.start(1) :]
    newline = "\r\n" if "\r\n" in text else "\n"
    between = "" if header[0].endswith("\n") else newline
    return f"{text[: header.end()]}{between}{key} = 0{newline}{text[header.end() :]}"


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise ConfigError(tr("cannot write {path}: {reason}", path=path, reason=system_reason(error))) from error
