"""Speech workers: processes of their own behind a private RabbitMQ, and a client in this one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import anyio
from pydantic import SecretStr

from benchmarks.daemon import resident, ticks
from benchmarks.figures import Figure, quantile, spread
from tests.distributed.broker import MISSING, Broker, start_broker
from tests.distributed.worker_process import WorkerProcess, open_worker_process
from voicebot.config.models import TtsRabbitmq, WorkerConfig
from voicebot.distributed.client import RemoteSynthesizer, open_client
from voicebot.distributed.connection import BrokerAddress
from voicebot.distributed.worker import run_worker
from voicebot.errors import SynthesisError
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.tts.tone import ToneSynthesizer

_LONG = "hello there " * 5
"""About 200 kB of the tone's audio."""
_SHORT = "a"
_ENGINE_SECONDS = 0.2
_TURNS, _UTTERANCES = 1000, 3
_AT_ONCE = 16
_WARM_UP = 50
"""Texts after which all three processes have seen everything once."""


def measure_distributed(repeat: int, *, jobs: int) -> list[Figure]:
    """All of it: twenty times `repeat` runs of what takes milliseconds; memory over `jobs` texts."""
    if MISSING:
        print(f"distributed: not run: {MISSING}", file=sys.stderr)
        return []
    with TemporaryDirectory() as folder:
        broker = start_broker(Path(folder) / "broker")
        try:
            return anyio.run(_measure, broker, 20 * repeat, jobs)
        finally:
            broker.stop()


