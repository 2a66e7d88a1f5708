"""What each layer of a configuration says, and the layers on top of each other."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from voicebot.config.faults import Fault
from voicebot.config.files import keys_of
from voicebot.config.models import DEFAULT_KINDS
from voicebot.translation import tr

_ENVIRONMENT_PREFIX = "VOICEBOT_"
Tables = Mapping[str, Any]  # Any: TOML
"""The tables of a config.toml, by name."""


class Setting(NamedTuple):
    """What a layer says of one key."""

    origin: str
    section: str
    key: str
    """Empty where the section is not a table."""
    value: object


def setting_of(origin: str, dotted: str, value: object) -> Setting:
    """What the layer `origin` says of a dotted key."""
    section, _, key = dotted.partition(".")
    return Setting(origin, section, key, value)


def settings_of_tables(origin: str, tables: Tables) -> list[Setting]:
    """What the tables of a file say, key by key."""
    settings: list[Setting] = []
    for section, table in tables.items():
        if isinstance(table, dict):
            settings += [Setting(origin, section, key, value) for key, value in table.items()]
        else:
            settings.append(Setting(origin, section, "", table))
    return settings


def settings_of_environment(environment: Mapping[str, str]) -> list[Setting]:
    """What variables such as `VOICEBOT_CHAT__MODEL` say."""
    return [
        setting_of(name, name.removeprefix(_ENVIRONMENT_PREFIX).lower().replace("__", "."), as_value(text))
        for name, text in sorted(environment.items())
        if name.startswith(_ENVIRONMENT_PREFIX) and "__" in name
    ]


def settings_of_assignments(assignments: Iterable[str]) -> tuple[list[Setting], list[Fault]]:
    """What texts such as `chat.model=llama3.2` say, and a fault for each that says nothing."""
    settings: list[Setting] = []
    faults: list[Fault] = []
    for assignment in assignments:
        dotted, equals, text = assignment.partition("=")
        if not equals or "." not in dotted:
            wanted = tr("expected SECTION.KEY=VALUE, such as --set tts.rate=180")
            faults.append(Fault(f"--set {dotted}", "", wanted))  # its value may be a secret
            continue
        settings.append(setting_of(f"--set {dotted.strip()}", dotted.strip(), as_value(text)))
    return settings, faults


def kinds_in(layers: Iterable[Sequence[Setting]]) -> dict[str, str]:
    """The kind that the last of the layers to name one gives each section."""
    return {
        one.section: str(one.value)
        for layer in layers
        for one in layer
        if one.key == "kind" and one.section in DEFAULT_KINDS
    }


def split_by_kind(layer: Iterable[Setting], kinds: Mapping[str, str]) -> tuple[list[Setting], list[Setting]]:
    """What a layer says to these kinds, or to any; and what it says to others, which only they have."""
    kept: list[Setting] = []
    left: list[Setting] = []
    for one in layer:
        own = keys_of(one.section, kinds.get(one.section))
        of_another_kind = own and one.key in keys_of(one.section) - own
        (left if of_another_kind else kept).append(one)
    return kept, left


def as_value(text: str) -> object:
    """A TOML value where it is one (80, true, 0.5, "…", […]), otherwise the text itself."""
    try:
        return tomllib.loads(f"v = {text}")["v"] if "\n" not in text else text
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def merge(layers: Iterable[Sequence[Setting]]) -> tuple[dict[str, Any], dict[str, str]]:  # Any: TOML
    """The layers on top of each other, and the origin of each dotted key.

    A layer that names a `kind` speaks of that kind; one that names none, of whatever kind it turns out to be.
    """
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    of_a_kind: set[str] = set()
    for layer in layers:
        named = {setting.section: setting.value for setting in layer if setting.key == "kind"}
        for section, kind in named.items():
            below = merged.get(section)
            if isinstance(below, dict) and kind != below.get("kind", DEFAULT_KINDS.get(section)):
                known, other = keys_of(section, kind), keys_of(section)
                for key in [*below]:
                    if f"{section}.{key}" in of_a_kind or (key in other and key not in known):
                        del below[key], origins[f"{section}.{key}"]
        for origin, section, key, value in layer:
            if not key:
                merged[section] = value
                origins[section] = origin
                continue
            if not isinstance(merged.get(section), dict):
                merged[section] = {}
            merged[section][key] = value
            origins[f"{section}.{key}"] = origin
            if section in named:
                of_a_kind.add(f"{section}.{key}")
            else:
                of_a_kind.discard(f"{section}.{key}")
    return merged, origins
