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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from voicebot.config.faults import Fault, InvalidConfig, faults_of
from voicebot.config.files import RENAMED_TABLES, VERSION_KEY, ConfigFile, read_file
from voicebot.config.layers import (
    Setting,
    Tables,
    kinds_in,
    merge,
    setting_of,
    settings_of_assignments,
    settings_of_environment,
    settings_of_tables,
    split_by_kind,
)
from voicebot.config.models import DEFAULT_KINDS, Config
from voicebot.config.trust import TRUST_COMMAND, Refused, is_trusted, without_modules_of_this_folder, without_refused
from voicebot.errors import ConfigError
from voicebot.translation import tr

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
    from_environment = settings_of_environment(environment)
    from_command, faults = settings_of_assignments(assignments)
    from_command += [setting_of(option, dotted, value) for dotted, (option, value) in (options or {}).items()]
    kinds = {**DEFAULT_KINDS, **kinds_in([*layers, from_environment, from_command])}
    from_environment, left = split_by_kind(from_environment, kinds)
    unused = [Unused(one.origin, one.section, kinds[one.section]) for one in left]
    if files and files[-1].path == PROJECT_CONFIG:
        # What it says without naming a kind is meant for the usual one, and would be a fault with another.
        *below, here = layers
        of_others = kinds_in([*below, from_environment, from_command])
        theirs = {section: kind for section, kind in of_others.items() if section not in kinds_in([here])}
        layers[-1], left = split_by_kind(here, theirs)
        unused += [Unused(f"{one.origin}: {one.section}.{one.key}", one.section, theirs[one.section]) for one in left]
    layers += [from_environment, from_command]
    config, origins, more = _validated(layers)
    faults += more
    if config is None or faults:
        raise InvalidConfig(faults)
    _check_needs(refused, [*from_environment, *from_command], origins)
    return Loaded(config, tuple(file.path for file in files), origins, tuple(refused), used, tuple(unused))


def config_of_tables(layers: Iterable[tuple[str, Tables]]) -> tuple[Config, Mapping[str, str]]:
    """The configuration of tables, later ones on top, and the origin of each dotted key; nothing else is read.

    Each layer has the name by which its faults are told. Raises InvalidConfig.
    """
    settings = [settings_of_tables(origin, tables) for origin, tables in layers]
    config, origins, faults = _validated(settings)
    if config is None or faults:
        raise InvalidConfig(faults)
    return config, origins


def faults_in(file: ConfigFile) -> list[Fault]:
    """Everything that is wrong with this file alone. Raises ConfigError where it is not TOML."""
    return _validated([settings_of_tables(str(file.path), file.tables())])[2]


def _validated(layers: Sequence[Sequence[Setting]]) -> tuple[Config | None, dict[str, str], list[Fault]]:
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
    merged, origins = merge(layers)
    told = {*RENAMED_TABLES, VERSION_KEY}
    try:
        config = Config.model_validate({name: table for name, table in merged.items() if name not in told})
    except ValidationError as error:
        return None, origins, [*faults, *faults_of(error, merged, origins)]
    return config, origins, faults


def _renamed(layers: Iterable[Sequence[Setting]]) -> list[Fault]:
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


def _read_files(named: Path | None) -> tuple[list[ConfigFile], list[list[Setting]], list[Refused]]:
    """The files that are used, a layer of each, and what of the current folder's is refused. Raises ConfigError."""
    if named is not None:
        file = read_file(named)
        return [file], [settings_of_tables(str(named), file.tables())], []
    files: list[ConfigFile] = []
    layers: list[list[Setting]] = []
    refused: list[Refused] = []
    own, here = user_config_path(), project_file()
    if own.is_file():
        files.append(read_file(own))
        tables = files[0].tables()
        if own.parent.resolve() != Path.cwd().resolve() and not (here and is_trusted(here)):
            tables, refused = without_modules_of_this_folder(files[0], tables)
        layers.append(settings_of_tables(str(own), tables))
    if here is not None:
        tables, more = without_refused(here, here.tables())
        refused += more
        files.append(here)
        layers.append(settings_of_tables(str(here.path), tables))
    return files, layers, refused


def _used(files: Sequence[ConfigFile], layers: Sequence[Sequence[Setting]], refused: Sequence[Refused]) -> str:
    """What is used, where the config.toml of the current folder says anything."""
    says_something = bool(files) and any(setting.section != VERSION_KEY for setting in layers[-1])
    if not refused and not (says_something and files[-1].path == PROJECT_CONFIG):
        return ""
    return tr("configuration: {files}", files=tr(", and on top of it ").join(str(file.path) for file in files))


def _check_needs(refused: Sequence[Refused], asked: Iterable[Setting], origins: Mapping[str, str]) -> None:
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
