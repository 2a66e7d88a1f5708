"""A client of workers that does no more than a test tells it: it sends jobs, and keeps every reply as it came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import aio_pika
import anyio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, HeadersType

from voicebot.distributed.calls import Reply, read_replies
from voicebot.distributed.messages import Cancel, End, Failure, Job, Start, WorkerStatus
from voicebot.distributed.topology import (
    CANCEL_EXCHANGE,
    DEAD_QUEUE,
    JOB_QUEUE_ARGUMENTS,
    JOB_TYPE,
    STATUS_EXCHANGE,
    job_queue,
)

_SECONDS = 20.0
"""After this a test is told that there is no reply."""


@dataclass(frozen=True)
class Asked:
    """A job, and the replies to it."""

    job_id: str
    messages: asyncio.Queue[AbstractIncomingMessage]
    _unread: deque[Reply] = field(default_factory=deque)

    async def message(self) -> AbstractIncomingMessage:
        """The next message."""
        with anyio.fail_after(_SECONDS):
            return await self.messages.get()

    async def reply(self) -> Reply:
        """The next reply; several may come in one message."""
        while not self._unread:
            message = await self.message()
            self._unread.extend(read_replies(message.type, message.headers, message.body))
        return self._unread.popleft()

    async def answer(self) -> Answer:
        """All replies of an attempt, up to the one that ends it."""
        replies = [await self.reply()]
        while replies[-1].type not in ("end", "error"):
            replies.append(await self.reply())
        return Answer(replies)


@dataclass(frozen=True)
class Answer:
    """The replies of one attempt, in the order in which they came."""

    replies: list[Reply]

    @property
    def kinds(self) -> list[str]:
        return [reply.type for reply in self.replies]

    @property
    def start(self) -> Start:
        return Start.model_validate_json(self.replies[0].body)

    @property
    def pcm(self) -> bytes:
        return b"".join(reply.body for reply in self.replies if reply.type == "part")

    @property
    def end(self) -> End:
        return End.model_validate_json(self.replies[-1].body)

    @property
    def failure(self) -> Failure:
        assert self.replies[-1].type == "error"
        return Failure.model_validate_json(self.replies[-1].body)


@dataclass
class Asker:
    """A connection with a queue for replies."""

    channel: AbstractChannel
    queue: AbstractQueue
    voice_class: str
    streams: dict[str, asyncio.Queue[AbstractIncomingMessage]] = field(default_factory=dict)

    async def ask(
        self, job: Job | bytes | str, *, headers: HeadersType | None = None, priority: int | None = None
    ) -> Asked:
        """Send a job, or what is to pass for one."""
        if isinstance(job, str):
            job = Job(spoken=job)
        asked = self._asked()
        message = aio_pika.Message(
            job if isinstance(job, bytes) else job.model_dump_json().encode(),
            type=JOB_TYPE,
            correlation_id=asked.job_id,
            reply_to=self.queue.name,
            headers=headers,
            priority=priority,
        )
        await self.channel.default_exchange.publish(message, job_queue(self.voice_class), mandatory=True)
        return asked

    async def cancel(self, *asked: Asked) -> None:
        """Tell all workers that nobody waits for these jobs."""
        exchange = await self.channel.declare_exchange(CANCEL_EXCHANGE, aio_pika.ExchangeType.FANOUT, durable=True)
        body = Cancel(correlation_ids=tuple(one.job_id for one in asked)).model_dump_json().encode()
        await exchange.publish(aio_pika.Message(body), "", mandatory=False)

    async def status(self) -> WorkerStatus:
        """How the worker is of which there is one."""
        asked = self._asked()
        exchange = await self.channel.declare_exchange(STATUS_EXCHANGE, aio_pika.ExchangeType.FANOUT, durable=True)
        message = aio_pika.Message(b"", correlation_id=asked.job_id, reply_to=self.queue.name)
        await exchange.publish(message, "", mandatory=False)
        while True:  # workers of other tests may answer too
            status = WorkerStatus.model_validate_json((await asked.message()).body)
            if status.voice_class == self.voice_class:
                return status

    async def put_aside(self, asked: Asked) -> AbstractIncomingMessage:
        """The job as it lies in the queue of the dead; what other tests left there is thrown away."""
        dead = await self.channel.declare_queue(DEAD_QUEUE, passive=True)
        while True:
            message = await dead.get(timeout=_SECONDS)
            await message.ack()
            if message.correlation_id == asked.job_id:
                return message

    def _asked(self) -> Asked:
        asked = Asked(uuid4().hex, asyncio.Queue())
        self.streams[asked.job_id] = asked.messages
        return asked

    async def hear(self, reply: AbstractIncomingMessage) -> None:
        """Keep a reply for the one who asked."""
        if stream := self.streams.get(reply.correlation_id or ""):
            stream.put_nowait(reply)


@asynccontextmanager
async def open_asker(url: str, voice_class: str) -> AsyncGenerator[Asker]:
    """Ask the workers of a class; leaving takes the queue of the replies away."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.declare_queue(job_queue(voice_class), durable=True, arguments=dict(JOB_QUEUE_ARGUMENTS))
        asker = Asker(channel, await channel.declare_queue(exclusive=True), voice_class)
        await asker.queue.consume(asker.hear, no_ack=True)
        yield asker
