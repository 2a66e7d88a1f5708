"""A turn, and all that happens in a conversation, as server-sent events."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Annotated

import anyio
from fastapi import APIRouter, Header
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from voicebot.errors import without_groups
from voicebot.server.context import PersonDep, Server, ServerDep, check_text, running_turn
from voicebot.server.feed import Told, everything, one_turn, snapshot
from voicebot.server.pace import Pace
from voicebot.server.refusals import Refusal, refuse
from voicebot.server.streaming import UNBUFFERED
from voicebot.server.text_units import Unit

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/conversations/{id}")
_PING_SECONDS = 15

Batches = AsyncIterator[list[Told]]


class EventStream(EventSourceResponse):
    """Sends what happens as soon as it does. A reader that leaves, or takes nothing for too long, ends it."""

    def __init__(
        self, open: Callable[[], AbstractAsyncContextManager[Batches]], *, send_seconds: float, pace: Pace
    ) -> None:
        """`open` opens what is sent; leaving it ends whatever makes that."""
        super().__init__(
            _nothing(),
            headers=UNBUFFERED,
            ping=_PING_SECONDS,
            ping_message_factory=lambda: ServerSentEvent(comment="ping", sep="\n"),
            send_timeout=send_seconds,
        )
        self._open = open
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; what is refused before anything was sent is told by a status."""
        try:
            with without_groups():
                async with self._open() as batches, aclosing(_encoded(batches, self._pace)) as self.body_iterator:
                    with self._pace.stream():
                        await super().__call__(scope, receive, send)
        except Refusal as refusal:
            await refuse(refusal)(scope, receive, send)
        except SendTimeoutError:
            log.info("a reader of events took nothing for too long")


class Turn(BaseModel):
    """What is asked, or to be said."""

    text: Annotated[str, Field(min_length=1)]
    say: bool = False
    """Say the text as it stands."""
    unit: Unit = "token"
    barge_in: bool = True
    """End the turn that is being spoken; else wait for its end."""


@router.post("/turns")
async def turn(id: str, asked: Turn, server: ServerDep, person: PersonDep) -> Response:
    """Answer with the events of the turn, to be read and not heard. Whoever leaves ends it."""
    check_text(server, asked.text)
    return EventStream(lambda: _turn(server, person, id, asked), send_seconds=server.send_seconds, pace=server.pace)


@router.get("/events")
async def events(
    id: str,
    server: ServerDep,
    person: PersonDep,
    unit: Unit = "token",
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> Response:
    """Answer with all that happens in the conversation."""
    return EventStream(
        lambda: _events(server, person, id, unit, last_event_id), send_seconds=server.send_seconds, pace=server.pace
    )


@asynccontextmanager
async def _turn(server: Server, person: str, id: str, asked: Turn) -> AsyncIterator[Batches]:
    async with server.conversations.using(person, id) as opened:
        before, place = snapshot(opened), opened.log.next
        async with running_turn(
            server,
            person,
            opened.conversation,
            asked.text,
            pipeline=opened.pipeline,
            say=asked.say,
            barge_in=asked.barge_in,
        ) as turn:

            async def batches() -> AsyncGenerator[list[Told], None]:
                yield [before]
                async with aclosing(one_turn(opened, turn, place, unit=asked.unit)) as told:
                    async for batch in told:
                        yield batch

            async with aclosing(batches()) as all_of_it:
                yield all_of_it


@asynccontextmanager
async def _events(server: Server, person: str, id: str, unit: Unit, behind: str) -> AsyncIterator[Batches]:
    async with (
        server.conversations.using(person, id) as opened,
        aclosing(everything(opened, unit=unit, behind=behind)) as batches,
    ):
        yield batches


async def _encoded(batches: Batches, pace: Pace) -> AsyncGenerator[bytes, None]:
    async for batch in batches:
        yield b"".join([_frame(told) for told in batch])
        if seconds := pace.pause_seconds:
            await anyio.sleep(seconds)  # what comes meanwhile is the next batch


def _frame(told: Told) -> bytes:
    id = f"id: {told.id}\n" if told.id else ""
    return f"{id}event: {told.type}\ndata: ".encode() + told.data + b"\n\n"


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""
