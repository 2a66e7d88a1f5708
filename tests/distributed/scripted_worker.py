"""A worker that does only what a test tells it: it takes jobs, and answers as told, even with nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import aio_pika
import anyio
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from pydantic import BaseModel

from voicebot.distributed.messages import Cancel, End, Failure, Job, Piece, Start, Voice, WorkerStatus, piece_of
from voicebot.distributed.topology import CANCEL_EXCHANGE, JOB_QUEUE_ARGUMENTS, STATUS_EXCHANGE, job_queue
from voicebot.speech import Audio, AudioFormat

_SECONDS = 20.0
"""How long a test waits for something to come."""
FORMAT = AudioFormat(8000)
PIECES = [Audio(bytes([number]) * 800, FORMAT) for number in range(1, 5)]
"""What a text is, where nothing else is asked for."""


@dataclass
class Taken:
    """A job that the worker has taken."""

    message: AbstractIncomingMessage
    exchange: AbstractExchange
    worker: str
    seq: int = 0

    @property
    def job(self) -> Job:
        return Job.model_validate_json(self.message.body)

    @property
    def attempt(self) -> int:
        attempt = self.message.headers["attempt"]
        assert isinstance(attempt, int)
        return attempt

    @property
    def job_id(self) -> str:
        assert self.message.correlation_id
        return self.message.correlation_id

    async def send(
        self, kind: str, body: BaseModel | bytes = b"", piece: Piece | None = None, *, job_id: str = "", skip: int = 0
    ) -> None:
        """Send a reply; `skip` leaves numbers out."""
        self.seq += skip
        headers: dict[str, int | str] = {"seq": self.seq, "attempt": self.attempt, "worker": self.worker}
        if piece is not None:
            headers["piece"] = piece.model_dump_json()
        self.seq += 1
        await self.send_raw(
            aio_pika.Message(
                body if isinstance(body, bytes) else body.model_dump_json().encode(),
                type=kind,
                correlation_id=job_id or self.job_id,
                headers={**headers},
            )
        )

    async def send_raw(self, message: aio_pika.Message) -> None:
        """Send whatever it is to the queue for replies."""
        assert self.message.reply_to
        await self.exchange.publish(message, self.message.reply_to, mandatory=True)

    async def start(self, *, deterministic: bool = True) -> None:
        await self.send("start", Start(sample_rate=FORMAT.sample_rate, deterministic=deterministic))

    async def say(self, *pieces: Audio) -> None:
        for piece in pieces:
            await self.send("part", piece.pcm, piece_of(piece))

    async def end(self) -> None:
        await self.send("end", End(frames=sum(len(piece.pcm) for piece in PIECES) // 2))
        await self.message.ack()

    async def answer(self) -> None:
        """All of it."""
        await self.start()
        await self.say(*PIECES)
        await self.end()

    async def fail(self, failure: Failure) -> None:
        await self.send("error", failure)
        await self.message.ack()


@dataclass
class ScriptedWorker:
    """A connection on which jobs arrive, one at a time until it is acknowledged."""

    channel: AbstractChannel
    voice_class: str
    worker: str = field(default_factory=lambda: uuid4().hex)
    jobs: asyncio.Queue[AbstractIncomingMessage] = field(default_factory=asyncio.Queue)
    cancelled: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    tells_after_seconds: float = 0.0
    """How long it takes to say how it is."""

    async def take(self) -> Taken:
        """The next job."""
        with anyio.fail_after(_SECONDS):
            return Taken(await self.jobs.get(), self.channel.default_exchange, self.worker)

    async def is_cancelled(self, taken: Taken) -> None:
        """Return when all workers have been told that nobody waits for this job."""
        with anyio.fail_after(_SECONDS):
            while await self.cancelled.get() != taken.job_id:
                pass

    async def hear_job(self, message: AbstractIncomingMessage) -> None:
        self.jobs.put_nowait(message)

    async def hear_cancel(self, message: AbstractIncomingMessage) -> None:
        for job_id in Cancel.model_validate_json(message.body).correlation_ids:
            self.cancelled.put_nowait(job_id)

    async def tell(self, question: AbstractIncomingMessage) -> None:
        assert question.reply_to
        voice = Voice(name="script", identity="script", credit="by hand", sample_rate=FORMAT.sample_rate, reads=("en",))
        await anyio.sleep(self.tells_after_seconds)
        status = WorkerStatus(worker=self.worker, voice_class=self.voice_class, voice=voice, concurrency=2)
        answer = aio_pika.Message(
            status.model_dump_json().encode(), type="status", correlation_id=question.correlation_id
        )
        await self.channel.default_exchange.publish(answer, question.reply_to, mandatory=False)


@asynccontextmanager
async def open_scripted_worker(url: str, voice_class: str) -> AsyncGenerator[ScriptedWorker]:
    """Take the jobs of a class; what is not acknowledged at the end goes to others."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        worker = ScriptedWorker(channel, voice_class)
        for exchange, hear in ((CANCEL_EXCHANGE, worker.hear_cancel), (STATUS_EXCHANGE, worker.tell)):
            await channel.declare_exchange(exchange, aio_pika.ExchangeType.FANOUT, durable=True)
            heard = await channel.declare_queue(exclusive=True)
            await heard.bind(exchange)
            await heard.consume(hear, no_ack=True)
        await channel.set_qos(prefetch_count=1)
        jobs = await channel.declare_queue(job_queue(voice_class), durable=True, arguments=dict(JOB_QUEUE_ARGUMENTS))
        await jobs.consume(worker.hear_job)
        yield worker
