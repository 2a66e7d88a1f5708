"""The token that was made at the start, for programs of the same person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voicebot.daemon.address import AddressError, find_address, make_folder
from voicebot.errors import ConfigError
from voicebot.private_file import write_private
from voicebot.server.security import plain_address
from voicebot.translation import system_reason, tr

_USUAL = "127.0.0.1"


@contextmanager
def kept_token(token: str, port: int, address: str = _USUAL) -> Iterator[Path]:
    """A file that only this person can read, as long as the server at `address` runs. Raises ConfigError."""
    try:
        beside = find_address()
        make_folder(beside.folder)
        path = Path(beside.beside(_name(port, plain_address(address))))
        ours = write_private(path, f"{token}\n".encode())
    except (AddressError, OSError) as error:
        raise ConfigError(
            tr("cannot keep the token of the server: {error}", error=system_reason(error)), hint=tr("set server.token")
        ) from error
    try:
        yield path
    finally:
        with suppress(OSError):
            if os.path.samestat(path.lstat(), ours):  # otherwise it belongs to another server at this port
                path.unlink()


def _name(port: int, address: str) -> str:
    """The name of the file; other servers may have the same port at other addresses of this machine."""
    where = "" if address == _USUAL else address.replace(":", "_") + "-"
    return f"server-{where}{port}.token"
