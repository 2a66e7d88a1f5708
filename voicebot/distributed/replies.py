"""What a worker answers to one job: numbered, and confirmed by the broker a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import aio_pika
import anyio
from aio_pika.abc import AbstractExchange, HeadersType
from aio_pika.exceptions import DeliveryError
from anyio.abc import TaskGroup

from voicebot.distributed.messages import Body, Failure, Piece, ReplyType

_SLOW_SECONDS = 1.0
"""A broker that takes no reply for this long does not want to."""
_UNCONFIRMED = 8
"""Replies on the way to the broker at once: enough that none waits for the one before, and little is lost."""


class Replies:
    """The replies of one attempt."""

    def __init__(
        self,
        exchange: AbstractExchange,
        tasks: TaskGroup,
        *,
        reply_to: str,
        job_id: str,
        attempt: int,
        worker: str,
        slow: Callable[[], None] = lambda: None,
    ) -> None:
        """Publish by `exchange`, in `tasks`, which outlive the job; call `slow` where the broker does not take it.

        A confirmation that is not waited for to its end would break the library's channel when it comes.
        """
        self._exchange = exchange
        self._tasks = tasks
        self._reply_to = reply_to
        self._job_id = job_id
        self._slow = slow
        self._headers: HeadersType = {"attempt": attempt, "worker": worker}
        self._room = anyio.Semaphore(_UNCONFIRMED, fast_acquire=True)
        self._count = 0
        self.unwanted: Callable[[], None] = lambda: None
        """Called when nobody takes a reply: the client is gone, and its queue with it."""

    async def send(self, kind: ReplyType, body: Body) -> None:
        """Publish a reply in JSON, behind those before it."""
        await self._send(kind, body.model_dump_json().encode(), "application/json", {})

    async def send_part(self, pcm: bytes, piece: Piece | None = None) -> None:
        """Publish PCM; `piece` comes with the last part of a piece."""
        headers: HeadersType = {"piece": piece.model_dump_json()} if piece else {}
        await self._send("part", pcm, "application/octet-stream", headers)

    async def fail(self, failure: Failure) -> None:
        """Say that the text will not be said; return when the broker has it."""
        await self.send("error", failure)
        await self.confirmed()

    async def confirmed(self) -> None:
        """Wait until the broker has everything that was sent."""
        for _ in range(_UNCONFIRMED):
            await self._wait_for_room()
        for _ in range(_UNCONFIRMED):
            self._room.release()

    async def _send(self, kind: ReplyType, body: bytes, content_type: str, headers: HeadersType) -> None:
        message = aio_pika.Message(
            body,
            type=kind,
            content_type=content_type,
            correlation_id=self._job_id,
            headers=self._headers | {"seq": self._count} | headers,
            delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT,
        )
        self._count += 1
        await self._wait_for_room()
        self._tasks.start_soon(self._publish, message)  # they begin in this order, and the channel keeps it

    async def _wait_for_room(self) -> None:
        with suppress(anyio.WouldBlock):  # usually there is room, and no need of a timer
            self._room.acquire_nowait()
            return
        with anyio.move_on_after(_SLOW_SECONDS):
            await self._room.acquire()
            return
        self._slow()
        await self._room.acquire()

    async def _publish(self, message: aio_pika.Message) -> None:
        try:
            await self._exchange.publish(message, self._reply_to, mandatory=True)
        except DeliveryError:
            self.unwanted()
        finally:
            self._room.release()
