"""The other end of the control socket, for the commands and for other programs; the standard library only."""

from __future__ import annotations

import _socket
import os
import sys

from voicebot.daemon.address import Address, AddressError, check_folder, find_address
from voicebot.daemon.wire import as_line, from_line
from voicebot.translation import system_reason, tr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECT_SECONDS = 2.0
"""A daemon that takes longer to accept a connection counts as none."""


GONE = "VB-GONE"
"""The code of an error that is not the daemon's own: the daemon has gone."""


class DaemonError(Exception):
    """The daemon refuses, or has gone: `code` says which, `hint` what to do."""

    def __init__(self, message: str, *, code: str = GONE, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint


class Connection:
    """One connection to the daemon. Closing it stops what it waits for."""

    def __init__(self, socket: _socket.socket) -> None:
        self._socket = socket
        self._unread = b""
        self._requests = 0

    def request(self, command: str, **values: object) -> dict[str, object]:
        """What the daemon answers. Raises DaemonError."""
        return self.answer(self.send(command, **values))

    def answer(self, number: int) -> dict[str, object]:
        """The answer to what was sent. Raises DaemonError."""
        for answer in self.lines():
            if answer.get("id") == number:
                return accepted(answer)
        raise DaemonError(tr("the daemon has gone without an answer"), hint=tr("what it was about: voicebot status"))

    def send(self, command: str, **values: object) -> int:
        """Ask without waiting; return the number that the answer will carry. Raises DaemonError."""
        self._requests += 1
        given = {name: value for name, value in values.items() if value not in (None, "", False)}
        try:
            self._socket.sendall(as_line({"id": self._requests, "command": command, **given}))
        except OSError as error:
            raise DaemonError(
                tr("the daemon does not listen any more: {reason}", reason=system_reason(error))
            ) from error
        return self._requests

    def lines(self) -> Iterator[dict[str, object]]:
        """Everything that the daemon sends, until it closes. Raises DaemonError."""
        while True:
            line, end, rest = self._unread.partition(b"\n")
            if end:
                self._unread = rest
                try:
                    yield from_line(line)
                except ValueError as error:
                    raise DaemonError(tr("the daemon's answer cannot be read")) from error
                continue
            try:
                data = self._socket.recv(65_536)
            except OSError:
                return  # it was killed
            if not data:
                return
            self._unread += data

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def detach(self) -> int:
        """Hand the socket over to other code; return its descriptor."""
        return self._socket.detach()


def accepted(answer: dict[str, object]) -> dict[str, object]:
    """The answer. Raises DaemonError if it is an error."""
    if answer.get("ok"):
        return answer
    code, message, hint = (str(answer.get(name, "")) for name in ("code", "message", "hint"))
    raise DaemonError(message, code=code, hint=hint)


def connect(address: Address | None = None) -> Connection | None:
    """A connection to the daemon, or None if it is not running. Raises AddressError for a place that is not safe."""
    address = address or find_address()
    try:
        check_folder(address.folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AddressError(
            tr("cannot look into {folder}: {reason}", folder=address.folder, reason=system_reason(error))
        ) from error
    if address.loopback:
        return _connect_to_port(address)
    socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        socket.settimeout(_CONNECT_SECONDS)
        socket.connect(address.path)
        socket.settimeout(None)
    except OSError:
        socket.close()
        return None
    if not is_ours(socket):
        socket.close()
        raise AddressError(
            tr("somebody else listens at {path}", path=address.path), tr("stop that program, or name another address")
        )
    return Connection(socket)


def is_ours(socket: _socket.socket, *, our_uid: int | None = None) -> bool:
    """Whether the process at the other end of a Unix socket is of the same user, or of that one."""
    if sys.platform == "linux":
        raw = socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)  # pid, uid, gid
        uid = int.from_bytes(raw[4:8], sys.byteorder)
    elif sys.platform == "darwin":
        raw = socket.getsockopt(0, 1, 76)  # SOL_LOCAL, LOCAL_PEERCRED: version, uid, groups
        uid = int.from_bytes(raw[4:8], sys.byteorder)
    else:
        return True
    return uid == (os.getuid() if our_uid is None else our_uid)


def _connect_to_port(address: Address) -> Connection | None:
    """The same by the port and the token in a file that only its owner can read."""
    try:
        with open(address.path, "rb") as file:
            told = from_line(file.read(4096))
        port, token = told["port"], told["token"]
    except (OSError, ValueError, KeyError):
        return None
    socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        socket.settimeout(_CONNECT_SECONDS)
        socket.connect(("127.0.0.1", int(str(port))))
        socket.settimeout(None)
        socket.sendall(as_line({"token": token}))
    except (OSError, ValueError):
        socket.close()
        return None
    return Connection(socket)
