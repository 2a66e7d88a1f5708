"""All workers at one broker, and how much waits for them: what `voicebot workers` shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import anyio
from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from pydantic import ValidationError

from voicebot.distributed.connection import BrokerUnavailable, alarm, takes_messages
from voicebot.distributed.declaring import declare_fanout
from voicebot.distributed.messages import WorkerStatus, understood
from voicebot.distributed.topology import STATUS_EXCHANGE, job_queue
from voicebot.translation import tr

_QUIET_SECONDS = 0.5
"""When no further worker has answered for this long, all have."""
_ANSWER_SECONDS = 2.0
"""A broker that does nothing for this long never will."""
_MOST = 10_000

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class ClassOverview:
    """The workers that speak with one group of voices."""

    name: str
    consumers: int
    """Workers that take jobs; one that is ending, or whose engine is gone, does not."""
    backlog: int
    """Jobs that wait."""
    workers: tuple[WorkerStatus, ...]
    jobs_per_second: float
    audio_per_second: float
    """Seconds of audio that they make in a second."""

    @property
    def queue(self) -> str:
        """Where their jobs come from."""
        return job_queue(self.name)


async def voice_classes(
    connection: AbstractConnection, configured: str, before: Sequence[ClassOverview] = ()
) -> list[ClassOverview]:
    """The classes of all workers that answer, and the `configured` one where jobs wait in its queue, by name.

    Rates count from the round `before`, or from when the workers were started. Raises BrokerUnavailable.
    """
    workers = await _answers(connection)
    earlier = {worker.worker: worker for one in before for worker in one.workers}
    classes = []
    for name in sorted({configured, *(worker.voice_class for worker in workers)}):
        consumers, backlog = await _soon(connection, _depth(connection, job_queue(name)))
        own = sorted((one for one in workers if one.voice_class == name), key=lambda one: (one.host, one.pid))
        rates = [_rates(one, earlier.get(one.worker)) for one in own]
        jobs, audio = sum(jobs for jobs, _ in rates), sum(audio for _, audio in rates)
        if own or backlog:
            classes.append(ClassOverview(name, consumers, backlog, tuple(own), jobs, audio))
    return classes


def _rates(now: WorkerStatus, before: WorkerStatus | None) -> tuple[float, float]:
    """Jobs and seconds of audio in a second."""
    jobs, audio, seconds = now.done, now.audio_seconds, now.up_seconds
    if before:
        jobs, audio, seconds = jobs - before.done, audio - before.audio_seconds, seconds - before.up_seconds
    return (jobs / seconds, audio / seconds) if seconds > 0 else (0.0, 0.0)


async def _answers(connection: AbstractConnection) -> list[WorkerStatus]:
    """What each worker says of itself."""
    channel = await _soon(connection, connection.channel(publisher_confirms=True, on_return_raises=True))
    send, receive = anyio.create_memory_object_stream[AbstractIncomingMessage](_MOST)
    with send, receive:
        try:
            await _soon(connection, _ask(channel, send))
            answers = {one.worker: one async for one in _read(receive)}
        except PublishError:  # there is nobody who could hear it
            answers = {}
        await _soon(connection, channel.close())
    return list(answers.values())


async def _ask(channel: AbstractChannel, answers: MemoryObjectSendStream[AbstractIncomingMessage]) -> None:
    """Ask all workers how they are. Raises PublishError where there are none."""
    question = uuid4().hex

    async def hear(answer: AbstractIncomingMessage) -> None:
        if answer.correlation_id == question:
            with suppress(anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
                answers.send_nowait(answer)

    exchange = await declare_fanout(channel, STATUS_EXCHANGE)
    queue = await channel.declare_queue(exclusive=True, auto_delete=True)
    await queue.consume(hear, no_ack=True)
    message = Message(b"", type="status", correlation_id=question, reply_to=queue.name)
    await exchange.publish(message, "", mandatory=True)


async def _soon(connection: AbstractConnection, act: Awaitable[_Result]) -> _Result:
    """What `act` returns. Raises BrokerUnavailable where the broker takes no messages, or does not answer."""
    with anyio.move_on_after(_ANSWER_SECONDS):
        return await act
    if not await takes_messages(connection):
        raise alarm()
    raise BrokerUnavailable(tr("the broker does not answer"), hint=tr("start RabbitMQ, or check the AMQP URL"))


async def _read(answers: MemoryObjectReceiveStream[AbstractIncomingMessage]) -> AsyncIterator[WorkerStatus]:
    """Those answers that can be understood, until no more come."""
    for _ in range(_MOST):
        with anyio.move_on_after(_QUIET_SECONDS) as quiet:
            answer = await answers.receive()
        if quiet.cancelled_caught:
            return
        try:
            status = WorkerStatus.model_validate_json(answer.body)
        except ValidationError:
            continue
        if understood(status.v, status.minor):
            yield status


async def _depth(connection: AbstractConnection, queue: str) -> tuple[int, int]:
    """How many consumers a queue has, and how many messages are in it; 0 and 0 if there is no such queue."""
    try:
        async with connection.channel() as channel:  # one of its own: the broker closes it where there is no queue
            found = (await channel.declare_queue(queue, passive=True)).declaration_result
            return found.consumer_count or 0, found.message_count or 0
    except ChannelNotFoundEntity:
        return 0, 0
