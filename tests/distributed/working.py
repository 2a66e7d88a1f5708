"""What the tests of a worker in their own process are made of: a worker with a client, and voices of several kinds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import anyio
from pydantic import SecretStr

from tests.distributed.asking import Asker, open_asker
from tests.distributed.broker import Broker
from tests.machine import PATIENCE_SECONDS
from voicebot.config.models import WorkerConfig
from voicebot.distributed.connection import BrokerAddress
from voicebot.distributed.topology import job_queue
from voicebot.distributed.worker import run_worker
from voicebot.errors import VoiceUnavailable
from voicebot.protocols import Synthesizer
from voicebot.speech import AS_CONFIGURED, Audio, Style
from voicebot.testing import CostingSynthesizer
from voicebot.tts.tone import ToneSynthesizer


@asynccontextmanager
async def open_pair(
    broker: Broker, synthesizer: Synthesizer, *, concurrency: int = 1, drain_seconds: float = 15.0
) -> AsyncGenerator[tuple[Asker, anyio.Event]]:
    """A client, and a worker with a queue of its own that the event ends."""
    config = WorkerConfig(
        amqp_url=SecretStr(broker.url),
        voice_class=f"test-{uuid4().hex[:8]}",
        concurrency=concurrency,
        drain_seconds=drain_seconds,
    )
    stop = anyio.Event()
    async with open_asker(broker.url, config.voice_class) as asker, anyio.create_task_group() as tasks:

        async def work() -> None:
            await run_worker(synthesizer, config, BrokerAddress(broker.url), stop=stop, deterministic=True)

        tasks.start_soon(work)
        yield asker, stop
        stop.set()
        if not asker.channel.is_closed:
            await asker.channel.queue_delete(job_queue(config.voice_class))


class HeldVoice(CostingSynthesizer):
    """A voice that works on a text until it is let go, and tells when it begins and ends."""

    def __init__(self) -> None:
        super().__init__(delay=0.0, rtf=0.0)
        self.begun, self.go_on, self.ended = anyio.Event(), anyio.Event(), anyio.Event()

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        self.begun.set()
        try:
            await self.go_on.wait()
            async for audio in super().synthesize(text, style):
                yield audio
        finally:
            self.ended.set()


class HeldRest(CostingSynthesizer):
    """A streaming voice that makes the first piece of a text, and the second one when it is let go."""

    def __init__(self) -> None:
        super().__init__(delay=0.0, rtf=0.0, seconds=0.2, piece_seconds=0.1)
        self.go_on = anyio.Event()

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        async for audio in super().synthesize(text, style):
            yield audio
            await self.go_on.wait()


class GoneVoice(ToneSynthesizer):
    """A voice whose engine can be gone, and that knows no other voice."""

    gone = False

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        if self.gone or style.voice:
            raise VoiceUnavailable("nobody answers")
        async for audio in super().synthesize(text, style):
            yield audio


class Told(logging.Handler):
    """Waits for what the worker writes into its log."""

    def __init__(self) -> None:
        super().__init__()
        self._records: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self._records.put_nowait(record.getMessage())

    async def until(self, words: str) -> None:
        """Return when it has written them."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while words not in await self._records.get():
                pass
