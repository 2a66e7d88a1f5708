"""The daemon's place: one instance at a time, and the socket that callers find."""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from voicebot import __version__
from voicebot.daemon import systemd
from voicebot.daemon.address import Address, AddressError, make_folder
from voicebot.daemon.client import connect
from voicebot.private_file import write_private
from voicebot.translation import system_reason, tr

_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Instance:
    """A daemon that runs."""

    pid: int
    since: float
    """Seconds since 1970."""
    version: str


class AlreadyRunning(Exception):
    """Another daemon has this place; None: it is just starting."""

    def __init__(self, instance: Instance | None) -> None:
        super().__init__()
        self.instance = instance


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that callers can reach."""

    socket: socket.socket
    token: str = ""
    """What they must know; empty: the rights of the socket decide who may connect."""


@contextmanager
def only_instance(address: Address) -> Iterator[Instance]:
    """Hold the place of `address`, so that nobody else of ours listens there. Raises AlreadyRunning, AddressError."""
    make_folder(address.folder)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(address.beside("daemon.lock"), flags, 0o600)
    except OSError as error:
        raise AddressError(
            tr("cannot write into {folder}: {reason}", folder=address.folder, reason=system_reason(error)),
            tr("make room there"),
        ) from error
    with os.fdopen(
        descriptor, "r+b", buffering=0
    ) as file:  # with a buffer a full disk would be noticed only at the end
        if not _locked(file.fileno()):
            raise AlreadyRunning(_instance(file.read(4096)))
        instance = Instance(os.getpid(), time.time(), __version__)
        try:
            file.truncate()
            told = {"pid": instance.pid, "since": instance.since, "version": instance.version}
            file.write(json.dumps(told).encode())
        except OSError as error:
            raise AddressError(
                tr("cannot write into {folder}: {reason}", folder=address.folder, reason=system_reason(error)),
                tr("make room there"),
            ) from error
        yield instance


def _instance(text: bytes) -> Instance | None:
    try:
        told = json.loads(text)
        return Instance(int(told["pid"]), float(told["since"]), str(told["version"]))
    except (ValueError, KeyError, TypeError):
        return None


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours now; it goes with the process, however that ends."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def listening(address: Address) -> Iterator[Listening]:
    """A socket at `address` that only we can open, gone with the block. Raises AddressError."""
    if address.loopback:
        with _port(address) as port:
            yield port
        return
    if (given := systemd.handed_over()) is not None:
        with given:
            yield Listening(given)  # the service manager's, who keeps it
        return
    with listening_ourselves(address) as bound:
        yield Listening(bound)


@contextmanager
def listening_ourselves(address: Address) -> Iterator[socket.socket]:
    """A Unix socket at `address` that no service manager has made, gone with the block. Raises AddressError."""
    _remove_stale(address)
    with ExitStack() as stack:
        try:
            listening = stack.enter_context(bound_path(address.path))
        except OSError as error:
            raise AddressError(
                tr("cannot listen at {address}: {reason}", address=address, reason=system_reason(error)),
                tr("make room there"),
            ) from error
        yield listening


@contextmanager
def bound_path(path: str) -> Iterator[socket.socket]:
    """A Unix socket that only we can open, gone with the block. Raises OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        before = os.umask(0o077)
        try:
            bound.bind(path)
            os.chmod(path, 0o600)
            bound.listen(_BACKLOG)
        finally:
            os.umask(before)
        made = os.lstat(path)
        try:
            yield bound
        finally:
            with suppress(OSError):
                found = os.lstat(path)
                if (found.st_dev, found.st_ino) == (made.st_dev, made.st_ino):
                    os.unlink(path)


def _remove_stale(address: Address) -> None:
    """Remove what a daemon that was killed left behind. Raises AddressError for anything else."""
    try:
        if not stat.S_ISSOCK(os.lstat(address.path).st_mode):
            raise AddressError(tr("{address} is there and is not a socket", address=address), tr("move it away"))
    except FileNotFoundError:
        return
    if (connection := connect(address)) is not None:
        connection.close()
        raise AddressError(
            tr("another program listens at {address}", address=address), tr("end it, or name another: VOICEBOT_ADDRESS")
        )
    os.unlink(address.path)


@contextmanager
def _port(address: Address) -> Iterator[Listening]:
    """The same where there are no Unix sockets: a port of this machine, and its token in a file of ours."""
    token = secrets.token_urlsafe(32)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:  # asyncio then sends at once
        bound.bind(("127.0.0.1", 0))
        bound.listen(_BACKLOG)
        told = {"port": bound.getsockname()[1], "token": token}
        write_private(Path(address.path), json.dumps(told).encode())
        try:
            yield Listening(bound, token)
        finally:
            with suppress(OSError):
                os.unlink(address.path)
