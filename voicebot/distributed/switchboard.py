"""What a client holds once: the link to the broker, who the workers are, and to whom each reply goes."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Protocol

import anyio
from aio_pika.abc import AbstractConnection
from pydantic import ValidationError

from voicebot.distributed.calls import Reply, read_replies
from voicebot.distributed.connection import BrokerUnavailable
from voicebot.distributed.link import Arrived, Link, LinkLost, open_link
from voicebot.distributed.messages import WorkerStatus
from voicebot.distributed.roster import Roster
from voicebot.errors import VoiceUnavailable
from voicebot.translation import tr

_OPENING_SECONDS = 7.0
ROLL_CALL_SECONDS = 0.3
"""How long the first answer of a worker is waited for, before anything is said."""
_ASK_EVERY_SECONDS, _ASK_AGAIN_SECONDS = 30.0, 1.0
_GOODBYE_SECONDS = 0.3
_MOST_CANCELLED = 10_000
_ALARM_PAUSE_SECONDS = 1.0


class Listener(Protocol):
    """What waits for the replies to a job."""

    def replied(self, reply: Reply) -> None:
        """Take the next reply."""
        ...

    def link_lost(self) -> None:
        """No more replies will come."""
        ...


class Switchboard:
    """Hands each reply to the caller that waits for it, over one connection after the other."""

    def __init__(self, voice_class: str, *, broker_back_seconds: float) -> None:
        """A broker that has gone may take `broker_back_seconds` to come back before texts fail."""
        self.roster = Roster(voice_class)
        self.returned = False
        """Whether there was a connection before this one: workers may take longer than we do to come back."""
        self.voice_class = voice_class
        self._broker_back_seconds = broker_back_seconds
        self._link: Link | None = None
        self._lost_at = -math.inf
        self._why: BrokerUnavailable | None = None
        self._listeners: dict[str, Listener] = {}
        self._cancelled: list[str] = []
        self._changed, self._ask, self._cancel = anyio.Event(), anyio.Event(), anyio.Event()

    async def serve(self, connection: AbstractConnection) -> None:
        """Use a connection for as long as it lasts. Raises what aio-pika raises, and ConnectionError."""
        async with open_link(connection, self.voice_class, self._take) as link:
            self._link = link
            self._tell()
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(link.watch)
                    tasks.start_soon(self._ask_now_and_then, link)
                    tasks.start_soon(self._pass_on_cancellations, link)
                    await link.lost.wait()
                    tasks.cancel_scope.cancel()
            finally:
                self._link, self.returned, self._lost_at = None, True, anyio.current_time()
                link.lost.set()
                for listener in [*self._listeners.values()]:
                    listener.link_lost()
                self._tell()
        raise ConnectionError(tr("it does not answer"))

    def connection_lost(self, why: BrokerUnavailable) -> None:
        """Note why there is no connection."""
        self._why = why
        self._tell()

    async def opened(self, *, required: bool) -> None:
        """Return when there is a link and the workers have had a moment to answer.

        Raises BrokerUnavailable if there is no link and it is `required`.
        """
        with anyio.move_on_after(_OPENING_SECONDS):
            while self._link is None and self._why is None:
                await self._changed.wait()
        if self._link is None:
            if required:
                raise self._reason()
            return
        with anyio.move_on_after(ROLL_CALL_SECONDS):
            while self.roster.voice is None:
                await self._changed.wait()

    async def link(self) -> Link:
        """The link; one that was lost a moment ago is waited for. Raises BrokerUnavailable."""
        while self._link is None or self._link.lost.is_set():
            now = anyio.current_time()
            lost_at = self._lost_at if self._link is None else now  # then it is about to be closed
            with anyio.move_on_after(lost_at + self._broker_back_seconds - now) as patience:
                await self._changed.wait()
            if patience.cancelled_caught:
                raise self._reason()
        if self.roster.voice is None:
            self._ask.set()
        return self._link

    def listen(self, correlation_id: str, listener: Listener) -> None:
        """Hand it the replies to this job."""
        self._listeners[correlation_id] = listener

    def forget(self, correlation_id: str, *, cancel: bool) -> None:
        """Nobody waits for the replies to this job; where it may go on, workers are told soon."""
        if self._listeners.pop(correlation_id, None) is not None and cancel and len(self._cancelled) < _MOST_CANCELLED:
            self._cancelled.append(correlation_id)
            self._cancel.set()

    async def say_goodbye(self) -> None:
        """Tell workers what is not wanted any more; for at most a moment."""
        if self._link is not None and self._cancelled:
            with anyio.move_on_after(_GOODBYE_SECONDS, shield=True), suppress(LinkLost, VoiceUnavailable):
                await self._link.cancel(tuple(self._cancelled))

    def _take(self, message: Arrived) -> None:
        if message.type == "status":
            self._take_status(message.body)
        elif (listener := self._listeners.get(message.correlation_id or "")) is not None:
            for reply in read_replies(message.type, message.headers, message.body):
                if not self.roster.knows(reply.worker):
                    self._ask.set()
                listener.replied(reply)

    def _take_status(self, body: bytes) -> None:
        with suppress(ValidationError):
            if self.roster.answer(WorkerStatus.model_validate_json(body)):
                self._tell()

    async def _ask_now_and_then(self, link: Link) -> None:
        with suppress(LinkLost):
            while True:
                self._ask = anyio.Event()
                self.roster.ask()
                with suppress(VoiceUnavailable):  # the broker's alarm, which passes
                    await link.ask_all()
                await anyio.sleep(_ASK_AGAIN_SECONDS)
                with anyio.move_on_after(_ASK_EVERY_SECONDS):
                    await self._ask.wait()

    async def _pass_on_cancellations(self, link: Link) -> None:
        with suppress(LinkLost):
            while True:
                await self._cancel.wait()
                self._cancel = anyio.Event()
                cancelled, self._cancelled = self._cancelled, []
                try:
                    await link.cancel(tuple(cancelled))
                except VoiceUnavailable:  # the broker's alarm: they are told when it has passed
                    self._cancelled = [*cancelled, *self._cancelled][:_MOST_CANCELLED]
                    await anyio.sleep(_ALARM_PAUSE_SECONDS)
                    self._cancel.set()

    def _reason(self) -> BrokerUnavailable:
        if self._why is None:
            return BrokerUnavailable(tr("the broker does not answer"), hint=tr("start RabbitMQ, or check the AMQP URL"))
        return BrokerUnavailable(self._why.message, hint=self._why.hint)

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
