"""A listener elsewhere, who plays in the time of the event loop."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from voicebot.audio.paced import PacedQueue
from voicebot.audio.remote import (
    AudioBegin,
    AudioBlock,
    AudioEnd,
    Flush,
    Pause,
    RemoteMessage,
    RemoteOutput,
    Resume,
    open_remote,
)
from voicebot.speech import AudioFormat

Report = Callable[[int, int], object]


class FakeClient:
    """Plays what it is sent block by block and reports each `report_every`-th of them, and each end."""

    def __init__(self, *, report_every: int = 1, delay: float = 0.0) -> None:
        self.received: list[RemoteMessage] = []
        self.heard: defaultdict[int, bytes] = defaultdict(bytes)
        """What was played of each clip."""
        self.ahead = 0.0
        """The most seconds that were here and not reported as played."""
        self._report_every = report_every
        self._delay = delay
        self._queue = PacedQueue()
        self._blocks: deque[AudioBlock] = deque()
        self._formats: dict[int, AudioFormat] = {}
        self._frames: dict[int, int] = {}
        self._arrived = anyio.Event()

    async def send(self, message: RemoteMessage) -> None:
        await anyio.sleep(self._delay)
        self.received.append(message)
        match message:
            case AudioBegin(number, clip):
                self._formats[number] = clip.format
                self._frames[number] = clip.frames
            case AudioBlock():
                self._blocks.append(message)
                self.ahead = max(self.ahead, sum(self._seconds(block) for block in self._blocks))
                self._arrived.set()
            case Flush(number):
                self._blocks = deque(block for block in self._blocks if block.number > number)
                self._queue.abort()
            case Pause():
                self._queue.pause()
            case Resume():
                self._queue.resume()
            case AudioEnd():
                pass

    async def play(self, report: Report) -> None:
        """Play forever."""
        unreported = 0
        while True:
            while not self._blocks:
                self._arrived = anyio.Event()
                await self._arrived.wait()
            block = self._blocks[0]
            playback = self._queue.append(self._seconds(block))
            await playback.finished()
            if playback.kept is not None:
                continue  # flushed
            self._blocks.popleft()
            self.heard[block.number] += block.pcm
            frames = len(self.heard[block.number]) // self._formats[block.number].frame_bytes
            unreported += 1
            if unreported >= self._report_every or frames == self._frames[block.number]:
                unreported = 0
                report(block.number, frames)

    def of(self, kind: type[RemoteMessage]) -> list[RemoteMessage]:
        return [message for message in self.received if isinstance(message, kind)]

    def _seconds(self, block: AudioBlock) -> float:
        format = self._formats[block.number]
        return len(block.pcm) / format.frame_bytes / format.sample_rate


@asynccontextmanager
async def open_with(
    client: FakeClient, *, plays: bool = True, ahead_seconds: float = 2.0
) -> AsyncIterator[RemoteOutput]:
    """A remote output whose listener is `client`."""
    async with (
        open_remote(client.send, name="fake", ahead_seconds=ahead_seconds) as output,
        anyio.create_task_group() as tasks,
    ):
        if plays:
            tasks.start_soon(client.play, output.played)
        yield output
        tasks.cancel_scope.cancel()
