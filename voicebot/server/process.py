"""Runs the application until it is told to end, and lets what is being said be said to its end."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import uvicorn

from voicebot.config.models import ServerConfig
from voicebot.errors import ConfigError
from voicebot.server.application import make_app
from voicebot.server.context import Server
from voicebot.translation import system_reason, tr

log = logging.getLogger(__name__)
_BACKLOG = 2048
_LAST_SECONDS = 2
"""What connections that read, and do not run a turn, have to end."""


class _Uvicorn(uvicorn.Server):
    """Leaves signals to whoever has started it, and tells when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests."""
        await super().startup(sockets)
        self._ready()

    def close(self) -> None:
        """Leave nothing open, whatever ended it: the loop would go on to watch a socket that others have by now."""
        for listener in getattr(self, "servers", ()):  # there are none before it has started
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()


@contextmanager
def bound_socket(config: ServerConfig) -> Iterator[socket.socket]:
    """The socket at which the server listens. Raises ConfigError."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((config.host, config.port))
        except (OSError, OverflowError) as error:
            reason = system_reason(error) if isinstance(error, OSError) else str(error)
            raise ConfigError(
                tr("cannot listen at {host}:{port}: {reason}", host=config.host, port=config.port, reason=reason),
                hint=tr("choose another port with --port, or 0 for any that is free"),
            ) from error
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        yield listening


async def run_server(server: Server, listening: socket.socket, *, stop: anyio.Event, ready: Callable[[], None]) -> None:
    """Serve at `listening` until `stop`, then let the turns that run end, as far as there is time for that.

    `ready` is called once, when the first request would be answered.
    """
    web = _Uvicorn(
        uvicorn.Config(
            make_app(server.config, server.keys, server=server),
            lifespan="off",
            log_config=None,
            log_level="critical",  # it would write down queries, and what a bug has in its message
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_LAST_SECONDS,
            h11_max_incomplete_event_size=64 * 1024,
            ws_max_size=1024 * 1024,
        ),
        ready,
    )

    async def drain() -> None:
        await stop.wait()
        seconds = server.config.server.drain_seconds
        if not await server.admission.drain(seconds):
            log.warning("some replies were cut off after %g s", seconds)
        web.should_exit = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drain)
        try:
            await web.serve([listening])
        finally:
            web.close()
        tasks.cancel_scope.cancel()
