"""Where the daemon listens, and whether that place is safe; the standard library only."""

from __future__ import annotations

import os
import sys

from voicebot.translation import system_reason, tr

TYPE_CHECKING = False  # `typing` would cost a client more than all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_PATH_BYTES = 107 if sys.platform == "linux" else 103
"""The longest path of a Unix socket that the kernel takes."""
_FILE_TYPE, _FOLDER, _OTHERS = 0o170000, 0o040000, 0o077


class AddressError(Exception):
    """The place where the daemon would listen cannot be used; says why, and in `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Address:
    """A Unix socket, or a file that names a port of this machine and its token."""

    def __init__(self, path: str, *, loopback: bool = False) -> None:
        self.path = path
        self.loopback = loopback
        """`path` is the file: only where there are no Unix sockets."""
        self.folder = os.path.dirname(path)

    def beside(self, name: str) -> str:
        """The path of another file of the daemon, in the same folder."""
        return os.path.join(self.folder, name)

    def __str__(self) -> str:
        return self.path


def find_address(environment: Mapping[str, str] = os.environ) -> Address:
    """Where the daemon of this person listens, whether it runs or not. Raises AddressError."""
    if sys.platform == "win32":
        folder = environment.get("LOCALAPPDATA") or os.path.expanduser("~")
        return Address(os.path.join(folder, "voicebot", "control.json"), loopback=True)
    given = environment.get("VOICEBOT_ADDRESS", "")
    if given:
        kind, _, path = given.partition(":")
        if kind != "unix" or not path.startswith("/"):
            raise AddressError(
                tr("VOICEBOT_ADDRESS={given!r} is not an address", given=given),
                tr("for example unix:/run/user/1000/v.sock"),
            )
        return _fitting(path)
    return _fitting(os.path.join(_private_folder(environment), "control.sock"))


def _private_folder(environment: Mapping[str, str]) -> str:
    """A folder of ours in the runtime folder, which cron, ssh and containers do not name, or in /tmp."""
    given = environment.get("XDG_RUNTIME_DIR", "")
    if given.startswith("/"):
        return os.path.join(given, "voicebot")
    usual = f"/run/user/{os.getuid()}"
    try:
        if not _fault(usual):
            return os.path.join(usual, "voicebot")
    except OSError:
        pass  # there is none
    return f"/tmp/voicebot-{os.getuid()}"


def _fitting(path: str) -> Address:
    length = len(os.fsencode(path))
    if length > _MAX_PATH_BYTES:
        raise AddressError(
            tr(
                "the socket's path has {length} bytes, and the system takes {most}: {path}",
                length=length,
                most=_MAX_PATH_BYTES,
                path=path,
            ),
            tr("name a shorter one: VOICEBOT_ADDRESS=unix:PATH"),
        )
    return Address(path)


def check_folder(folder: str) -> None:
    """Make sure that only we can put a socket there. Raises AddressError, and OSError where it is missing."""
    if fault := _fault(folder):
        raise AddressError(
            tr("{folder} {fault}: somebody else may be listening there", folder=folder, fault=fault),
            tr("look at it: ls -ld {folder}", folder=folder),
        )


def make_folder(folder: str) -> None:
    """Make the folder if it is missing, accessible to us alone. Raises AddressError."""
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        check_folder(folder)
    except OSError as error:
        raise AddressError(
            tr("cannot make the folder {folder}: {reason}", folder=folder, reason=system_reason(error)),
            tr("name another: VOICEBOT_ADDRESS=unix:PATH"),
        ) from error


def _fault(folder: str) -> str:
    """What is wrong with the folder; empty: nothing. Raises OSError where it is missing."""
    if sys.platform == "win32":
        return ""  # below the person's own profile, and guarded by its rights
    found = os.lstat(folder)
    if found.st_mode & _FILE_TYPE != _FOLDER:
        return tr("is not a folder")
    if found.st_uid != os.getuid():
        return tr("belongs to somebody else")
    if found.st_mode & _OTHERS:
        return tr("is open to others")
    return ""
