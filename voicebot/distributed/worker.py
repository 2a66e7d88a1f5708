"""A worker: takes jobs from the broker for as long as it is wanted, and says them."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import anyio
from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from anyio.abc import TaskGroup

from voicebot.config.models import WorkerConfig
from voicebot.distributed.connection import BrokerAddress, BrokerUnavailable, serve_connections
from voicebot.distributed.declaring import declare_fanout, declare_jobs
from voicebot.distributed.figures import Figures
from voicebot.distributed.jobs import Bench, Line, do_job, hand_back
from voicebot.distributed.knocking import engine_answers
from voicebot.distributed.messages import Cancel, Voice, WorkerStatus
from voicebot.distributed.topology import (
    CANCEL_EXCHANGE,
    DEAD_QUEUE,
    DEAD_QUEUE_ARGUMENTS,
    STATUS_EXCHANGE,
    job_queue,
)
from voicebot.distributed.watching import first_of, watch_alarms, watch_channel
from voicebot.protocols import Synthesizer
from voicebot.translation import tr

log = logging.getLogger(__name__)
_ANSWER_SECONDS = 2.0
"""A broker that answers nothing for this long is not waited for at the end."""
_MOST_BYTES = 1_000_000
"""The longest list of cancellations takes less."""
_LAST_SECONDS = 3.0
"""How long everything else may take once the jobs in hand have had their time."""


async def run_worker(
    synthesizer: Synthesizer,
    config: WorkerConfig,
    address: BrokerAddress,
    *,
    stop: anyio.Event,
    figures: Figures | None = None,
    deterministic: bool = False,
) -> None:
    """Say what clients ask for until `stop`; then finish the jobs in hand, as far as there is time.

    `figures` tell what it does; `deterministic`: the synthesizer makes the same audio of the same text each time.
    """
    bench = Bench(synthesizer, uuid4().hex, deterministic, figures or Figures())
    queue = job_queue(config.voice_class)
    log.info(
        "%s",
        tr("worker {id} says what is in {queue} with {voice}", id=bench.worker, queue=queue, voice=synthesizer.name),
    )
    await _Worker(bench, config, stop).run(address)
    log.info("worker %s ends: %d jobs done", bench.worker, bench.figures.outcomes["done"])


class _Worker:
    """What is the same on each connection."""

    def __init__(self, bench: Bench, config: WorkerConfig, stop: anyio.Event) -> None:
        self._bench = bench
        self._config = config
        self._stop = stop
        self._queue = job_queue(config.voice_class)
        self._began = time.monotonic()

    async def run(self, address: BrokerAddress) -> None:
        figures = self._bench.figures
        told = ""
        with anyio.CancelScope() as without_broker:

            def lost(error: BrokerUnavailable) -> None:
                nonlocal told
                if told != error.in_one_line:  # not at each attempt to connect again
                    told = error.in_one_line
                    log.warning("%s", told)
                if self._stop.is_set():
                    without_broker.cancel()

            async def end() -> None:
                await self._stop.wait()
                if not figures.connected:
                    without_broker.cancel()
                without_broker.deadline = anyio.current_time() + self._config.drain_seconds + _LAST_SECONDS

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(end)
                name = f"voicebot worker {self._config.voice_class} {socket.gethostname()} {os.getpid()}"
                await serve_connections(address, self._serve, name=name, lost=lost)
                tasks.cancel_scope.cancel()

    async def _serve(self, connection: AbstractConnection) -> None:
        """Do jobs until the worker is to end. Raises BrokerUnavailable when they cannot come any more."""
        jobs = await connection.channel()
        replies = await connection.channel(publisher_confirms=True, on_return_raises=True)
        control = await connection.channel(publisher_confirms=False)
        await replies.declare_queue(DEAD_QUEUE, durable=True, arguments=dict(DEAD_QUEUE_ARGUMENTS))

        async def tell(question: AbstractIncomingMessage) -> None:
            await self._tell(question, control)

        async with anyio.create_task_group() as tasks:
            for channel in (jobs, replies, control):
                tasks.start_soon(watch_channel, channel)
            slow = await tasks.start(watch_alarms, connection)
            await self._listen(control, CANCEL_EXCHANGE, self._cancel)
            await self._listen(control, STATUS_EXCHANGE, tell)
            self._bench.figures.connected = True
            try:
                await self._take_jobs(jobs, replies, tasks, slow)
            finally:
                self._bench.figures.connected = False
            tasks.cancel_scope.cancel()

    async def _listen(
        self, channel: AbstractChannel, exchange: str, hear: Callable[[AbstractIncomingMessage], Awaitable[None]]
    ) -> None:
        """Listen to what is sent to all workers."""
        await declare_fanout(channel, exchange)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange)
        await queue.consume(hear, no_ack=True)

    async def _cancel(self, message: AbstractIncomingMessage) -> None:
        try:
            if len(message.body) > _MOST_BYTES:
                raise ValueError
            cancel = Cancel.model_validate_json(message.body)
        except ValueError:  # pydantic's error is one, too
            log.warning("a cancellation cannot be read; it is ignored")
        else:
            self._bench.cancel(cancel.correlation_ids)

    async def _tell(self, message: AbstractIncomingMessage, channel: AbstractChannel) -> None:
        if message.reply_to:
            answer = Message(
                self.status().model_dump_json().encode(),
                type="status",
                content_type="application/json",
                correlation_id=message.correlation_id,
            )
            await channel.default_exchange.publish(answer, message.reply_to, mandatory=False)

    def status(self) -> WorkerStatus:
        """What it says of itself."""
        figures, synthesizer = self._bench.figures, self._bench.synthesizer
        return WorkerStatus(
            worker=self._bench.worker,
            host=socket.gethostname(),
            pid=os.getpid(),
            voice_class=self._config.voice_class,
            voice=_account(synthesizer),
            concurrency=self._config.concurrency,
            busy=figures.busy,
            done=figures.outcomes["done"],
            failed=figures.failed,
            cancelled=figures.cancelled,
            audio_seconds=figures.audio_seconds,
            synthesis_seconds=figures.synthesis_seconds,
            up_seconds=time.monotonic() - self._began,
            draining=not figures.taking,
        )

    async def _take_jobs(
        self, channel: AbstractChannel, replies: AbstractChannel, tasks: TaskGroup, slow: Callable[[], None]
    ) -> None:
        """Do jobs until the worker is to end, as many at once as it may."""
        await channel.set_qos(prefetch_count=self._config.concurrency)
        async with anyio.create_task_group() as running:
            while not self._stop.is_set():
                gone, deleted = anyio.Event(), anyio.Event()
                line = Line(replies, self._queue, tasks, self._stop, engine_gone=gone.set, slow=slow)
                async with self._consuming(channel, line, running, (self._stop, gone, deleted)):
                    await first_of(self._stop.wait, gone.wait, deleted.wait)
                if gone.is_set():
                    await first_of(self._stop.wait, lambda: engine_answers(self._bench.synthesizer))
            log.info("no more jobs; %d are being finished", self._bench.figures.busy)
            running.cancel_scope.deadline = anyio.current_time() + self._config.drain_seconds

    @asynccontextmanager
    async def _consuming(
        self, channel: AbstractChannel, line: Line, running: TaskGroup, ends: tuple[anyio.Event, ...]
    ) -> AsyncIterator[None]:
        """Take jobs until the block ends; what still comes after one of `ends` is handed back."""
        *_, deleted = ends

        async def take(message: AbstractIncomingMessage) -> None:
            over = any(end.is_set() for end in ends)
            running.start_soon(hand_back if over else do_job, message, self._bench, line)

        def note(_: object) -> None:
            log.warning("the queue %s was deleted; it is declared again", line.queue)
            deleted.set()

        underlay = await channel.get_underlay_channel()
        queue = await declare_jobs(channel, line.queue)
        underlay.on_consumer_cancel_callbacks.add(note)
        tag = await queue.consume(take, arguments={"x-priority": self._config.priority})
        log.info("taking jobs")
        self._bench.figures.taking = True
        try:
            yield
            self._bench.figures.taking = False
            if not deleted.is_set():
                with anyio.move_on_after(_ANSWER_SECONDS) as silent:
                    await queue.cancel(tag)
                if silent.cancelled_caught:
                    raise BrokerUnavailable(
                        tr("the broker answers nothing"), hint=tr("voicebot connects again by itself")
                    )
        finally:
            self._bench.figures.taking = False
            underlay.on_consumer_cancel_callbacks.discard(note)


def _account(synthesizer: Synthesizer) -> Voice:
    able = synthesizer.capabilities
    return Voice(
        name=synthesizer.name,
        identity=synthesizer.identity,
        credit=synthesizer.credit,
        sample_rate=synthesizer.format.sample_rate,
        channels=synthesizer.format.channels,
        streams=able.streams,
        timings=able.timings,
        languages=able.languages,
        reads=able.reads,
    )
