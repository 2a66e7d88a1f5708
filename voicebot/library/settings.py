"""What a program says about its voice, as a configuration.

Only what the program names is read, be it a file or the environment: what a library does must not depend on the folder
in which it is started.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from voicebot.config.layers import Tables
from voicebot.config.loading import config_of_tables
from voicebot.config.loading import load_config as load_layers
from voicebot.config.models import DEFAULT_KINDS, Config, Section

Settings = Mapping[str, object] | Section | str
"""A section of config.toml: its keys, one of the models of `voicebot.config.models`, or its `kind` alone."""
ConfigSource = Config | Mapping[str, object] | str | os.PathLike[str]
"""A configuration, its tables, or the file that holds them."""

_log = logging.getLogger("voicebot")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a program has said."""

    config: Config
    names_chat: bool
    """Whether it says anything about the chat model."""


def load_config(path: str | os.PathLike[str] | None = None) -> Config:
    """The configuration that the command `voicebot` would use here; pass it to `open_voice`.

    That is the person's config.toml, that of the current folder as far as they trust it, and the environment; or the
    file at `path`, and the environment. Keys that are not used are logged. Raises ConfigError.
    """
    loaded = load_layers(Path(path) if path is not None else None)
    for refused in loaded.refused:
        _log.warning("%s", refused)
    return loaded.config


def wanted(source: ConfigSource | None, sections: Mapping[str, Settings]) -> Wanted:
    """The configuration of `source`, or the defaults without one, with `sections` on top of it.

    Conversations are kept only where the settings say so explicitly. Raises ConfigError.
    """
    layers: list[tuple[str, Tables]] = []
    if isinstance(source, (str, os.PathLike)):
        source = load_layers(Path(source), environment={}).config
    if source is not None:
        layers.append(("open_voice", _tables(source)))
    layers.append(("open_voice", {name: _table(name, given) for name, given in sections.items()}))
    config, origins = config_of_tables(layers)
    if "memory.store" not in origins:
        config = config.model_copy(update={"memory": config.memory.model_copy(update={"store": False})})
    return Wanted(config, any(key.partition(".")[0] == "chat" for key in origins))


def with_sections(config: Config, sections: Mapping[str, Settings], *, origin: str) -> Config:
    """`config` with `sections` on top of it; errors name `origin`. Raises ConfigError."""
    layers = [(origin, _tables(config)), (origin, {name: _table(name, given) for name, given in sections.items()})]
    return config_of_tables(layers)[0]


def _tables(source: Config | Mapping[str, object]) -> Tables:
    if isinstance(source, Config):
        return source.model_dump(exclude_unset=True)
    return {name: _table(name, given) for name, given in source.items()}


def _table(name: str, given: object) -> object:
    if isinstance(given, BaseModel):
        kind = {"kind": getattr(given, "kind", None)} if name in DEFAULT_KINDS else {}
        return kind | given.model_dump(exclude_unset=True)
    return {"kind": given} if isinstance(given, str) and name in DEFAULT_KINDS else given
