"""Where config.toml is looked for, what overrides it, and every error at once.

Layers, later ones win: defaults, config.toml, environment (`VOICEBOT_CHAT__MODEL=…`), and the command line (`--set
chat.model=…`, then its own options). A layer that names the `kind` of a section speaks of that kind: when a later one
names another, its keys mean nothing any more. A layer that names no kind speaks of whatever kind it turns out to be.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from voicebot.config.models import DEFAULT_KINDS, Config
from voicebot.errors import ConfigError

ENVIRONMENT_PREFIX = "VOICEBOT_"

_Entry = tuple[str, str, str, object]
"""Label, section, key and value of one setting; the key is empty where a section is no table."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and where each of its keys comes from."""

    config: Config
    files: tuple[Path, ...]
    """The config.toml that was read, if any."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Dotted key → the layer that set it; keys that are not in it have their defaults."""


def user_config_path() -> Path:
    """config.toml in the user's own configuration folder."""
    import platformdirs

    return Path(platformdirs.user_config_dir("voicebot", appauthor=False)) / "config.toml"


def search_paths(explicit: Path | None, environment: Mapping[str, str]) -> list[tuple[Path, bool]]:
    """Where config.toml is looked for, first match wins; True where the file must exist."""
    if explicit is not None:
        return [(explicit, True)]
    if named := environment.get("VOICEBOT_CONFIG"):
        return [(Path(named), True)]
    return [(Path("config.toml"), False), (user_config_path(), False)]


def load_config(
    explicit: Path | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    assignments: Iterable[str] = (),
    options: Mapping[str, tuple[str, object]] | None = None,
) -> Loaded:
    """Read config.toml and everything that overrides it.

    `assignments` are texts such as `chat.model=llama3.2`; `options` maps dotted keys to (option name, value).
    Raises ConfigError that lists every fault with its layer and key.
    """
    layers: list[list[_Entry]] = []
    problems: list[str] = []
    path = next((path for path, must in search_paths(explicit, environment) if must or path.is_file()), None)
    if path is not None:
        layers.append(_entries(str(path), _read_toml(path)))
    from_environment: list[_Entry] = []
    for key, text in sorted(environment.items()):
        if key.startswith(ENVIRONMENT_PREFIX) and "__" in key:
            dotted = key.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
            from_environment.append(_entry(key, dotted, _value(text)))
    from_command: list[_Entry] = []
    for assignment in assignments:
        dotted, equals, text = assignment.partition("=")
        if not equals or "." not in dotted:
            problems.append(f"--set {assignment}: want SECTION.KEY=VALUE, such as --set tts.rate=180")
            continue
        from_command.append(_entry(f"--set {dotted.strip()}", dotted.strip(), _value(text)))
    from_command += [_entry(option, dotted, value) for dotted, (option, value) in (options or {}).items()]
    layers += [from_environment, from_command]

    merged, origins = _merge(layers)
    config = None
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        problems += [_explain(problem, merged, origins) for problem in error.errors(include_url=False)]
    if config is None or problems:
        raise ConfigError("\n".join(problems), hint="every key and its default: voicebot config show")
    return Loaded(config, (path,) if path else (), origins)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no file {path}", hint="voicebot config path shows where it is looked for"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}", hint='texts want quotes: model = "llama3.2"') from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def _value(text: str) -> object:
    """A TOML value where it is one (80, true, 0.5, "…", […]), else the text itself."""
    try:
        return tomllib.loads(f"v = {text}")["v"] if "\n" not in text else text
    except tomllib.TOMLDecodeError:
        return text


def _entries(label: str, tables: Mapping[str, Any]) -> list[_Entry]:  # Any: TOML
    entries: list[_Entry] = []
    for section, table in tables.items():
        if isinstance(table, dict):
            entries += [(label, section, key, value) for key, value in table.items()]
        else:
            entries.append((label, section, "", table))
    return entries


def _entry(label: str, dotted: str, value: object) -> _Entry:
    section, _, key = dotted.partition(".")
    return label, section, key, value


def _merge(layers: Iterable[Sequence[_Entry]]) -> tuple[dict[str, Any], dict[str, str]]:
    """The layers on top of each other, and the label of what each dotted key comes from.

    A layer that names a `kind` speaks of that kind; one that names none, of whatever kind it turns out to be.
    """
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    of_a_kind: set[str] = set()
    for layer in layers:
        named = {section: value for _, section, key, value in layer if key == "kind"}
        for section, kind in named.items():
            below = merged.get(section)
            if isinstance(below, dict) and kind != below.get("kind", DEFAULT_KINDS.get(section)):
                known, other = _keys_of(section, kind), _keys_of(section, None)
                for key in [*below]:
                    if f"{section}.{key}" in of_a_kind or (key in other and key not in known):
                        del below[key], origins[f"{section}.{key}"]
        for label, section, key, value in layer:
            if not key:
                merged[section] = value
                origins[section] = label
                continue
            if not isinstance(merged.get(section), dict):
                merged[section] = {}
            merged[section][key] = value
            origins[f"{section}.{key}"] = label
            if section in named:
                of_a_kind.add(f"{section}.{key}")
            else:
                of_a_kind.discard(f"{section}.{key}")
    return merged, origins


def _keys_of(section: str, kind: object) -> set[str]:
    """The keys that a section has with this kind, or with any where `kind` is None."""
    if section not in Config.model_fields:
        return set()
    annotation = Config.model_fields[section].annotation
    return {
        key
        for model in get_args(annotation) or (annotation,)
        if kind is None or kind in get_args(model.model_fields["kind"].annotation)
        for key in model.model_fields
    }


def _explain(
    problem: Any, merged: Mapping[str, Any], origins: Mapping[str, str]
) -> str:  # Any: pydantic's ErrorDetails
    """One fault as "layer: key: what is wrong"."""
    location = [str(part) for part in problem["loc"]]
    section = location[0]
    if section in DEFAULT_KINDS and len(location) > 1:
        del location[1]  # the tag of the union
    dotted = ".".join(location)
    label = origins.get(dotted) or origins.get(".".join(location[:2])) or _any_origin(section, origins)
    message = str(problem["msg"])
    match problem["type"]:
        case "extra_forbidden":
            kind = merged[section].get("kind", DEFAULT_KINDS.get(section)) if len(location) > 1 else None
            known = sorted(_keys_of(section, kind)) if len(location) > 1 else list(Config.model_fields)
            near = difflib.get_close_matches(location[-1], known, 1, 0.6)
            message = "unknown key" + (f"; did you mean {near[0]}?" if near else f"; known are: {', '.join(known)}")
        case "union_tag_invalid":
            dotted = f"{section}.kind"
            wanted, kinds = str(problem["ctx"]["tag"]), str(problem["ctx"]["expected_tags"]).replace("'", "")
            near = difflib.get_close_matches(wanted, kinds.split(", "), 1, 0.5)
            message = (
                f"unknown kind {wanted!r}" + (f"; did you mean {near[0]}?" if near else "") + f" (one of: {kinds})"
            )
        case "union_tag_not_found" | "model_type" | "model_attributes_type" | "dict_type":
            message = f"want a table: [{section}] and its keys below it"
        case _:
            message = message.removeprefix("Value error, ")
            if not dotted.endswith("api_key"):
                message += f", not {problem['input']!r}"
    return f"{label}: {dotted}: {message}"


def _any_origin(section: str, origins: Mapping[str, str]) -> str:
    return next((label for key, label in origins.items() if key.split(".")[0] == section), "configuration")
