"""Where a chat server is: as people write it down, and as requests need it."""

from __future__ import annotations

from urllib.parse import urlsplit

OLLAMA_PORT = 11434


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
