"""The far end of the control socket for a program with an event loop."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    DelimiterNotFound,
    EndOfStream,
    IncompleteRead,
    to_thread,
)
from anyio.abc import ByteStream, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from voicebot.daemon.client import Connection, DaemonError, accepted, connect
from voicebot.daemon.spawn import connect_or_start
from voicebot.daemon.unix_stream import UnixStream
from voicebot.daemon.wire import as_line, from_line

_MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""The status repeats the texts of everybody who waits."""
_GONE = (BrokenResourceError, ClosedResourceError, EndOfStream, IncompleteRead, DelimiterNotFound, OSError)


class Channel:
    """One connection to the daemon. Closing it stops what it waits for."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._lines = BufferedByteReceiveStream(stream)
        self._numbers = count(1)
        self._answers: dict[int, dict[str, object]] = {}

    async def request(self, command: str, **values: object) -> dict[str, object]:
        """What the daemon answers. Raises DaemonError."""
        return await self.answer(await self.send(command, **values))

    async def send(self, command: str, **values: object) -> int:
        """Ask without waiting; return the number that the answer will carry. Raises DaemonError."""
        number = next(self._numbers)
        given = {name: value for name, value in values.items() if value not in (None, "", False)}
        try:
            await self._stream.send(as_line({"id": number, "command": command, **given}))
        except _GONE as error:
            raise DaemonError("the daemon has gone") from error
        return number

    async def answer(self, number: int) -> dict[str, object]:
        """The answer to what was sent; those that come before it are kept. Raises DaemonError."""
        while number not in self._answers:
            try:
                answer = from_line(await self._lines.receive_until(b"\n", _MAX_ANSWER_BYTES))
            except (*_GONE, ValueError) as error:
                raise DaemonError("the daemon has gone without an answer") from error
            if isinstance(told := answer.get("id"), int):
                self._answers[told] = answer
        return accepted(self._answers.pop(number))


@asynccontextmanager
async def open_channel(*, start: bool) -> AsyncIterator[Channel | None]:
    """A connection to the daemon; where none runs, `start` starts one, and without it there is None.

    Raises DaemonError, and AddressError for a place that is not safe.
    """
    connection: Connection | None = await to_thread.run_sync(connect_or_start if start else connect)
    if connection is None:
        yield None
        return
    async with await _stream(socket.socket(fileno=connection.detach())) as stream:
        yield Channel(stream)


async def _stream(connected: socket.socket) -> ByteStream:
    if sys.platform != "win32" and connected.family == socket.AF_UNIX:
        return UnixStream(connected)
    return await SocketStream.from_socket(connected)
