"""A connection of a Unix socket at which a wait can be given up in the very moment in which it ends.

On asyncio anyio's own stream then fails in a callback of the event loop, which logs a traceback: whenever somebody
hangs up just as the daemon closes. Its functions that wait for any socket do not, so the waiting here is theirs.
"""

from __future__ import annotations

import socket

import anyio
from anyio import BrokenResourceError, EndOfStream
from anyio.abc import SocketStream
from anyio.lowlevel import checkpoint


class UnixStream(SocketStream):
    """Bytes to and from the other end."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected

    @property
    def _raw_socket(self) -> socket.socket:
        return self._socket

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """What has come. Raises EndOfStream, BrokenResourceError."""
        await checkpoint()
        while True:
            try:
                data = self._socket.recv(max_bytes)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
            except OSError as error:
                raise BrokenResourceError from error
            else:
                if not data:
                    raise EndOfStream
                return data

    async def send(self, item: bytes) -> None:
        """Send all of it. Raises BrokenResourceError."""
        await checkpoint()
        left = memoryview(item)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)
            except OSError as error:
                raise BrokenResourceError from error

    async def send_eof(self) -> None:
        """Nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        """Hang up."""
        if self._socket.fileno() != -1:
            anyio.notify_closing(self._socket)
            self._socket.close()
        await checkpoint()
