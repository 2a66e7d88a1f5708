"""API keys and everything else that is sent with each request and shown to nobody: read, checked, and sent."""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicebot.config.files import SecretFile, read_secret
from voicebot.config.models import ChatServer
from voicebot.errors import ConfigError
from voicebot.translation import marked, tr

_FILE = SecretFile(
    form=re.compile(".+", re.DOTALL),
    exposed=marked("others can read the API key in {path}"),
    unreadable=marked("chat.api_key_file: cannot read {path}: {reason}"),
    wrong=marked("chat.api_key_file: {path} is empty"),
    hint=marked("put the API key, and nothing else, there"),
)
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_PUBLIC_NAMES = re.compile(
    r"x-title|http-referer|referer|origin|user-agent|accept(-language)?|content-type|openai-(organization|project|beta)"
    r"|([\w-]+-)?version"
)
"""Headers and query parameters that hold no secrets: their values are everyday words, which may stand in any reply."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What goes with every request to a chat server."""

    headers: dict[str, str]
    query: dict[str, str]
    secrets: dict[str, str]
    """Each value that must not be shown, and what to call it."""


def credentials(config: ChatServer, base_url: str, *, key: str = "") -> Credentials:
    """Return what `config` sends with every request; a header that it names replaces the one that carries `key`.

    Raises ConfigError for what cannot stand in a header.
    """
    headers = {name.strip().lower(): value.get_secret_value().strip() for name, value in config.headers.items()}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not is_sendable(value):
            raise ConfigError(
                tr("chat.headers: {name!r} cannot be sent", name=name), hint=tr("use ASCII letters, digits and signs")
            )
    query = {name: value.get_secret_value() for name, value in config.query.items()}
    secrets = sent_secrets(config) | secrets_in_query(base_url) | ({key: "API key"} if key else {})
    longest_first = sorted(secrets.items(), key=lambda secret: -len(secret[0]))
    return Credentials(key_headers(key) | headers, query, dict(longest_first))


def sent_secrets(config: ChatServer) -> dict[str, str]:
    """Return what must not be shown of the headers and the query of `config`, each with what to call it."""
    secrets: dict[str, str] = {}
    for key, values in (("chat.headers", config.headers), ("chat.query", config.query)):
        for name, secret in values.items():
            if _is_secret(name):
                value = secret.get_secret_value().strip()
                secrets |= dict.fromkeys((value, value.rpartition(" ")[2]), f"{key} {name}")  # also behind Bearer
    return secrets


def secrets_in_query(address: str) -> dict[str, str]:
    """Return what must not be shown of what stands behind the question mark of `address`."""
    if "?" not in address:
        return {}
    import httpx  # takes 0.1 s, which a search for secrets does not need

    try:
        parameters = httpx.URL(address).params.multi_items()
    except httpx.InvalidURL:
        return {}
    return {value: f"chat.base_url {name}" for name, value in parameters if _is_secret(name)}


def _is_secret(name: str) -> bool:
    return _PUBLIC_NAMES.fullmatch(name.strip().lower()) is None


def key_in_file(name: str) -> str:
    """Read the API key in a file; raise ConfigError for one that is empty or that others can read."""
    return read_secret(name, _FILE)


def is_sendable(key: str) -> bool:
    """Tell whether `key` may stand in a header: the HTTP library would put a bad one, key and all, into its error."""
    return key.isascii() and key.isprintable()


def key_headers(key: str) -> dict[str, str]:
    """Return the headers that carry `key`; none without a key."""
    return {"authorization": f"Bearer {key}"} if key else {}
