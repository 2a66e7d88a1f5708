"""What every route works with: the parts of the server, and who is asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated

import anyio
from fastapi import Depends
from starlette.requests import HTTPConnection

from voicebot.app import Engines
from voicebot.config.models import Config
from voicebot.conversation import Conversation
from voicebot.errors import VoicebotError, without_groups
from voicebot.events import new_turn_id
from voicebot.held_secrets import redactor
from voicebot.server.admission import Admission, Place
from voicebot.server.conversations import Conversations
from voicebot.server.keys import Keys
from voicebot.server.metrics import ServerMetrics
from voicebot.server.pace import Pace
from voicebot.server.refusals import Refusal, check_length, upstream_error
from voicebot.server.voices import Voices
from voicebot.server.wrong_tokens import WrongTokens
from voicebot.turn import Pipeline

_WINDING_DOWN_SECONDS = 5.0
"""How long a turn has to end and to be kept."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server and all its parts."""

    config: Config
    engines: Engines
    keys: Keys
    conversations: Conversations
    admission: Admission
    metrics: ServerMetrics
    voices: Voices
    wrong_tokens: WrongTokens
    send_seconds: float
    """How long a reader may leave what was sent unread."""
    pace: Pace = field(default_factory=Pace)
    """Of all turns."""


async def server_of(connection: HTTPConnection) -> Server:
    """The server that handles a request. FastAPI would call a plain function in a thread."""
    server = connection.app.state.server
    assert isinstance(server, Server)
    return server


async def person_of(connection: HTTPConnection) -> str:
    """Who is asking, as the check of every request has found."""
    person = connection.state.person
    assert isinstance(person, str)
    return person


ServerDep = Annotated[Server, Depends(server_of)]
PersonDep = Annotated[str, Depends(person_of)]


def failure(server: Server, error: VoicebotError) -> Refusal:
    """What a client is told of what has failed, without the secrets that it may quote."""
    error.redact(redactor(server.config))
    return upstream_error(error.message, error.hint)


def check_text(server: Server, text: str) -> None:
    """Raise Refusal for a message that is too long, in the form of our own routes."""
    most_characters = server.config.server.max_characters
    check_length(text, most_characters, what="the text", param="text", code="text_too_long")


@asynccontextmanager
async def running_turn(
    server: Server,
    person: str,
    conversation: Conversation,
    message: str,
    *,
    pipeline: Pipeline | None = None,
    say: bool = False,
    barge_in: bool = True,
    queued: Callable[[int], None] = lambda _: None,
    ended: anyio.Event | None = None,
) -> AsyncIterator[str]:
    """Let a turn run as soon as there is a place for it, and give its id; the end of the block is its end.

    A turn that runs then is interrupted, as others may listen and it is remembered as far as it was heard. With
    `barge_in` the turn before is interrupted at once, even where this one has to wait for its place. With `say`
    the message is said as it stands. `queued` is given its position while it waits, 0 when it begins; `ended` is set
    when it has ended by itself. Raises Refusal, and VoicebotError where there could be no turn.
    """
    pipeline = replace(pipeline or conversation.pipeline, batch_until=server.pace.batches())
    turn = new_turn_id()
    with server.admission.enter(person) as place, anyio.CancelScope() as reading:

        async def run() -> None:
            if barge_in and not place.granted:
                conversation.floor.make_way()  # it may hold the very place that this turn waits for
            await server.admission.wait(place, queued)
            queued(0)
            with server.pace.turn(), without_groups():
                if say:
                    await conversation.say(message, turn=turn, barge_in=barge_in, pipeline=pipeline)
                else:
                    await conversation.speak(message, turn=turn, barge_in=barge_in, pipeline=pipeline)
            if ended is not None:
                ended.set()

        # asyncio's own, as uvicorn is: with a task group for the one task it would take 3 KiB more
        running = asyncio.create_task(run())
        running.add_done_callback(lambda _: reading.cancel() if _error_of(running) is not None else None)
        try:
            yield turn
        finally:
            with anyio.CancelScope(shield=True):
                await _end(running, place, partial(conversation.floor.cancel, turn))
    if (error := _error_of(running)) is not None:
        raise error


async def _end(running: asyncio.Task[None], place: Place, interrupt: Callable[[], object]) -> None:
    """End a turn: it has a while to do so by itself if it has begun."""
    try:
        if place.taken:
            interrupt()
            await asyncio.wait([running], timeout=_WINDING_DOWN_SECONDS)
    finally:
        running.cancel()
    await asyncio.wait([running])


def _error_of(ended: asyncio.Task[None]) -> BaseException | None:
    return None if ended.cancelled() else ended.exception()
