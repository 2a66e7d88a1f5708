"""One turn for a request: what happens in it and how it sounds, in the order in which that comes."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio

from voicebot.audio.paced import PacedOutput
from voicebot.conversation import GivenText, in_style
from voicebot.events import Event, TurnEnded
from voicebot.messages import Message, ReplyOptions
from voicebot.server.context import Server
from voicebot.server.refusals import Refusal, upstream_error
from voicebot.speech import Clip, Style
from voicebot.turn import Pipeline, speak_turn

_DELTA_CHARACTERS = 1_000
Part = Event | Clip
"""An event, or sound that is to be sent before more of it is made."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a turn is to be about."""

    messages: Sequence[Message] = ()
    """What the chat model replies to."""
    text: str = ""
    """What is said as it stands; empty: the reply of the chat model."""
    style: Style | None = None
    """How it is said; None: it is read."""
    options: ReplyOptions = field(default_factory=ReplyOptions)
    """How the chat model is to write its reply."""


@asynccontextmanager
async def open_turn(server: Server, person: str, asked: Asked) -> AsyncIterator[AsyncGenerator[Part, None]]:
    """Let a turn run as soon as there is a place for it; the end of the block is its end.

    It belongs to no conversation, and nothing of it is remembered. The reader of its parts sets its pace: at most one
    clip waits to be read, and three utterances are made ahead of that. Raises Refusal.
    """
    # Events are small, and of one reply; clips wait for `room`.
    parts_in, parts_out = anyio.create_memory_object_stream[Part](math.inf)
    room = anyio.Semaphore(1)

    async def hand_over(clip: Clip, _: float) -> None:
        await room.acquire()
        parts_in.send_nowait(clip)

    async def read() -> AsyncGenerator[Part, None]:
        async for part in parts_out:
            yield part
            if isinstance(part, Clip):
                room.release()  # it has been sent: nobody asks for the next part before that

    with parts_in, parts_out, server.admission.enter(person) as place:
        async with server.conversations.alone(asked.options) as conversation:
            output = PacedOutput("HTTP", realtime=False, write=hand_over)
            pipeline = _pipeline(conversation.pipeline, server, asked, output)

            async def run() -> None:
                await server.admission.wait(place, lambda _: None)
                emit = conversation.broadcast.emit
                with parts_in, conversation.broadcast.listen(parts_in.send_nowait):
                    await speak_turn(asked.messages, pipeline, emit=emit, scope=anyio.CancelScope())

            async with anyio.create_task_group() as tasks, aclosing(read()) as parts:
                tasks.start_soon(run)
                yield parts
                tasks.cancel_scope.cancel()


def failed(event: TurnEnded) -> Refusal:
    """The answer to a request whose turn has failed."""
    return upstream_error(event.error, event.hint)


def _pipeline(own: Pipeline, server: Server, asked: Asked, output: PacedOutput) -> Pipeline:
    """What a turn is made with, instead of that of a conversation which is only read."""
    if asked.text:
        own = replace(own, chat=GivenText(_deltas(asked.text)))
    if asked.style is None:
        return own
    synthesizer = server.engines.synthesizer
    if synthesizer is None:
        raise Refusal(503, "this server has no voice", hint="it was started without one", code="no_voice")
    return replace(own, synthesizer=in_style(synthesizer, asked.style), output=output, heard_as_it_comes=True)


async def _deltas(text: str) -> AsyncGenerator[str, None]:
    """A long text in parts, so that reading it holds nobody up."""
    for start in range(0, len(text), _DELTA_CHARACTERS):
        yield text[start : start + _DELTA_CHARACTERS]
