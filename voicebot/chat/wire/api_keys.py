"""API keys: read from a file, checked, and sent."""

from __future__ import annotations

from pathlib import Path

from voicebot.config.files import OthersCanRead, UnsuitableFile, read_small_file
from voicebot.errors import ConfigError

MAX_KEY_BYTES = 10_000
_HINT = "put the API key, and nothing else, there"


def key_in_file(name: str) -> str:
    """Read the API key in a file; raise ConfigError for one that is empty or that others can read."""
    path = Path(name).expanduser()
    try:
        content = read_small_file(path, max_bytes=MAX_KEY_BYTES, private=True)
    except OthersCanRead as error:
        raise ConfigError(f"others can read the API key in {path}", hint=f"run `chmod 600 {path}`") from error
    except UnsuitableFile as error:
        raise ConfigError(f"chat.api_key_file: cannot read {path}: {error}", hint=_HINT) from error
    except OSError as error:
        raise ConfigError(f"chat.api_key_file: cannot read {path}: {error.strerror}", hint=_HINT) from error
    key = content.decode("utf-8-sig", "replace").strip()
    if not key:
        raise ConfigError(f"chat.api_key_file: {path} is empty", hint=_HINT)
    return key


def is_sendable(key: str) -> bool:
    """Tell whether `key` may stand in a header: the HTTP library would put a bad one, key and all, into its error."""
    return key.isascii() and key.isprintable()


def key_headers(key: str) -> dict[str, str]:
    """Return the headers that carry `key`; none without a key."""
    return {"authorization": f"Bearer {key}"} if key else {}
