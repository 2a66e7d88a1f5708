"""Starts the daemon for the first client that needs it, and waits until it is ready; the standard library only."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from voicebot.daemon.address import AddressError, find_address, make_folder
from voicebot.daemon.client import Connection, DaemonError, connect
from voicebot.threadsafe import is_done_within
from voicebot.translation import system_reason, tr

_SILENT_SECONDS = 5.0
"""A starting daemon reports each step: that Python runs, what is loaded, that it listens. On an idle machine each takes
a tenth of a second."""
STEP = b"."
_DETACHED = 0x00000008 | 0x00000200
"""Windows: DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP."""


def connect_or_start() -> Connection:
    """A connection to the daemon, which is started where none runs. Raises DaemonError and AddressError."""
    if (connection := connect()) is not None:
        return connection
    address = find_address()
    make_folder(address.folder)
    try:
        descriptor = os.open(address.beside("spawn.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise AddressError(
            tr("cannot write into {folder}: {reason}", folder=address.folder, reason=system_reason(error)),
            tr("make room there"),
        ) from error
    try:
        _wait_for_turn(descriptor)
        if (connection := connect()) is not None:  # somebody else has started it meanwhile
            return connection
        told = _start(address.folder)
        if told == "ready" and (connection := connect()) is not None:
            return connection
        message, _, hint = told.removeprefix("ready").partition("\n")
        raise DaemonError(
            tr("the daemon did not start: {reason}", reason=message or tr("it has ended at once")),
            code="VB-START",
            hint=hint or tr("see why: voicebot daemon run"),
        )
    finally:
        os.close(descriptor)


def _wait_for_turn(descriptor: int) -> None:
    """Wait while another client starts the daemon; that takes no longer than it may take to be ready."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _environment(folder: str) -> dict[str, str]:
    """Ours, with the runtime folder that cron, ssh and agents do not name: the sound server listens there."""
    environment = dict(os.environ)
    parent = os.path.dirname(folder)
    if parent.startswith("/run/user/"):
        environment.setdefault("XDG_RUNTIME_DIR", parent)
    return environment


def _start(folder: str) -> str:
    """Start it, detached from us, in a folder that holds no config.toml of others; return what it has to say."""
    process = subprocess.Popen(
        [sys.executable, "-m", "voicebot", "daemon", "run", "--detached"],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=_DETACHED if sys.platform == "win32" else 0,
    )
    assert process.stdout is not None
    with process.stdout as answer:
        told = STEP
        while told and not told.strip(STEP):
            step = read_within(_SILENT_SECONDS, answer.fileno())
            if step is None:
                process.kill()
                process.wait()
                return tr("nothing was heard of it for {seconds:g} s", seconds=_SILENT_SECONDS)
            told = step
    process.returncode = 0  # nobody waits for it, which Popen would warn of
    return told.lstrip(STEP).decode(errors="replace")


def read_within(seconds: float, descriptor: int) -> bytes | None:
    """What comes next; None: nothing in time. By a thread, since a pipe cannot be waited for on Windows."""
    told: list[bytes] = []
    reader = threading.Thread(target=lambda: told.append(os.read(descriptor, 4096)), daemon=True)
    reader.start()
    return told[0] if is_done_within(seconds, reader.join, lambda: told) else None
