"""Where a chat server is: as people write it down, and as requests need it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx

OLLAMA_PORT = 11434
_CHAT_PATH = "/chat/completions"
_VERSION = re.compile(r"v\d\w*|openai")
"""The last part of a path that needs no /v1 behind it; Google's ends in /v1beta/openai."""


def ollama_address(host: str) -> str:
    """Read OLLAMA_HOST (`host`, `:port`, `host:port` or a URL, each part optional) as Ollama itself does."""
    fallback = f"http://127.0.0.1:{OLLAMA_PORT}"
    host = host.strip().strip("\"'")
    scheme, separator, rest = host.partition("://")
    if not separator:
        scheme, rest = "http", host
    default_port = {"http": 80, "https": 443}.get(scheme) if separator else OLLAMA_PORT
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        name, port = parts.hostname or "127.0.0.1", parts.port or default_port
    except ValueError:
        return fallback
    if port is None:
        return fallback
    # A server that listens everywhere is reached at the loopback address.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}{parts.path}".rstrip("/")


def openai_address(base_url: str) -> str:
    """Return `base_url` without the path of the request itself, which people copy along."""
    try:
        url = httpx.URL(base_url)
        return str(url.copy_with(path=url.path.rstrip("/").removesuffix(_CHAT_PATH).rstrip("/")))
    except httpx.InvalidURL:
        return base_url


def without_version(base_url: str) -> str:
    """Return `base_url` without the /v1 at the end of its path."""
    try:
        url = httpx.URL(openai_address(base_url))
        return str(url.copy_with(path=url.path.rstrip("/").removesuffix("/v1").rstrip("/"))).rstrip("/")
    except httpx.InvalidURL:
        return base_url


def with_version(address: str) -> str:
    """Return `address` with /v1 at the end of its path, in front of a query."""
    url = httpx.URL(address)
    return str(url.copy_with(path=f"{url.path.rstrip('/')}/v1"))


def openai_roots(base_url: str) -> list[str]:
    """Return where below `base_url` the API may be, the likeliest first: people leave out the /v1."""
    try:
        path = httpx.URL(base_url).path.rstrip("/")
    except httpx.InvalidURL:
        return [""]
    if not path:
        return ["/v1", ""]
    return [""] if _VERSION.fullmatch(path.rpartition("/")[2]) else ["", "/v1"]
