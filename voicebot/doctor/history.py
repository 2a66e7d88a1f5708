"""The file that keeps conversations, which is only read here."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys

from voicebot.config.models import MemoryConfig
from voicebot.doctor.checkup import Finding, fails, fine, warns
from voicebot.errors import HistoryError
from voicebot.memory.sqlite_file import SCHEMA_VERSION, history_path, look_into
from voicebot.translation import counted, system_reason, tr

_OTHERS = 0o077


def check_history(config: MemoryConfig) -> Finding:
    """Whether it is ours, private, of a version that we know, and undamaged as far as a quick check shows."""
    if not config.store:
        return fine(tr("memory.store is false: nothing is kept"))
    path = history_path(config.path)
    if not os.path.lexists(path):
        return fine(tr("{path}: begins with the first conversation", path=path))
    another = f"voicebot config set memory.path {shlex.quote(str(path.with_name('voicebot-history.db')))}"
    try:
        version, turns = look_into(path)
    except HistoryError as error:
        return fails(error.message, another)
    except (sqlite3.Error, OSError) as error:
        return fails(tr("cannot use {path}: {error}", path=path, error=system_reason(error)), another)
    if version > SCHEMA_VERSION:
        told = tr("{path} was written by a newer voicebot (version {version})", path=path, version=version)
        return fails(told, another)
    if sys.platform != "win32" and path.stat().st_mode & _OTHERS:
        return warns(tr("others can read {path}", path=path), f"chmod 600 {shlex.quote(str(path))}")
    held = counted(turns, "{path}: {count} turn, version {version}", "{path}: {count} turns, version {version}",
                   path=path, version=version)  # fmt: skip
    return fine(held)
