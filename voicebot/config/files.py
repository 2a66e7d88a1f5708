"""Reads and replaces config.toml as a whole, from a real file only, and tells voicebot's from another program's."""

from __future__ import annotations

import difflib
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from voicebot.config.models import Config
from voicebot.errors import ConfigError
from voicebot.translation import about, system_reason, tr

_MOST_BYTES, _MOST_SECRET_BYTES = 1_000_000, 10_000
_MARK = re.compile(r"^#:schema .*voicebot", re.MULTILINE)
RENAMED_TABLES = {"session": "conversation"}
"""Tables of earlier versions, and what they are called now."""
VERSION_KEY = "config_version"
"""What stands above the tables: the form of the file, a whole number."""
_EVERYBODYS = {"server": {"host", "hosts", "port", "token"}}
"""Keys of ours that many a program has in a table of that name: they say nothing of whose file it is."""
_TELLING = [name for name in [*Config.model_fields, *RENAMED_TABLES] if name not in _EVERYBODYS]
_OUR_TABLE = re.compile(rf"^\s*\[({'|'.join(_TELLING)})[].]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A config.toml as it was read: what is judged, remembered and used is the same content."""

    path: Path
    data: bytes

    @property
    def text(self) -> str:
        """The content as text. Raises ConfigError."""
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigError(
                tr("{path}: not valid TOML: {error}", path=self.path, error=error), hint=tr("save it as UTF-8")
            ) from error

    def tables(self) -> dict[str, Any]:  # Any: TOML
        """The content as TOML. Raises ConfigError."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(
                tr("{path}: not valid TOML: {error}", path=self.path, error=error),
                hint=tr('text needs quotes: model = "llama3.2"'),
            ) from error
        except RecursionError as error:
            raise ConfigError(tr("{path}: not valid TOML: nested too deeply", path=self.path)) from error

    def is_ours(self) -> bool:
        """Tell whether it is voicebot's: it says so in a `#:schema` line, or has a table of ours with a key of ours."""
        text = self.data.decode("utf-8-sig", "replace")
        if _MARK.search(text):
            return True
        try:
            tables = self.tables()
        except ConfigError:
            return _OUR_TABLE.search(text) is not None  # a slip of the pen in one of ours is told
        ours = [name for name, table in tables.items() if _has_our_key(name, table)]
        others = [name for name in tables if name not in {*ours, *_EVERYBODYS, VERSION_KEY}]
        return len(ours) > len(others)


class UnsuitableFile(Exception):
    """It is a pipe, a folder or a device, or too long."""


class OthersCanRead(Exception):
    """A file that should be private is not."""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that holds one secret and nothing else, and what is told where it does not; all with {path}."""

    form: re.Pattern[str]
    """What the secret looks like."""
    exposed: str
    """Others can read it."""
    unreadable: str
    """With {reason}."""
    wrong: str
    """It has another form."""
    hint: str


def read_file(path: Path) -> ConfigFile:
    """Read a config.toml. Raises ConfigError, also for what is no file of a sensible size."""
    if path == Path(os.devnull):
        return ConfigFile(path, b"")
    try:
        return ConfigFile(path, read_small_file(path, max_bytes=_MOST_BYTES))
    except UnsuitableFile as error:
        raise ConfigError(f"{path}: {error}", hint=tr("is this the right file?")) from error
    except FileNotFoundError as error:
        raise ConfigError(
            tr("there is no file {path}", path=path), hint=tr("voicebot config path shows where it is looked for")
        ) from error
    except OSError as error:
        raise ConfigError(about(path, system_reason(error))) from error


def read_small_file(path: Path, *, max_bytes: int, private: bool = False) -> bytes:
    """The content of a regular file. Raises OSError, UnsuitableFile, and OthersCanRead for one that is not `private`.

    A pipe would be waited for, and a device might never end.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode  # of the open file: its name may mean another one a moment later
        if not stat.S_ISREG(mode):
            raise UnsuitableFile(tr("not a file"))
        if private and os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise OthersCanRead
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise UnsuitableFile(tr("longer than {size:,} bytes", size=max_bytes))
    return data


def read_secret(name: str, file: SecretFile) -> str:
    """The secret in the file of this name, without whitespace around it. Raises ConfigError."""
    path, hint = Path(name).expanduser(), tr(file.hint)
    try:
        content = read_small_file(path, max_bytes=_MOST_SECRET_BYTES, private=True)
    except OthersCanRead as error:
        raise ConfigError(tr(file.exposed, path=path), hint=tr("run `chmod 600 {path}`", path=path)) from error
    except (UnsuitableFile, OSError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(tr(file.unreadable, path=path, reason=reason), hint=hint) from error
    secret = content.decode("utf-8-sig", "replace").strip()
    if not file.form.fullmatch(secret):
        raise ConfigError(tr(file.wrong, path=path), hint=hint)
    return secret


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file at once, or not at all. A new one is for its owner alone. Raises OSError."""
    path = path.resolve()  # a link to where a person keeps it stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}-")  # mode 0600
    try:
        with open(handle, "wb") as file:
            file.write(data)
        if path.exists():
            os.chmod(new, path.stat().st_mode & 0o777)
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise


def keys_of(section: str, kind: object = None) -> set[str]:
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


def _has_our_key(section: str, table: object) -> bool:
    """Whether it is a table of ours with at least one key that is ours, or nearly so."""
    known = keys_of(RENAMED_TABLES.get(section, section)) - _EVERYBODYS.get(section, set())
    return isinstance(table, Mapping) and any(difflib.get_close_matches(key, known, 1, 0.8) for key in table)
