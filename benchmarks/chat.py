"""What reading a chat server takes, in own time and memory: real adapters and real HTTP over loopback."""

from __future__ import annotations

import time
import tracemalloc
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager

import anyio
import httpcore
import httpx

from benchmarks.figures import Figure, quantile
from benchmarks.virtual import TEXTS
from tests.chat.dialects import HELLO, OLLAMA, OPENAI, Chat, Dialect
from tests.fault_server import LAST_CHUNK, Act, Pause, Send, chunk, serve
from voicebot import events
from voicebot.audio.silent import SilentOutput
from voicebot.events import TurnEvent
from voicebot.pacing import Pacer
from voicebot.text.chunking import Chunker
from voicebot.turn import Pipeline, speak_turn

DELTAS_PER_SECOND = 1000
SECONDS = 4
SMALL, LARGE = 10_000, 10_000_000
DELTA_CHARACTERS = 1_000


def measure_chat() -> list[Figure]:
    """Own time from bytes to segment, and what a long reply costs beyond its own text."""
    figures = []
    for dialect in (OLLAMA, OPENAI):
        for backend in ("asyncio", "trio"):
            waits, rate = anyio.run(_own_times, dialect, backend=backend)
            worst = f"median {quantile(waits, 0.5):.2f} ms, worst {max(waits):.2f} ms"
            note = f"{worst}, {len(waits)} segments, {rate:.0f} deltas/s"
            name = f"chat: bytes in → segment ready, p99, {dialect.kind}, {backend}"
            figures.append(Figure(name, quantile(waits, 0.99), 1, "ms", note))
    for dialect in (OLLAMA, OPENAI):
        small, large = (anyio.run(_peak_bytes, dialect, size) / 1e6 for size in (SMALL, LARGE))
        note = f"peak {small:.2f} MB for 10 kB, {large:.2f} MB for 10 MB, the text itself not kept"
        figures.append(Figure(f"chat: memory of 10 MB beyond 10 kB, {dialect.kind}", large - small, 1, "MB", note))
    return figures


class _Stopwatch:
    """Notes when bytes arrive, and how long it takes until they are segments."""

    def __init__(self) -> None:
        self.arrived: deque[tuple[float, int]] = deque()
        """For each read: when it was, and how many deltas had come by then."""
        self.deltas_read = self.deltas = 0
        self.waits: list[float] = []
        """In milliseconds."""

    def read(self, data: bytes) -> None:
        self.deltas_read += data.count(b'"content":')
        self.arrived.append((time.perf_counter(), self.deltas_read))

    def emit(self, event: TurnEvent) -> None:
        if isinstance(event, events.Delta):
            self.deltas += 1
            while len(self.arrived) > 1 and self.arrived[0][1] < self.deltas:
                self.arrived.popleft()
        elif isinstance(event, events.SegmentReady):
            self.waits.append((time.perf_counter() - self.arrived[0][0]) * 1000)


class _Watched(httpcore.AsyncNetworkStream):
    """A connection that tells a stopwatch what is read."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, watch: _Stopwatch) -> None:
        self._stream, self._watch = stream, watch

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        self._watch.read(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _WatchedNetwork(httpcore.AnyIOBackend):
    def __init__(self, watch: _Stopwatch) -> None:
        self._watch = watch

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Watched(stream, self._watch)


class _Transport(httpx.AsyncHTTPTransport):
    def __init__(self, watch: _Stopwatch) -> None:
        super().__init__()
        self._pool = httpcore.AsyncConnectionPool(network_backend=_WatchedNetwork(watch))


@asynccontextmanager
async def _served(dialect: Dialect, script: Sequence[Act]) -> AsyncGenerator[Chat, None]:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, script)
        yield chat


async def _own_times(dialect: Dialect) -> tuple[list[float], float]:
    """The milliseconds from bytes to segment, and how many deltas really came in a second."""
    text = "".join(TEXTS.values()) * 100
    pieces = [text[start : start + 3] for start in range(0, len(text), 3)][: DELTAS_PER_SECOND * SECONDS]
    script: list[Act] = [dialect.head]
    for first, second in zip(pieces[::2], pieces[1::2], strict=True):
        # A sleep takes at least a millisecond longer than it should: two at a time keep the pace.
        script += [chunk(dialect.delta(first)), chunk(dialect.delta(second)), Pause(1 / DELTAS_PER_SECOND)]
    watch = _Stopwatch()
    async with _served(dialect, [*script, chunk(dialect.end), LAST_CHUNK]) as chat:
        chat._connection.client._transport = _Transport(watch)  # nothing public tells when bytes arrive
        pipeline = Pipeline(chat, None, SilentOutput(realtime=False), Chunker, Pacer)
        began = time.perf_counter()
        outcome = await speak_turn(HELLO, pipeline, emit=watch.emit, scope=anyio.CancelScope())
        rate = len(pieces) / (time.perf_counter() - began)
        await chat._connection.client._transport.aclose()
    assert outcome.kind == "completed", outcome.error
    return watch.waits[:-1], rate  # the last one is flushed by the end of the stream, not by a delta


async def _peak_bytes(dialect: Dialect, characters: int) -> float:
    """The most memory that reading a reply of `characters` takes at any time."""
    delta: Send = chunk(dialect.delta("x" * DELTA_CHARACTERS))
    script = [dialect.head, *[delta] * (characters // DELTA_CHARACTERS), chunk(dialect.end), LAST_CHUNK]
    async with _served(dialect, script) as chat:
        await _read(chat)  # what is made once and kept is not a cost of the reply
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        read = await _read(chat)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert read == characters
    return peak - before


async def _read(chat: Chat) -> int:
    read = 0
    async for part in chat.stream_reply(HELLO):
        read += len(part) if isinstance(part, str) else 0
    return read
