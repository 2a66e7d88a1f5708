"""Where config.toml is looked for, what overrides it, and every fault at once.

Layers, later ones win: defaults, the user's config.toml, that of the current folder as far as it is trusted,
environment (`VOICEBOT_CHAT__MODEL=…`), and the command line (`--set chat.model=…`, then its own options). A file that
is named takes the place of both files. A layer that names the `kind` of a section speaks of that kind: when a later one
names another, its keys no longer mean anything. A layer that names no kind speaks of whatever kind it turns out to be.
The environment is there for every command: what it says to another kind than the one in the end is left out, and so is
what the current folder's config.toml says without naming a kind.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from voicebot.config.faults import Fault, InvalidConfig, faults_of
from voicebot.config.files import RENAMED_TABLES, VERSION_KEY, ConfigFile, keys_of, read_file
from voicebot.config.models import DEFAULT_KINDS, Config
from voicebot.config.trust import TRUST_COMMAND, Refused, is_trusted, without_modules_of_this_folder, without_refused
from voicebot.errors import ConfigError
from voicebot.translation import tr

ENVIRONMENT_PREFIX = "VOICEBOT_"
CONFIG_VERSION = 1
"""The form of config.toml that this version reads."""

_NEEDED = {"base_url", "factory", "runnable"}
"""Keys without which a kind is another one than was meant."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and where each of its keys comes from."""

    config: Config
    files: tuple[Path, ...]
    """Every config.toml that is used, the strongest last."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Dotted key → the layer that set it; keys that are not in it have their defaults."""
    refused: tuple[Refused, ...] = ()
    """What the current folder's config.toml says and nobody has trusted."""
    used: str = ""
    """One line that names what is used, where the current folder has a say in it."""
    unused: tuple[Unused, ...] = ()
    """What the environment, or the current folder's config.toml, says to other kinds."""


@dataclass(frozen=True, slots=True)
class Unused:
    """A variable of the environment, or a key of the current folder's config.toml, which another kind has."""

    name: str
    section: str
    kind: str
    """The one that is used."""

    def __str__(self) -> str:
        return tr("{name} is not used: {section}.kind is {kind}", name=self.name, section=self.section, kind=self.kind)


def user_config_path() -> Path:
    """config.toml in the user's own configuration folder."""
    import platformdirs

    return Path(platformdirs.user_config_dir("voicebot", appauthor=False)) / "config.toml"


