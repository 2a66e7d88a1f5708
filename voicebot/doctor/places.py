"""The configuration, and the folders that voicebot writes into."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from voicebot.config.faults import InvalidConfig
from voicebot.config.loading import Loaded
from voicebot.doctor.checkup import Finding, fails, fine, warns
from voicebot.errors import ConfigError
from voicebot.translation import system_reason, tr

_OTHERS_READ, _OTHERS_WRITE = 0o044, 0o022


def check_config(loaded: Loaded | ConfigError) -> Finding:
    """Whether it can be used, all of it, and by whom its files can be read."""
    match loaded:
        case InvalidConfig(faults=faults):
            more = tr("and {count} more", count=len(faults) - 1) if len(faults) > 1 else ""
            return fails(" · ".join(filter(None, [str(faults[0]), more])), "voicebot config check")
        case ConfigError():
            return fails(loaded.message, "voicebot config path")
        case _:
            return _check_loaded(loaded)


def _check_loaded(loaded: Loaded) -> Finding:
    if open_to_others := _file_with_key(loaded):
        return warns(
            tr("{path} holds an API key, and others can read it", path=open_to_others),
            f"chmod 600 {shlex.quote(str(open_to_others))}",
        )
    if refused := loaded.refused:
        keys = tr(", ").join(one.dotted for one in refused)
        return warns(tr("not used, since nobody has trusted it: {keys}", keys=keys), "voicebot config trust")
    files = tr(", ").join(str(path.absolute()) for path in loaded.files)
    return fine(tr("; ").join([files or tr("no config.toml: every key has its default"), *map(str, loaded.unused)]))


def _file_with_key(loaded: Loaded) -> Path | None:
    """The config.toml in which others can read an API key."""
    if sys.platform == "win32":
        return None
    origin = loaded.origins.get("chat.api_key")
    named = [path for path in loaded.files if str(path) == origin]
    return next((path for path in named if path.stat().st_mode & _OTHERS_READ), None)


def check_folders(folders: Mapping[str, Path], private: Sequence[str]) -> Finding:
    """Whether we can write into each of `folders`, and nobody else into them or, where it is `private`, look."""
    for name, folder in folders.items():
        if finding := _fault_of(folder, private=name in private):
            return finding
    return fine(tr(", ").join(folders))


def _fault_of(folder: Path, *, private: bool) -> Finding | None:
    there = folder
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent  # where it will be made
    quoted = shlex.quote(str(there))
    if not there.is_dir():
        return fails(tr("{path} is in the way: it is not a folder", path=there), f"mv {quoted} {quoted}.old")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = system_reason(error)
        return fails(tr("cannot write into {path}: {reason}", path=there, reason=reason), f"ls -ld {quoted}")
    if sys.platform == "win32" or there != folder:
        return None
    mode = folder.stat().st_mode
    if mode & _OTHERS_WRITE:
        return warns(tr("others can write into {path}", path=folder), f"chmod 700 {quoted}")
    if private and mode & _OTHERS_READ:
        return warns(tr("others can look into {path}", path=folder), f"chmod 700 {quoted}")
    return None
