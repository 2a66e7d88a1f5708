"""Declares what both sides use: the broker closes a channel that declares it differently."""

from __future__ import annotations

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue

from voicebot.distributed.topology import JOB_QUEUE_ARGUMENTS


async def declare_fanout(channel: AbstractChannel, name: str) -> AbstractExchange:
    """An exchange over which all workers are told something."""
    return await channel.declare_exchange(name, ExchangeType.FANOUT, durable=True)


async def declare_jobs(channel: AbstractChannel, queue: str) -> AbstractQueue:
    """The queue of jobs with this name, and how many consumers and jobs it has."""
    return await channel.declare_queue(queue, durable=True, arguments=dict(JOB_QUEUE_ARGUMENTS))
