"""What a worker answers to one job: numbered, and confirmed by the broker a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import aio_pika
import anyio
from aio_pika.abc import AbstractExchange, HeadersType
from aio_pika.exceptions import DeliveryError
from anyio.abc import TaskGroup

from voicebot.distributed.messages import Body, End, Failure, ReplyType, Start, parts_of, piece_of
from voicebot.speech import Audio

_SLOW_SECONDS = 1.0
"""A broker that takes no reply for this long never will."""
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

    async def send_part(self, pcm: bytes, headers: Mapping[str, str]) -> None:
        """Publish PCM; `headers` are what comes with it: the `piece` that it ends, or other replies."""
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

    async def _send(self, kind: ReplyType, body: bytes, content_type: str, headers: Mapping[str, str]) -> None:
        message = aio_pika.Message(
            body,
            type=kind,
            content_type=content_type,
            correlation_id=self._job_id,
            headers={**self._headers, "seq": self._count, **headers},
            delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT,
        )
        self._count += 1 + sum(name in headers for name in ("start", "end"))
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


class Speech:
    """Sends the audio of a text in as few messages as possible."""

    def __init__(self, replies: Replies, *, together: bool, waits: bool) -> None:
        """`together`: the client understands several replies in one message; `waits`: a piece is likely to be the last
        one, and is held until that is known."""
        self._replies = replies
        self._together = together
        self._waits = waits and together
        self._headers: dict[str, str] = {}
        """The headers of the part that is sent next."""
        self._held: bytes | None = None

    async def start(self, start: Start) -> None:
        """An attempt begins: the first piece is there."""
        if self._together:
            self._headers["start"] = start.model_dump_json()
        else:
            await self._replies.send("start", start)

    async def say(self, audio: Audio) -> None:
        """The next piece."""
        await self._send_held()
        *parts, self._held = parts_of(audio.pcm, audio.format)
        for part in parts:
            await self._send(part)
        self._headers["piece"] = piece_of(audio).model_dump_json()
        if not self._waits:
            await self._send_held()

    async def end(self, end: End) -> None:
        """That was all."""
        if self._held is None:
            await self._replies.send("end", end)
        else:
            self._headers["end"] = end.model_dump_json()
            await self._send_held()

    async def _send_held(self) -> None:
        if self._held is not None:
            part, self._held = self._held, None
            await self._send(part)

    async def _send(self, part: bytes) -> None:
        headers, self._headers = self._headers, {}
        await self._replies.send_part(part, headers)