def named_config(explicit: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file that the person has named, if any: the only one that is read, and theirs to answer for."""
    return explicit or (Path(named) if (named := environment.get("VOICEBOT_CONFIG")) else None)


PROJECT_CONFIG = Path("config.toml")
"""The one of the current folder."""


def project_file() -> ConfigFile | None:
    """The config.toml of the current folder, where it is voicebot's and another one than the user's own."""
    try:
        if not PROJECT_CONFIG.is_file() or Path.cwd().resolve() == user_config_path().parent.resolve():
            return None
        file = read_file(PROJECT_CONFIG)
    except (ConfigError, OSError):
        return None  # another program's, for all we know
    return file if file.is_ours() else None


def load_config(
    explicit: Path | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    assignments: Iterable[str] = (),
    options: Mapping[str, tuple[str, object]] | None = None,
) -> Loaded:
    """Read config.toml and everything that overrides it.

    `assignments` are texts such as `chat.model=llama3.2`; `options` maps dotted keys to (option name, value).
    Raises InvalidConfig with every fault, its layer and its key, and ConfigError for a file that cannot be read.
    """
    files, layers, refused = _read_files(named_config(explicit, environment))
    used = _used(files, layers, refused)
    from_environment = [
        _setting(name, name.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", "."), as_value(text))
        for name, text in sorted(environment.items())
        if name.startswith(ENVIRONMENT_PREFIX) and "__" in name
    ]
    from_command, faults = _settings_of_assignments(assignments)
    from_command += [_setting(option, dotted, value) for dotted, (option, value) in (options or {}).items()]
    kinds = {**DEFAULT_KINDS, **_kinds([*layers, from_environment, from_command])}
    from_environment, left = _split_by_kind(from_environment, kinds)
    unused = [Unused(one.origin, one.section, kinds[one.section]) for one in left]
    if files and files[-1].path == PROJECT_CONFIG:
        # What it says without naming a kind is meant for the usual one, and would be a fault with another.
        *below, here = layers
        of_others = _kinds([*below, from_environment, from_command])
        theirs = {section: kind for section, kind in of_others.items() if section not in _kinds([here])}
        layers[-1], left = _split_by_kind(here, theirs)
        unused += [Unused(f"{one.origin}: {one.section}.{one.key}", one.section, theirs[one.section]) for one in left]
    layers += [from_environment, from_command]
    config, origins, more = _validated(layers)
    faults += more
    if config is None or faults:
        raise InvalidConfig(faults)
    _check_needs(refused, [*from_environment, *from_command], origins)
    return Loaded(config, tuple(file.path for file in files), origins, tuple(refused), used, tuple(unused))


Tables = Mapping[str, Any]  # Any: TOML
"""The tables of a config.toml, by name."""


def config_of_tables(layers: Iterable[tuple[str, Tables]]) -> tuple[Config, Mapping[str, str]]:
    """The configuration of tables, later ones on top, and the origin of each dotted key; nothing else is read.

    Each layer has the name by which its faults are told. Raises InvalidConfig.
    """
    settings = [_settings_of_tables(origin, tables) for origin, tables in layers]
    config, origins, faults = _validated(settings)
    if config is None or faults:
        raise InvalidConfig(faults)
    return config, origins


def faults_in(file: ConfigFile) -> list[Fault]:
    """Everything that is wrong with this file alone. Raises ConfigError where it is not TOML."""
    return _validated([_settings_of_tables(str(file.path), file.tables())])[2]


def _validated(layers: Sequence[Sequence[_Setting]]) -> tuple[Config | None, dict[str, str], list[Fault]]:
    """The configuration of all layers, the origins of its keys, and every fault; None where it cannot be made."""
    faults = _renamed(layers)
    faults += [
        Fault(
            setting.origin,
            VERSION_KEY,
            tr(
                "this voicebot reads {known}, not {value!r}",
                known=CONFIG_VERSION,
                value=setting.value,
            ),
        )
        for layer in layers
        for setting in layer
        if setting.section == VERSION_KEY and setting.value != CONFIG_VERSION
    ]
    merged, origins = _merge(layers)
    told = {*RENAMED_TABLES, VERSION_KEY}
    try:
        config = Config.model_validate({name: table for name, table in merged.items() if name not in told})
    except ValidationError as error:
        return None, origins, [*faults, *faults_of(error, merged, origins)]
    return config, origins, faults


def _renamed(layers: Iterable[Sequence[_Setting]]) -> list[Fault]:
    """A fault for each layer's use of a table by an earlier name."""
    found = [
        Fault(
            setting.origin,
            setting.section,
            tr("the table is called [{name}] now", name=RENAMED_TABLES[setting.section]),
        )
        for layer in layers
        for setting in layer
        if setting.section in RENAMED_TABLES
    ]
    return list(dict.fromkeys(found))  # one fault for a file, however many keys it has there


# ---------------------------------------------------------------- files


def _read_files(named: Path | None) -> tuple[list[ConfigFile], list[list[_Setting]], list[Refused]]:
    """The files that are used, a layer of each, and what of the current folder's is refused. Raises ConfigError."""
    if named is not None:
        file = read_file(named)
        return [file], [_settings_of_tables(str(named), file.tables())], []
    files: list[ConfigFile] = []
    layers: list[list[_Setting]] = []
    refused: list[Refused] = []
    own, here = user_config_path(), project_file()
    if own.is_file():
        files.append(read_file(own))
        tables = files[0].tables()
        if own.parent.resolve() != Path.cwd().resolve() and not (here and is_trusted(here)):
            tables, refused = without_modules_of_this_folder(files[0], tables)
        layers.append(_settings_of_tables(str(own), tables))
    if here is not None:
        tables, more = without_refused(here, here.tables())
        refused += more
        files.append(here)
        layers.append(_settings_of_tables(str(here.path), tables))
    return files, layers, refused


def _used(files: Sequence[ConfigFile], layers: Sequence[Sequence[_Setting]], refused: Sequence[Refused]) -> str:
    """What is used, where the config.toml of the current folder says anything."""
    says_something = bool(files) and any(setting.section != VERSION_KEY for setting in layers[-1])
    if not refused and not (says_something and files[-1].path == PROJECT_CONFIG):
        return ""
    return tr("configuration: {files}", files=tr(", and on top of it ").join(str(file.path) for file in files))


def _check_needs(refused: Sequence[Refused], asked: Iterable[_Setting], origins: Mapping[str, str]) -> None:
    """Raise ConfigError where a refused key is what the environment or the command line asks for by its kind.

    The command would otherwise go to another server than the person means, or say that there is no plugin.
    """
    kinds = {setting.section: setting.value for setting in asked if setting.key == "kind"}
    for one in refused:
        if one.key in _NEEDED and one.kind and kinds.get(one.section) == one.kind and one.dotted not in origins:
            raise ConfigError(
                tr("{path}: {dotted} is needed, and nobody has trusted it", path=one.path, dotted=one.dotted),
                hint=tr("read it, then {command}", command=TRUST_COMMAND),
            )


# ---------------------------------------------------------------- layers


class _Setting(NamedTuple):
    """What a layer says of one key."""

    origin: str
    section: str
    key: str
    """Empty where the section is not a table."""
    value: object


def _setting(origin: str, dotted: str, value: object) -> _Setting:
    section, _, key = dotted.partition(".")
    return _Setting(origin, section, key, value)


def _settings_of_tables(origin: str, tables: Mapping[str, Any]) -> list[_Setting]:  # Any: TOML
    settings: list[_Setting] = []
    for section, table in tables.items():
        if isinstance(table, dict):
            settings += [_Setting(origin, section, key, value) for key, value in table.items()]
        else:
            settings.append(_Setting(origin, section, "", table))
    return settings


def _settings_of_assignments(assignments: Iterable[str]) -> tuple[list[_Setting], list[Fault]]:
    settings: list[_Setting] = []
    faults: list[Fault] = []
    for assignment in assignments:
        dotted, equals, text = assignment.partition("=")
        if not equals or "." not in dotted:
            wanted = tr("expected SECTION.KEY=VALUE, such as --set tts.rate=180")
            faults.append(Fault(f"--set {dotted}", "", wanted))  # its value may be a secret
            continue
        settings.append(_setting(f"--set {dotted.strip()}", dotted.strip(), as_value(text)))
    return settings, faults


def _kinds(layers: Iterable[Sequence[_Setting]]) -> dict[str, str]:
    """The kind that the last of the layers to name one gives each section."""
    return {
        one.section: str(one.value)
        for layer in layers
        for one in layer
        if one.key == "kind" and one.section in DEFAULT_KINDS
    }


def _split_by_kind(layer: Iterable[_Setting], kinds: Mapping[str, str]) -> tuple[list[_Setting], list[_Setting]]:
    """What a layer says to these kinds, or to any; and what it says to others, which only they have."""
    kept: list[_Setting] = []
    left: list[_Setting] = []
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


def _merge(layers: Iterable[Sequence[_Setting]]) -> tuple[dict[str, Any], dict[str, str]]:  # Any: TOML
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
