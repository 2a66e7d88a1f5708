"""API keys: read from a file, checked, and sent."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from voicebot.errors import ConfigError

MAX_KEY_CHARACTERS = 10_000
_HINT = "put the API key, and nothing else, there"


def key_in_file(name: str) -> str:
    """Read the API key in a file; raise ConfigError for one that is empty or that others can read."""
    path = Path(name).expanduser()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            # Asked of the open file: its name may mean another one a moment later.
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise ConfigError(f"others can read the API key in {path}", hint=f"run `chmod 600 {path}`")
            key = file.read(MAX_KEY_CHARACTERS).strip()
    except OSError as error:
        raise ConfigError(f"chat.api_key_file: cannot read {path}: {error.strerror}", hint=_HINT) from error
    if not key:
        raise ConfigError(f"chat.api_key_file: {path} is empty", hint=_HINT)
    return key


def is_sendable(key: str) -> bool:
    """Tell whether `key` may stand in a header: the HTTP library would put a bad one, key and all, into its error."""
    return key.isascii() and key.isprintable()


def key_headers(key: str) -> dict[str, str]:
    """Return the headers that carry `key`; none without a key."""
    return {"authorization": f"Bearer {key}"} if key else {}
