"""The one place that makes HTTP clients."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx

from voicebot import __version__
from voicebot.translation import tr

KEEPALIVE_SECONDS = 4.0
"""uvicorn and llama-server close a connection that was idle for 5 s; a request sent at that moment would be lost."""


def _without_query(record: logging.LogRecord) -> bool:
    """Take the query, which may hold a key, out of the addresses that httpx logs."""
    if isinstance(record.args, tuple):
        record.args = tuple(arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg for arg in record.args)
    return True


logging.getLogger("httpx").addFilter(_without_query)


def is_loopback(host: str) -> bool:
    """Tell whether `host` (a name or an address, without port) is this machine itself."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@asynccontextmanager
async def open_client(
    base_url: str,
    *,
    connect_timeout_seconds: float,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> AsyncGenerator[httpx.AsyncClient, None]:
    """Open a client for the server at `base_url`; `connect_timeout_seconds` is the only time-out of its requests.

    `headers` and `query`, and what follows a question mark in `base_url`, go with every request. Raises
    httpx.InvalidURL. The client belongs to the event loop that opened it.
    """
    url = httpx.URL(base_url)
    _check_address(url)
    parameters = url.params.merge(query or {})
    url = url.copy_with(query=None, fragment=None)  # httpx would put the path of a request behind them
    loopback = is_loopback(url.host)
    # Reading the system's certificates takes longer than a whole request to this machine, which needs none of them.
    verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if loopback and url.scheme == "http" else True
    async with httpx.AsyncClient(
        base_url=url,
        params=parameters,
        headers={"user-agent": f"voicebot/{__version__}", "accept-encoding": "identity", **(headers or {})},
        # A request that is cancelled while it queues for a connection can lose that connection for good.
        limits=httpx.Limits(max_connections=None, keepalive_expiry=KEEPALIVE_SECONDS),
        timeout=httpx.Timeout(None, connect=connect_timeout_seconds),
        trust_env=not loopback,
        follow_redirects=False,
        verify=verify,
    ) as client:
        yield client


def _check_address(url: httpx.URL) -> None:
    """Raise httpx.InvalidURL for what httpx lets through and the resolver fails on with errors of its own."""
    if not url.host or not 0 < (url.port or 1) < 65536:
        raise httpx.InvalidURL(tr("no host or port in {host}:{port}", host=url.host, port=url.port))
    try:
        url.host.encode("idna")
    except UnicodeError as error:
        raise httpx.InvalidURL(tr("not a host name: {host}", host=url.host)) from error
