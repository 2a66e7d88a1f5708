"""What every route works with: the parts of the server, and who is asking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
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
from voicebot.server.admission import Admission
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

    A turn that runs then is interrupted, as others may listen and it is remembered as far as it was heard. With `say`
    the message is said as it stands. `queued` is given its position while it waits, 0 when it begins; `ended` is set
    when it has ended by itself. Raises Refusal, and VoicebotError where there could be no turn.
    """
    pipeline = replace(pipeline or conversation.pipeline, batch_seconds=lambda: server.pace.batch_seconds)
    turn, winding_down = new_turn_id(), anyio.CancelScope(shield=True)
    with server.admission.enter(person) as place, without_groups():

        async def run() -> None:
            await server.admission.wait(place, queued)
            queued(0)
            with winding_down, server.pace.turn():
                if say:
                    await conversation.say(message, turn=turn, barge_in=barge_in, pipeline=pipeline)
                else:
                    await conversation.speak(message, turn=turn, barge_in=barge_in, pipeline=pipeline)
            if ended is not None:
                ended.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            try:
                yield turn
            finally:
                conversation.floor.cancel(turn)
                winding_down.deadline = anyio.current_time() + _WINDING_DOWN_SECONDS
                tasks.cancel_scope.cancel()