async def _measure(broker: Broker, runs: int, jobs: int) -> list[Figure]:
    return [
        *await _overhead(broker, runs),
        *await _beside_a_busy_worker(broker, max(20, runs // 4)),
        await _two_calls(broker),
        *await _scaling(broker),
        *await _turns_in_flight(broker),
        await _cancellation(broker, max(20, runs // 4)),
        *await _memory(broker, jobs),
    ]


@asynccontextmanager
async def _open_pair(
    broker: Broker, *, workers: int = 1, delay_seconds: float = 0.0, concurrency: int = 1
) -> AsyncIterator[tuple[RemoteSynthesizer, list[WorkerProcess]]]:
    """A client and its workers, which say a tone after a fixed time; all of them are warm."""
    config = TtsRabbitmq(kind="rabbitmq", amqp_url=SecretStr(broker.url), voice_class=f"bench-{uuid4().hex[:8]}")
    open_one = partial(
        open_worker_process,
        broker,
        config.voice_class,
        f"--concurrency={concurrency}",
        delay_seconds=delay_seconds,
    )
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(open_one()) for _ in range(workers)]
        client = await stack.enter_async_context(open_client(config))
        await _all_at_once(client, [_SHORT] * (2 * workers))
        yield client, running


async def _seconds(client: RemoteSynthesizer, text: str, *, within_seconds: float = 0.0) -> tuple[float, int]:
    """How long all audio of `text` takes, and its bytes."""
    began = time.perf_counter()
    async with aclosing(client.synthesize(text, within_seconds=within_seconds)) as pieces:
        size = sum([len(piece.pcm) async for piece in pieces])
    return time.perf_counter() - began, size


async def _all_at_once(client: RemoteSynthesizer, texts: list[str]) -> float:
    """Seconds until the last of them has been said."""
    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for text in texts:
            tasks.start_soon(_seconds, client, text)
    return time.perf_counter() - began


async def _overhead(broker: Broker, runs: int) -> list[Figure]:
    async with _open_pair(broker) as (client, workers):
        for _ in range(_WARM_UP):
            await _seconds(client, _LONG)
        pids = (os.getpid(), workers[0].process.pid)
        before = [ticks(pid) for pid in pids]
        took = [await _seconds(client, _LONG) for _ in range(runs)]
        after = [ticks(pid) for pid in pids]
    engine = await _engine_seconds(ToneSynthesizer(), _LONG)
    values = [1000 * (seconds - engine) for seconds, _ in took]
    here, there = (
        1000 * (end - start) / os.sysconf("SC_CLK_TCK") / runs for start, end in zip(before, after, strict=True)
    )
    note = (
        f"{spread(values, 'ms')}; {took[0][1] / 1000:.0f} kB, the engine's {1000 * engine:.1f} ms not counted;"
        f" of the processor {here:.1f} ms here, {there:.1f} ms in the worker with its engine"
    )
    return [
        Figure("distributed: own time for 200 kB, p50", quantile(values, 0.5), 3, "ms", note),
        Figure("distributed: own time for 200 kB, p99", quantile(values, 0.99), 10, "ms"),
    ]


async def _engine_seconds(tone: ToneSynthesizer, text: str) -> float:
    """What the engine itself takes, in this process: a timer that is late is not ours."""
    began = time.perf_counter()
    for _ in range(20):
        async for _ in tone.synthesize(text):
            pass
    return (time.perf_counter() - began) / 20


async def _beside_a_busy_worker(broker: Broker, runs: int) -> list[Figure]:
    values = []
    engine = await _engine_seconds(ToneSynthesizer(delay_seconds=_ENGINE_SECONDS), _SHORT)
    async with _open_pair(broker, workers=2, delay_seconds=_ENGINE_SECONDS) as (client, _):
        for _ in range(runs):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(partial(_seconds, client, _SHORT, within_seconds=60.0))
                await anyio.sleep(_ENGINE_SECONDS / 4)  # by now one of the two works
                seconds, _ = await _seconds(client, _SHORT)
                values.append(1000 * (seconds - engine))
    note = f"{spread(values, 'ms')}, beyond the engine's {1000 * engine:.1f} ms"
    return [
        Figure("distributed: first utterance beside a busy worker, p50", quantile(values, 0.5), 5, "ms", note),
        Figure("distributed: first utterance beside a busy worker, p99", quantile(values, 0.99), 20, "ms"),
    ]


async def _two_calls(broker: Broker) -> Figure:
    async with _open_pair(broker, workers=2, delay_seconds=3.0) as (client, _):
        seconds = await _all_at_once(client, [_SHORT, _SHORT])
    return Figure("distributed: two texts of 3 s on two workers", seconds, 3.1, "s")


async def _scaling(broker: Broker) -> list[Figure]:
    figures = []
    for workers in (1, 2, 4, 8):
        async with _open_pair(broker, workers=workers, delay_seconds=_ENGINE_SECONDS) as (client, _):
            texts = [_SHORT] * (15 * workers)
            seconds = await _all_at_once(client, texts)
        least = len(texts) * _ENGINE_SECONDS / workers
        note = f"{len(texts) / seconds:.1f} texts/s, {least / seconds:.3f} of linear"
        figures.append(
            Figure(f"distributed: {workers} workers, time over linear", seconds / least, 1 / 0.95, "×", note)
        )
    return figures


async def _turns_in_flight(broker: Broker) -> list[Figure]:
    first, done = list[float](), 0
    async with _open_pair(broker, workers=2, delay_seconds=_ENGINE_SECONDS, concurrency=256) as (client, _):

        async def turn() -> None:
            nonlocal done
            try:
                for number in range(_UTTERANCES):
                    seconds, _ = await _seconds(client, _LONG, within_seconds=4.0 * number)
                    if not number:
                        first.append(seconds)
            except SynthesisError as error:
                print(f"distributed: {error.in_one_line}", file=sys.stderr)
            else:
                done += 1

        began = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(_TURNS):
                tasks.start_soon(turn)
        seconds = time.perf_counter() - began
    note = f"{_UTTERANCES} utterances of 200 kB each, all done after {seconds:.0f} s; first audio {spread(first, 's')}"
    return [Figure(f"distributed: {_TURNS:,} turns in flight that failed", _TURNS - done, 0, "turns", note)]


class _Endless:
    """A voice that never ends, and tells when it was stopped."""

    name = identity = "endless"
    credit = ""
    format = AudioFormat(24_000)
    capabilities = Capabilities(streams=True)

    def __init__(self) -> None:
        self.begun, self.stopped = anyio.Event(), anyio.Event()
        self.stopped_at = 0.0

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
        self.begun.set()
        try:
            await anyio.sleep_forever()
            yield Audio(b"", self.format)
        finally:
            self.stopped_at = time.perf_counter()
            self.stopped.set()


async def _cancellation(broker: Broker, runs: int) -> Figure:
    config = TtsRabbitmq(kind="rabbitmq", amqp_url=SecretStr(broker.url), voice_class="bench-cancel")
    voice, stop, values = _Endless(), anyio.Event(), []
    async with anyio.create_task_group() as tasks:
        worker = WorkerConfig(voice_class=config.voice_class)
        tasks.start_soon(partial(run_worker, voice, worker, BrokerAddress(broker.url), stop=stop))
        async with open_client(config) as client:
            for _ in range(runs):
                voice.begun, voice.stopped = anyio.Event(), anyio.Event()
                async with anyio.create_task_group() as turn:
                    turn.start_soon(_seconds, client, _SHORT)
                    await voice.begun.wait()
                    began = time.perf_counter()
                    turn.cancel_scope.cancel()
                await voice.stopped.wait()
                values.append(1000 * (voice.stopped_at - began))
        tasks.cancel_scope.cancel()
    return Figure(
        "distributed: cancelled → the work stopped, p99", quantile(values, 0.99), 100, "ms", spread(values, "ms")
    )


async def _memory(broker: Broker, jobs: int) -> list[Figure]:
    """What client and worker grow by, once a tenth of the texts has warmed them up."""
    async with _open_pair(broker, concurrency=_AT_ONCE) as (client, workers):
        pids = {"client": os.getpid(), "worker": workers[0].process.pid}

        async def say(count: int) -> None:
            for _ in range(count // _AT_ONCE):
                await _seconds(client, _SHORT)

        async def say_all(count: int) -> None:
            async with anyio.create_task_group() as tasks:
                for _ in range(_AT_ONCE):
                    tasks.start_soon(say, count)

        await say_all(jobs // 10)
        before = {name: resident(pid) for name, pid in pids.items()}
        began = time.perf_counter()
        await say_all(jobs - jobs // 10)
        rate = (jobs - jobs // 10) / (time.perf_counter() - began)
        grown = {name: (resident(pid) - before[name]) / 1e6 for name, pid in pids.items()}
    return [
        Figure(
            f"distributed: {name}: memory grown over {jobs:,} texts",
            megabytes,
            5,
            "MB",
            f"{before[name] / 1e6:.0f} MB before; {rate:.0f} texts/s",
        )
        for name, megabytes in grown.items()
    ]
