"""A turn, and all that happens in a conversation, as server-sent events."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Annotated

import anyio
from fastapi import APIRouter, Header
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicebot.server.context import PersonDep, Server, ServerDep, check_text, running_turn
from voicebot.server.feed import Told, everything, one_turn, place_in_line, snapshot
from voicebot.server.streaming import StreamedResponse
from voicebot.server.text_units import Unit

router = APIRouter(prefix="/api/conversations/{id}")
_STILL_HERE = b": ping\n\n"
"""A comment, for readers and proxies who would give up otherwise."""

Batches = AsyncIterator[list[Told]]


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
    return _answer(server, lambda: _turn(server, person, id, asked))


@router.get("/events")
async def events(
    id: str,
    server: ServerDep,
    person: PersonDep,
    unit: Unit = "token",
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> Response:
    """Answer with all that happens in the conversation."""
    return _answer(server, lambda: _events(server, person, id, unit, last_event_id))


@asynccontextmanager
async def _turn(server: Server, person: str, id: str, asked: Turn) -> AsyncIterator[Batches]:
    async with server.conversations.using(person, id) as opened:
        before, place = snapshot(opened), opened.log.next
        positions_in, positions_out = anyio.create_memory_object_stream[int](math.inf)  # one each time the line moves

        def queued(position: int) -> None:
            nonlocal place
            if position:
                positions_in.send_nowait(position)
            else:
                place = opened.log.next  # what was said while it waited is not its own
                positions_in.close()

        async def batches(turn: str) -> AsyncGenerator[list[Told], None]:
            yield [before]
            async for position in positions_out:
                yield [place_in_line(position)]
            async with aclosing(one_turn(opened, turn, place, unit=asked.unit)) as told:
                async for batch in told:
                    yield batch

        with positions_in, positions_out:
            async with (
                running_turn(
                    server,
                    person,
                    opened.conversation,
                    asked.text,
                    pipeline=opened.pipeline,
                    say=asked.say,
                    barge_in=asked.barge_in,
                    queued=queued,
                ) as turn,
                aclosing(batches(turn)) as all_of_it,
            ):
                yield all_of_it


@asynccontextmanager
async def _events(server: Server, person: str, id: str, unit: Unit, behind: str) -> AsyncIterator[Batches]:
    async with (
        server.conversations.using(person, id) as opened,
        aclosing(everything(opened, unit=unit, behind=behind)) as batches,
    ):
        yield batches


def _answer(server: Server, open: Callable[[], AbstractAsyncContextManager[Batches]]) -> Response:
    """Send what happens as soon as it does; leaving what is opened ends whatever makes that."""

    @asynccontextmanager
    async def parts() -> AsyncIterator[AsyncIterator[bytes]]:
        async with open() as batches, aclosing(_encoded(batches)) as encoded:
            yield encoded

    return StreamedResponse(
        parts,
        media_type="text/event-stream",
        timing="snapshot",
        send_seconds=server.send_seconds,
    )


async def _encoded(batches: Batches) -> AsyncGenerator[bytes, None]:
    async for batch in batches:
        yield b"".join([_frame(told) for told in batch]) or _STILL_HERE


def _frame(told: Told) -> bytes:
    id = f"id: {told.id}\n" if told.id else ""
    return f"{id}event: {told.type}\ndata: ".encode() + told.data + b"\n\n"
