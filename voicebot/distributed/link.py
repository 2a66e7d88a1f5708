"""A client's side of one connection: where it publishes, and the one queue in which all its replies arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

import aio_pika
import anyio
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, PublishError
from aiormq.abc import DeliveredMessage

from voicebot.distributed.connection import alarm, takes_messages
from voicebot.distributed.declaring import declare_fanout, declare_jobs
from voicebot.distributed.messages import Cancel, Job
from voicebot.distributed.topology import (
    CANCEL_EXCHANGE,
    JOB_TYPE,
    STATUS_EXCHANGE,
    job_queue,
)
from voicebot.errors import VoiceUnavailable
from voicebot.translation import tr

_ALARM_SECONDS = 0.2
"""After this long without a confirmation, ask the broker whether it takes messages."""
_SILENT_STEPS, _STEP_SECONDS = 4, 0.5
"""After this many such steps without a sign of life the broker is given up; one of them may be a pause of our own."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message in the queue for replies."""

    type: str | None
    correlation_id: str | None
    headers: Mapping[str, object]
    body: bytes


TakeReply = Callable[[Arrived], None]


class LinkLost(Exception):
    """The connection is not to be used any more."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of jobs, as the broker sees it."""

    consumers: int
    waiting: int
    """Jobs that no worker has taken."""


@dataclass(frozen=True, slots=True)
class JobMessage:
    """What a job's message says besides the job."""

    correlation_id: str
    message_id: str
    attempt: int
    priority: int
    expires_after_seconds: float


