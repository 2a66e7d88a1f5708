"""A client with one scripted worker, and its listeners."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from uuid import uuid4

import anyio
from anyio.abc import TaskGroup

from tests.distributed.broker import Broker
from tests.distributed.scripted_worker import ScriptedWorker, Taken, open_scripted_worker
from tests.machine import PATIENCE_SECONDS
from voicebot.config.models import TtsRabbitmq, WorkerConfig
from voicebot.distributed.client import RemoteSynthesizer, open_client
from voicebot.distributed.connection import BrokerAddress
from voicebot.distributed.worker import run_worker
from voicebot.errors import SynthesisError
from voicebot.protocols import Synthesizer, UrgentSynthesizer
from voicebot.speech import Audio


def configured(broker: Broker, url: str = "", **changes: object) -> TtsRabbitmq:
    voice_class = f"test-{uuid4().hex[:8]}"
    return TtsRabbitmq.model_validate(
        {"kind": "rabbitmq", "amqp_url": url or broker.url, "voice_class": voice_class} | changes
    )


@asynccontextmanager
async def open_both(
    broker: Broker, config: TtsRabbitmq | None = None, *, broker_back_seconds: float = 10.0
) -> AsyncGenerator[tuple[RemoteSynthesizer, ScriptedWorker]]:
    """A client and the only worker of its class."""
    config = config or configured(broker)
    async with (
        open_scripted_worker(broker.url, config.voice_class) as worker,
        open_client(config, broker_back_seconds=broker_back_seconds) as client,
    ):
        yield client, worker


def be_impatient(client: RemoteSynthesizer) -> None:
    """Let a worker hang after the shortest time that is allowed."""
    for _ in range(20):
        client.habits.work.learn(0.0)


class Listener:
    """Hears a text in a task of its own."""

    def __init__(self, client: UrgentSynthesizer, tasks: TaskGroup, *, within_seconds: float = math.inf) -> None:
        self.heard: list[Audio] = []
        self.error: SynthesisError | None = None
        self.changed, self.over = anyio.Event(), anyio.Event()
        self._pieces = client.synthesize("Some text.", within_seconds=within_seconds)
        tasks.start_soon(self._listen)

    async def hears(self, pieces: int) -> None:
        """Return when that many pieces were heard."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while len(self.heard) < pieces:
                await self.changed.wait()

    async def ends(self) -> list[Audio]:
        """All pieces. Raises SynthesisError."""
        with anyio.fail_after(PATIENCE_SECONDS):
            await self.over.wait()
        if self.error:
            raise self.error
        return self.heard

    async def _listen(self) -> None:
        try:
            async with aclosing(self._pieces):
                async for piece in self._pieces:
                    self.heard.append(piece)
                    self.changed.set()
                    self.changed = anyio.Event()
        except SynthesisError as error:
            self.error = error
        self.over.set()


async def first_to_take(*workers: ScriptedWorker) -> tuple[ScriptedWorker, Taken]:
    """The worker to whom the broker gives the next job."""
    took: list[tuple[ScriptedWorker, Taken]] = []
    async with anyio.create_task_group() as race:

        async def take(worker: ScriptedWorker) -> None:
            took.append((worker, await worker.take()))
            race.cancel_scope.cancel()

        for worker in workers:
            race.start_soon(take, worker)
    return took[0]


@asynccontextmanager
async def open_worker(broker: Broker, config: TtsRabbitmq, voice: Synthesizer) -> AsyncGenerator[None]:
    """A real worker in this process, which connects again by itself."""
    worker_config = WorkerConfig(voice_class=config.voice_class)
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(
            partial(run_worker, voice, worker_config, BrokerAddress(broker.url), stop=stop, deterministic=True)
        )
        yield
        tasks.cancel_scope.cancel()
