"""The token that was made at the start, for programs of the same person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voicebot.daemon.address import AddressError, find_address, make_folder
from voicebot.errors import ConfigError
from voicebot.server.private_file import write_private
from voicebot.translation import tr


@contextmanager
def kept_token(token: str, port: int) -> Iterator[Path]:
    """A file that only this person can read, as long as the server runs. Raises ConfigError."""
    try:
        address = find_address()
        make_folder(address.folder)
        path = Path(address.beside(f"server-{port}.token"))
        ours = write_private(path, f"{token}\n".encode())
    except (AddressError, OSError) as error:
        raise ConfigError(
            tr("cannot keep the token of the server: {error}", error=error), hint=tr("set server.token")
        ) from error
    try:
        yield path
    finally:
        with suppress(OSError):
            if os.path.samestat(path.lstat(), ours):  # else it is that of another server at this port
                path.unlink()
