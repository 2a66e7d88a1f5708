"""Runs the application until it is told to end, and lets what is being said finish."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import uvicorn
from starlette.types import ASGIApp

from voicebot.config.models import ServerConfig
from voicebot.errors import ConfigError
from voicebot.server.application import make_app
from voicebot.server.body_limit import most_bytes
from voicebot.server.certificates import TlsFiles
from voicebot.server.connections import ConnectionLimits, drop_stalled, limited, limited_websocket
from voicebot.server.context import Server
from voicebot.server.reach import check_reach
from voicebot.translation import system_reason, tr

log = logging.getLogger(__name__)
_BACKLOG = 2048
_PORT_ERRORS = {errno.EADDRINUSE, errno.EACCES}
"""Another program has the port, or only the administrator may."""
_LAST_SECONDS = 2
"""How long connections that run no turn have to end."""


class _Uvicorn(uvicorn.Server):
    """Leaves signals to its caller, and says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], limits: ConnectionLimits) -> None:
        super().__init__(config)
        self.servers: list[asyncio.base_events.Server] = []
        self._ready = ready
        self._limits = limits

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests; what uvicorn does, with a deadline for the handshake of TLS."""
        loop, protocol = asyncio.get_running_loop(), limited(self._limits)
        for listening in sockets or ():
            listener = await loop.create_server(
                lambda: protocol(self.config, self.server_state, {}, loop),
                sock=listening,
                ssl=self.config.ssl,
                ssl_handshake_timeout=self._limits.request_seconds if self.config.ssl else None,
            )
            self.servers.append(listener)
        self.started = True
        self._ready()

    def close(self) -> None:
        """Leave nothing open, whatever ended it: the loop would keep watching a descriptor that others have by now."""
        for listener in self.servers:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()


@contextmanager
def bound_socket(config: ServerConfig) -> Iterator[socket.socket]:
    """The socket at which the server listens. Raises ConfigError."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # TCP by its name: asyncio lets small writes leave at once on no other socket, and each delta would wait for 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        if sys.platform != "win32":  # where it would take the port from another program
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((config.host, config.port))
            check_reach(config, listening.getsockname()[0])  # before anybody is let in
        except (OSError, OverflowError) as error:
            reason = system_reason(error) if isinstance(error, OSError) else str(error)
            raise ConfigError(
                tr("cannot listen at {host}:{port}: {reason}", host=config.host, port=config.port, reason=reason),
                hint=tr("choose another port with --port, or 0 for any that is free")
                if isinstance(error, OverflowError) or error.errno in _PORT_ERRORS
                else tr("--host takes an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"),
            ) from error
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        yield listening


def connection_limits(config: ServerConfig) -> ConnectionLimits:
    """What `config` says of connections."""
    return ConnectionLimits(config.max_connections, config.max_connections_of_an_address, most_bytes(config))


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let the garbage collector look less often, and not at what is there already, until the block ends.

    With a few hundred turns at once it took a third of the time, while everybody waited. Nearly all garbage is freed
    without it. The middle generation is looked at when it is small: that took 0.15 seconds.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 5, 80)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def run_server(
    server: Server,
    listening: socket.socket,
    *,
    stop: anyio.Event,
    ready: Callable[[], None],
    tls: TlsFiles | None = None,
    limits: ConnectionLimits | None = None,
) -> None:
    """Serve at `listening` until `stop`, then let the turns that run end, as far as there is time for that.

    `ready` is called once, when the first request would be answered; `limits` stand in for the configured ones.
    """
    drained = anyio.Event()

    async def drain() -> None:
        await stop.wait()
        seconds = server.config.server.drain_seconds
        if not await server.admission.drain(seconds):
            log.warning("some replies were cut off after %g s", seconds)
        await server.conversations.end_reading(_LAST_SECONDS)  # else uvicorn is first, and says 1012 to WebSockets
        drained.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drain)
        await run_app(
            make_app(server.config, server.keys, server=server),
            listening,
            stop=drained,
            ready=ready,
            limits=limits or connection_limits(server.config.server),
            tls=tls,
        )
        tasks.cancel_scope.cancel()


async def run_app(
    app: ASGIApp,
    listening: socket.socket,
    *,
    stop: anyio.Event,
    ready: Callable[[], None],
    limits: ConnectionLimits,
    tls: TlsFiles | None = None,
) -> None:
    """Pass what arrives at `listening` on to `app` until `stop`, and drop connections that exceed the limits."""
    web = _Uvicorn(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            log_level="critical",  # it would write down queries, and what a bug has in its message
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_LAST_SECONDS,
            ws=limited_websocket(limits),
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
            ws_ping_interval=limits.ping_seconds,
            ws_ping_timeout=limits.ping_seconds,
            ws_max_size=limits.body_bytes,
            ws_per_message_deflate=False,  # sound does not become smaller, and what is sent may become larger
        ),
        ready,
        limits,
    )

    async def end() -> None:
        await stop.wait()
        web.should_exit = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end)
        tasks.start_soon(drop_stalled, web.server_state.connections, limits.stalled_seconds)
        try:
            await web.serve([listening])
        finally:
            web.close()
        tasks.cancel_scope.cancel()
