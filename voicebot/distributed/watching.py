"""Notices what a broker does to a worker without being asked."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
from aio_pika.abc import AbstractChannel, AbstractConnection
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus

from voicebot.distributed.connection import BrokerUnavailable, takes_messages
from voicebot.translation import tr

log = logging.getLogger(__name__)


async def first_of(*waits: Callable[[], Awaitable[object]]) -> None:
    """Return when one of them does; the others are cancelled."""
    async with anyio.create_task_group() as tasks:

        async def wait(for_it: Callable[[], Awaitable[object]]) -> None:
            await for_it()
            tasks.cancel_scope.cancel()

        for one in waits:
            tasks.start_soon(wait, one)


async def watch_channel(channel: AbstractChannel) -> None:
    """Raise BrokerUnavailable when the broker closes the channel: its consumers are dead then."""
    await channel.closed()
    raise BrokerUnavailable(tr("the broker closed a channel"), hint=tr("voicebot connects again by itself"))


async def watch_alarms(
    connection: AbstractConnection, *, task_status: TaskStatus[Callable[[], None]] = TASK_STATUS_IGNORED
) -> None:
    """Log when the broker takes no messages, and when it does again; return what to call when it seems to be stuck."""
    transport = connection.transport
    assert transport, "it is connected"
    send, receive = anyio.create_memory_object_stream[None](1)  # one hint is as good as several

    def hint() -> None:
        with suppress(anyio.WouldBlock):
            send.send_nowait(None)

    task_status.started(hint)
    with send, receive:
        async for _ in receive:
            if not await takes_messages(connection):
                log.warning(
                    "the broker takes no messages: it is short of memory or disk (rabbitmqctl status says more)"
                )
                await transport.ready()
                log.info("the broker takes messages again")
