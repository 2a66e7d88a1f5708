"""Who can reach the server, and what that requires."""

from __future__ import annotations

import socket

from voicebot.config.models import ServerConfig
from voicebot.errors import ConfigError
from voicebot.server.security import is_loopback, plain_address
from voicebot.translation import tr

_LEAST_TOKEN_CHARACTERS = 16
_ANYWHERE = ("0.0.0.0", "::")
_ELSEWHERE = {socket.AF_INET: ("192.0.2.1", 9), socket.AF_INET6: ("2001:db8::1", 9)}
"""Addresses that belong to nobody (RFC 5737, RFC 3849); nothing is sent to them."""
_PORTS = {"http": 80, "https": 443}


def has_tls(config: ServerConfig) -> bool:
    """Whether the server itself speaks TLS."""
    return bool(config.tls_cert or config.tls_self_signed)


def check_reach(config: ServerConfig, address: str) -> None:
    """Make sure that nobody but its people uses a server that other machines reach. Raises ConfigError."""
    if is_loopback(address):
        return
    host, token = config.host or address, config.token.get_secret_value()
    if len(token) < _LEAST_TOKEN_CHARACTERS:
        raise ConfigError(
            tr("other machines would reach the server at {host}, and it has no token of yours", host=host)
            if not token
            else tr("other machines would reach the server at {host}, and its token is soon guessed", host=host),
            hint=tr(
                "set VOICEBOT_SERVER__TOKEN to a random text of at least {count} characters; or listen at 127.0.0.1",
                count=_LEAST_TOKEN_CHARACTERS,
            ),
        )
    if not has_tls(config) and not config.plain_http:
        raise ConfigError(
            tr("other machines would reach the server at {host}, and anyone on the way could listen in", host=host),
            hint=tr(
                "add --tls-self-signed, or --tls-cert FILE --tls-key FILE; "
                "behind a proxy that has TLS set server.plain_http to true"
            ),
        )


def reached_hosts(address: str) -> list[str]:
    """The names by which browsers reach a server that listens at `address`; the best one for other machines first."""
    address = plain_address(address)
    if address in _ANYWHERE:
        return [*_own_address(socket.AF_INET6 if ":" in address else socket.AF_INET), "localhost", "127.0.0.1"]
    return [address, "localhost"] if is_loopback(address) else [address]


def page_address(config: ServerConfig, host: str, port: int) -> str:
    """Where a browser opens the page, by one of the names of the server."""
    scheme = "https" if has_tls(config) else "http"
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port == _PORTS[scheme] else f"{scheme}://{name}:{port}"


def _own_address(family: socket.AddressFamily) -> list[str]:
    """The address of this machine as others see it; none where there is no network."""
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_ELSEWHERE[family])  # only asks for the route, and sends nothing
        except OSError:
            return []
        return [plain_address(asking.getsockname()[0])]