@dataclass(eq=False, slots=True)
class _Call:
    """Something that the broker is asked for."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    given_up: Exception = field(default_factory=LinkLost)
    """Why it was given up, if it was."""


class Link:
    """Publishes jobs, cancellations and questions over one connection; replies go to `take`."""

    def __init__(
        self, connection: AbstractConnection, jobs: AbstractChannel, control: AbstractChannel, voice_class: str
    ) -> None:
        self.lost = anyio.Event()
        """Set when the connection has to be given up."""
        self.since = anyio.current_time()
        self._connection = connection
        self._jobs, self._control = jobs, control
        self._job_queue = job_queue(voice_class)
        self._heard = 0
        """Messages and answers so far."""
        self._reply_to = ""
        self._cancel: AbstractExchange | None = None
        self._status: AbstractExchange | None = None
        self._calls = set[_Call]()
        self._called = anyio.Event()
        self._looking = anyio.Lock()
        self._seen: tuple[float, Queue] | None = None

    async def open(self, take: TakeReply) -> None:
        """Declare everything, and let replies come."""
        underlay = await self._control.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: self.lost.set())  # somebody has deleted the reply queue
        for channel in (self._jobs, self._control):
            channel.close_callbacks.add(lambda *_: self.lost.set())
        self._cancel = await declare_fanout(self._control, CANCEL_EXCHANGE)
        self._status = await declare_fanout(self._control, STATUS_EXCHANGE)
        replies = await self._control.declare_queue("", exclusive=True, auto_delete=True)
        self._reply_to = replies.name

        async def on_message(message: DeliveredMessage) -> None:
            self._heard += 1
            how = message.header.properties
            # At once: what awaits here may be overtaken by the next message.
            take(Arrived(how.message_type, how.correlation_id, how.headers or {}, message.body))

        # Not `replies.consume`, which makes two tasks and an object of forty attributes of each message.
        await underlay.basic_consume(replies.name, on_message, no_ack=True)
        await self._declare_jobs()

    async def publish_job(self, job: Job, how: JobMessage) -> None:
        """Return when the broker has the job. Raises VoiceUnavailable and LinkLost."""
        message = aio_pika.Message(
            job.model_dump_json().encode(),
            headers={"attempt": how.attempt, "sent_ms": round(time.time() * 1000)},
            content_type="application/json",
            priority=how.priority,
            correlation_id=how.correlation_id,
            reply_to=self._reply_to,
            expiration=how.expires_after_seconds,
            message_id=how.message_id,
            type=JOB_TYPE,
        )
        if not await takes_messages(self._connection):
            raise alarm()
        try:
            await self._guarded(lambda: self._publish(message))
        except PublishError:  # somebody has deleted the queue
            await self._guarded(self._declare_jobs)
            await self._guarded(lambda: self._publish(message))

    async def look(self) -> Queue:
        """The queue of jobs; it is declared anew if it has gone. Many callers at once share one look.

        Raises VoiceUnavailable and LinkLost.
        """
        asked = anyio.current_time()
        async with self._looking:
            if self._seen is None or self._seen[0] < asked:
                looked = anyio.current_time()
                self._seen = looked, await self._guarded(self._declare_jobs)
            return self._seen[1]

    async def cancel(self, correlation_ids: tuple[str, ...]) -> None:
        """Tell all workers that nobody waits for these jobs any more. Raises VoiceUnavailable and LinkLost."""
        body = Cancel(correlation_ids=correlation_ids).model_dump_json().encode()
        await self._tell_all(self._cancel, aio_pika.Message(body, content_type="application/json"))

    async def ask_all(self) -> None:
        """Ask all workers how they are; their answers come as replies of the type `status`.

        Raises VoiceUnavailable and LinkLost.
        """
        message = aio_pika.Message(b"", correlation_id=uuid4().hex, reply_to=self._reply_to, expiration=10)
        await self._tell_all(self._status, message)

    async def _tell_all(self, exchange: AbstractExchange | None, message: aio_pika.Message) -> None:
        assert exchange is not None
        if not await takes_messages(self._connection):
            raise alarm()
        await self._guarded(lambda: exchange.publish(message, "", mandatory=False))

    async def _declare_jobs(self) -> Queue:
        told = (await declare_jobs(self._control, self._job_queue)).declaration_result
        return Queue(told.consumer_count or 0, told.message_count or 0)

    async def _publish(self, message: aio_pika.Message) -> None:
        await self._jobs.default_exchange.publish(message, self._job_queue, mandatory=True)

    async def _guarded(self, act: Callable[[], Awaitable[_Result]]) -> _Result:
        """What `act` returns; a broker that does not answer is given up. Raises VoiceUnavailable and LinkLost."""
        if self.lost.is_set():
            raise LinkLost
        call = _Call()
        self._calls.add(call)
        self._called.set()
        try:
            with call.scope:
                result = await uncancelled(act())
                self._heard += 1
                return result
        except PublishError:
            raise
        except DeliveryError as error:
            raise VoiceUnavailable(
                tr("too many texts wait for the speech workers"), hint=tr("start more of them: voicebot worker")
            ) from error
        except (AMQPError, ChannelInvalidStateError, ConnectionError, LinkLost) as error:
            self.lost.set()
            raise LinkLost from error
        finally:
            self._calls.discard(call)
        raise call.given_up

    async def watch(self) -> None:
        """Give up calls: soon when the broker takes nothing, later when nothing comes from it, all at the end.

        One task for all calls: a task for each took as long as what it watched.
        """
        try:
            while True:
                await self._called.wait()
                self._called = anyio.Event()
                await anyio.sleep(_ALARM_SECONDS)
                silent, heard = 0, self._heard
                while self._calls:
                    if not await takes_messages(self._connection):
                        self._give_up(alarm())
                    elif silent == _SILENT_STEPS:
                        self.lost.set()
                        self._give_up(LinkLost())
                    await anyio.sleep(_STEP_SECONDS)
                    silent, heard = (silent + 1 if heard == self._heard else 0), self._heard
        finally:
            self.lost.set()
            self._give_up(LinkLost())

    def _give_up(self, why: Exception) -> None:
        for call in self._calls:
            call.given_up = why
            call.scope.cancel()


async def uncancelled(act: Awaitable[_Result]) -> _Result:
    """What `act` returns. Raises LinkLost if the task that it waits for was cancelled, rather than this one.

    aiormq runs its calls in tasks of its own, which raise CancelledError when it ends them. A task group would take
    that for the end of our task and swallow it.
    """
    try:
        return await act
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and not task.cancelling():
            raise LinkLost from None
        raise


@asynccontextmanager
async def open_link(connection: AbstractConnection, voice_class: str, take: TakeReply) -> AsyncIterator[Link]:
    """A link over `connection`; its replies go to `take`. Raises what aio-pika raises."""
    jobs = await connection.channel(publisher_confirms=True, on_return_raises=True)
    control = await connection.channel(publisher_confirms=False)
    link = Link(connection, jobs, control, voice_class)
    await link.open(take)
    yield link
