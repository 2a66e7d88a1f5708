"""The daemon: whether it runs, is as new as this program, and listens where nobody else can."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from contextlib import closing, suppress
from pathlib import Path

from voicebot import __version__
from voicebot.daemon.address import Address, AddressError, find_address
from voicebot.daemon.client import Connection, DaemonError, connect
from voicebot.doctor.checkup import Finding, fails, fine, warns
from voicebot.translation import counted, tr

_OTHERS = 0o077


def check_daemon() -> Finding:
    """Ask it how it is. Blocks as long as it does not answer."""
    try:
        address = find_address()
        if finding := _fault_of(address):
            return finding
        connection = connect(address)
    except AddressError as error:
        return fails(error.message, "env | grep -E 'XDG_RUNTIME_DIR|VOICEBOT_ADDRESS'")
    if connection is None:
        return fine(tr("none runs; each command does the work itself"))
    with closing(connection):
        return _ask(address, connection)


def stop_command() -> str:
    """What ends a daemon that does not answer."""
    with suppress(AddressError, OSError, ValueError, KeyError, TypeError):
        told = Path(find_address().beside("daemon.lock")).read_text(encoding="utf-8")
        return f"kill -9 {int(json.loads(told)['pid'])}"
    return "voicebot daemon run"


def _ask(address: Address, connection: Connection) -> Finding:
    try:
        told = connection.request("status")
    except DaemonError as error:
        return fails(error.message, "voicebot status")
    version, pid = str(told.get("version", "")), told.get("pid")
    if version != __version__:
        return warns(
            tr("it is version {version}, and this is {own}", version=version, own=__version__),
            f"kill {pid}" if isinstance(pid, int) else "voicebot status",
        )
    errors = told.get("errors")
    if isinstance(errors, list) and errors:
        count = len(errors)
        return warns(counted(count, "it had {count} error", "it had {count} errors"), "voicebot status")
    return fine(tr("version {version}, process {pid}, {address}", version=version, pid=pid, address=address))


def _fault_of(address: Address) -> Finding | None:
    """What is wrong with the socket and its folder, where they are there."""
    if sys.platform == "win32" or address.loopback:
        return None
    for path, mend in ((address.folder, "700"), (address.path, "600")):
        try:
            found = os.lstat(path)
        except OSError:
            return None  # nothing is there yet, or connecting says more
        quoted = shlex.quote(path)
        if found.st_uid != os.getuid():
            return fails(tr("{path} belongs to somebody else", path=path), f"ls -ld {quoted}")
        if path == address.path and not stat.S_ISSOCK(found.st_mode):
            return fails(tr("{path} is not a socket", path=path), f"mv {quoted} {quoted}.old")
        if found.st_mode & _OTHERS:
            return fails(tr("{path} is open to others", path=path), f"chmod {mend} {quoted}")
    return None
