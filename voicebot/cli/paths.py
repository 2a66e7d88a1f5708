"""`voicebot paths`: what voicebot keeps on this machine, how large it is, and how to get rid of it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from voicebot.cli.options import JsonObjectOption
from voicebot.cli.output import Row, confirm, json_document, status, write_out, write_table
from voicebot.cli.runner import FAILED, OK, UsageError
from voicebot.errors import VoicebotError
from voicebot.translation import system_reason, tr


def paths(
    *,
    json: JsonObjectOption = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete all of it, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --delete: do not ask.")] = False,
) -> int:
    """Show the folders that voicebot keeps things in, and their sizes.

    Examples:
      voicebot paths
      voicebot paths --delete
    """
    rows: list[Row] = [
        {"folder": name, "path": str(path), "bytes": size_of(path), "holds": holds}
        for name, path, holds in kept_folders()
    ]
    if json:
        write_out(json_document({row["folder"]: {"path": row["path"], "bytes": row["bytes"]} for row in rows}))
    else:
        write_table({**row, "bytes": _shown_size(row["bytes"])} for row in rows)
    if delete:
        return _delete(rows, ask=not yes)
    return OK


def kept_folders() -> list[tuple[str, Path, str]]:
    """Name, path and content of each folder; where a system has one for two uses it comes once."""
    import platformdirs

    folders = [
        ("config", platformdirs.user_config_dir, "config.toml"),
        ("data", platformdirs.user_data_dir, tr("the history of conversations") + tr(", ") + "dictionary.json"),
        ("state", platformdirs.user_state_dir, tr("what has been learned about voices; what is trusted")),
        ("cache", platformdirs.user_cache_dir, tr("the Japanese dictionary, unpacked")),
    ]
    found: dict[Path, tuple[str, Path, str]] = {}
    for name, folder, holds in folders:
        path = Path(folder("voicebot", appauthor=False))
        found.setdefault(path, (name, path, holds))
    return [*found.values()]


def size_of(folder: Path) -> int:
    """Bytes in all files below a folder; 0 without one."""
    total = 0
    for below, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(below, name)).st_size
            except OSError:  # gone meanwhile
                continue
    return total


def _delete(rows: list[Row], *, ask: bool) -> int:
    """Delete the folders; return the exit code. Raises UsageError where nobody can be asked."""
    there = [Path(row["path"]) for row in rows if os.path.lexists(row["path"])]
    if not there:
        status(tr("there is nothing to delete"))
        return OK
    if ask:
        if not sys.stdin.isatty():
            raise UsageError(
                tr("nobody can be asked here"), hint=tr("voicebot paths --delete --yes deletes without asking")
            )
        status(tr("every conversation, your config.toml and what has been learned will be gone"))
        if not confirm(tr("delete these folders?")):
            return FAILED
    for path in there:
        try:
            if path.is_symlink():
                path.unlink()  # what it leads to is not ours to judge
            else:
                shutil.rmtree(path)
        except OSError as error:
            raise VoicebotError(
                tr("cannot delete {path}: {reason}", path=path, reason=system_reason(error)),
                hint=tr("delete it by hand"),
            ) from error
        status(tr("deleted {path}", path=path))
    if pid := _daemon():
        status(tr("a daemon still runs and may write there again → end it: kill {pid}", pid=pid))
    return OK


def _daemon() -> int | None:
    """The process of the daemon that runs; None without one."""
    from voicebot.daemon.client import DaemonError, connect

    try:
        connection = connect()
        told = connection.request("status") if connection is not None else {}
    except DaemonError:  # whoever wants something of it is told
        return None
    pid = told.get("pid")
    return pid if isinstance(pid, int) else None


def _shown_size(size: int) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size = round(size / 1000)
    return f"{size} GB"
