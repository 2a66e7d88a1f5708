"""The socket of the server."""

from __future__ import annotations

import asyncio
import socket

import anyio
import pytest

from voicebot.config.models import ServerConfig
from voicebot.server.process import bound_socket

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_what_is_written_leaves_at_once(host: str) -> None:
    """Each delta, and each answer behind the first one, waited 40 ms until the one before it was acknowledged."""
    accepted = asyncio.get_running_loop().create_future()

    class Accepting(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            own: socket.socket = transport.get_extra_info("socket")
            accepted.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    with bound_socket(ServerConfig(host=host, port=0)) as listening:
        async with (
            await asyncio.get_running_loop().create_server(Accepting, sock=listening),
            await anyio.connect_tcp(host, listening.getsockname()[1]),
        ):
            assert await accepted
