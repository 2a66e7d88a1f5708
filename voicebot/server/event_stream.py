"""A turn, and all that happens in a conversation, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicebot.server.bell import Bell
from voicebot.server.context import PersonDep, Server, ServerDep, check_text, running_turn
from voicebot.server.event_log import EventLog
from voicebot.server.feed import Told, everything, one_turn, place_in_line, snapshot
from voicebot.server.streaming import Parts, StreamedResponse
from voicebot.server.text_units import Unit

router = APIRouter(prefix="/api/conversations/{id}")
_STILL_HERE = b": ping\n\n"
"""A comment, for readers and proxies who would give up otherwise."""


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


class _Line:
    """Where a turn stands among those that wait for their place."""

    __slots__ = ("_log", "_moved", "_positions", "begin")

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._moved = Bell()
        self._positions: list[int] = []
        self.begin: int | None = None
        """The place in the log where the turn begins; what was said while it waited is not its own."""

    def move(self, position: int) -> None:
        """It has moved; 0: the turn begins."""
        if position:
            self._positions.append(position)
        else:
            self.begin = self._log.next
        self._moved.ring()

    async def positions(self) -> AsyncGenerator[int, None]:
        """Yield each position until the turn begins."""
        while self._positions or self.begin is None:
            if self._positions:
                yield self._positions.pop(0)
            else:
                await self._moved.wait()


@asynccontextmanager
async def _turn(server: Server, person: str, id: str, asked: Turn) -> AsyncIterator[AsyncIterator[bytes]]:
    async with server.conversations.using(person, id) as opened:
        before, line = [snapshot(opened)], _Line(opened.log)

        async def parts(turn: str) -> AsyncGenerator[bytes, None]:
            yield _encoded(before)
            before.clear()
            async with aclosing(line.positions()) as positions:
                async for position in positions:
                    yield _encoded([place_in_line(position)])
            assert line.begin is not None
            async with aclosing(one_turn(opened, turn, line.begin, unit=asked.unit)) as batches:
                async for batch in batches:
                    yield _encoded(batch)
                    del batch  # it is not kept while nothing happens

        async with (
            running_turn(
                server,
                person,
                opened.conversation,
                asked.text,
                pipeline=opened.pipeline,
                say=asked.say,
                barge_in=asked.barge_in,
                queued=line.move,
            ) as turn,
            aclosing(parts(turn)) as all_of_it,
        ):
            yield all_of_it


@asynccontextmanager
async def _events(server: Server, person: str, id: str, unit: Unit, behind: str) -> AsyncIterator[AsyncIterator[bytes]]:
    async def parts(batches: AsyncIterator[list[Told]]) -> AsyncGenerator[bytes, None]:
        async for batch in batches:
            yield _encoded(batch)
            del batch

    async with (
        server.conversations.using(person, id) as opened,
        aclosing(everything(opened, unit=unit, behind=behind)) as batches,
        aclosing(parts(batches)) as all_of_it,
    ):
        yield all_of_it


def _answer(server: Server, parts: Parts) -> Response:
    """Send what happens as soon as it does; leaving what is opened ends whatever makes that."""
    return StreamedResponse(
        parts,
        media_type="text/event-stream",
        timing="snapshot",
        send_seconds=server.send_seconds,
    )


def _encoded(batch: Iterable[Told]) -> bytes:
    return b"".join([_frame(told) for told in batch]) or _STILL_HERE


def _frame(told: Told) -> bytes:
    id = f"id: {told.id}\n" if told.id else ""
    return f"{id}event: {told.type}\ndata: ".encode() + told.data + b"\n\n"
