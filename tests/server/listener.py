"""A client of a live connection, as a browser is one: it plays what it is sent and reports that."""

from __future__ import annotations

import json
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.machine import PATIENCE_SECONDS
from tests.server.running import RunningServer, bearer

HEADER = struct.Struct("<BBHII")
Json = dict[str, Any]  # Any: JSON


class Listener:
    """Keeps all that it is sent. If it `plays`, it does so in no time, and reports each block."""

    def __init__(self, connection: ClientConnection, *, plays: bool) -> None:
        self.connection = connection
        self.plays = plays
        self.report_seconds = 0.0
        """How much it plays before it reports."""
        self.received: list[Json] = []
        self.sound: defaultdict[int, bytes] = defaultdict(bytes)
        """By utterance."""
        self.ahead = 0
        """The most frames that were here and not reported."""
        self._reported: defaultdict[int, int] = defaultdict(int)
        self._arrived = anyio.Event()
        self._seen = 0

    async def send(self, type: str, **fields: object) -> None:
        """Say something."""
        await self.connection.send(json.dumps({"type": type, **fields}))

    async def played(self, utterance: int, frame: int) -> None:
        """Report."""
        self._reported[utterance] = max(self._reported[utterance], frame)
        await self.send("played", utterance=utterance, frame=frame)

    async def until(self, type: str, **fields: object) -> Json:
        """The next message of a type, and with these fields, behind the last one that was waited for."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while True:
                while self._seen < len(self.received):
                    message = self.received[self._seen]
                    self._seen += 1
                    if message["type"] == type and fields.items() <= message.items():
                        return message
                await self._changed()

    async def holds(self, what: Callable[[], bool]) -> None:
        """Wait for what only messages change."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while not what():
                await self._changed()

    def of(self, type: str) -> list[Json]:
        """What has come of a type."""
        return [message for message in self.received if message["type"] == type]

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join([message["text"] for message in self.of("delta")])

    def frames(self, utterance: int) -> int:
        """How many of it are here; it is mono."""
        return len(self.sound[utterance]) // 2

    async def receive_all(self) -> None:
        """Take what comes until the connection is closed."""
        try:
            async for frame in self.connection:
                if isinstance(frame, str):
                    self.received.append(message := json.loads(frame))
                    ends = message["type"] == "audio_end"
                    if self.plays and ends and self._reported[message["utterance"]] < message["frames"]:
                        await self.played(message["utterance"], message["frames"])
                else:
                    await self._take_block(frame)
                self._tell()
        except ConnectionClosed:
            pass
        self._tell()

    async def _take_block(self, frame: bytes) -> None:
        version, kind, flags, utterance, first = HEADER.unpack_from(frame)
        assert (version, kind, flags, first) == (1, 1, 0, self.frames(utterance))
        begin = next(begin for begin in self.of("audio_begin") if begin["utterance"] == utterance)
        assert len(frame) - HEADER.size <= 2 * 0.04 * begin["rate"]
        self.sound[utterance] += frame[HEADER.size :]
        self.ahead = max(self.ahead, sum(self.frames(one) - self._reported[one] for one in self.sound))
        unreported = self.frames(utterance) - self._reported[utterance]
        if self.plays and unreported > self.report_seconds * begin["rate"]:
            await self.played(utterance, self.frames(utterance))

    def _tell(self) -> None:
        self._arrived.set()

    async def _changed(self) -> None:
        await self._arrived.wait()
        self._arrived = anyio.Event()


@asynccontextmanager
async def live(
    running: RunningServer, path: str, *, person: str = "owner", plays: bool = True, listens: bool = True
) -> AsyncIterator[Listener]:
    """Be connected to the conversation at `path` until the block ends."""
    async with connected(running, path, person=person) as connection, anyio.create_task_group() as tasks:
        listener = Listener(connection, plays=plays)
        tasks.start_soon(listener.receive_all)
        if listens:
            await listener.send("listen", audio=True)
        await listener.until("snapshot")
        yield listener
        tasks.cancel_scope.cancel()


def connected(running: RunningServer, path: str, *, person: str = "owner", **options: Any) -> connect:
    """A bare connection; `options` are those of `connect`."""
    return connect(
        f"ws://127.0.0.1:{running.port}{path}/live",
        **{
            "subprotocols": ["voicebot.v1"],
            "additional_headers": {**bearer(), "x-voicebot-person": person},
            "compression": None,
            "proxy": None,
            "open_timeout": 60,  # two hundred of them may be opened at once
            "close_timeout": 2,  # it was ten where so much had come that it did not read that the server closes, too
            **options,
        },
    )


async def new_conversation(running: RunningServer, person: str = "owner") -> str:
    """The path of a new one."""
    return f"/api/conversations/{(await running.server.conversations.create(person)).id}"
