"""The replies that a chat request asks for, each written and said by a turn of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from voicebot.errors import without_groups
from voicebot.events import ChatUsage, Delta, TurnEnded, UtteranceReady
from voicebot.server.context import Server
from voicebot.server.openai.sound import Sound
from voicebot.server.openai.turns import Asked, Part, failed, open_turn
from voicebot.server.refusals import Refusal
from voicebot.speech import Clip


@dataclass(frozen=True, slots=True)
class Written:
    """What follows in the text: the whole of it is what the chat model wrote."""

    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows in the sound: the text that it says came before it."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a reply."""

    reason: str
    prompt_tokens: int | None
    """What the chat server counted; None where it does not tell, as below."""
    reply_tokens: int | None
    seconds: float
    """How long it sounds."""


Piece = Written | Heard | Finished


@asynccontextmanager
async def open_choices(
    server: Server, person: str, asked: Sequence[Asked]
) -> AsyncIterator[AsyncGenerator[tuple[int, Piece], None]]:
    """Let each of the turns run as soon as there is a place for it; the end of the block is their end.

    Yields what comes of them, each piece with the number of its turn. What fails, fails the request: reading raises
    Refusal.
    """
    # Nothing is buffered: the reader sets the pace of all.
    pieces_in, pieces_out = anyio.create_memory_object_stream[tuple[int, Piece | Refusal]](0)

    async def choose(index: int, turn: Asked, to: MemoryObjectSendStream[tuple[int, Piece | Refusal]]) -> None:
        with to:
            try:
                with without_groups():
                    async with open_turn(server, person, turn) as parts:
                        sound = Sound("pcm") if turn.style is not None else None
                        async with aclosing(_pieces(parts, sound)) as pieces:
                            async for piece in pieces:
                                await to.send((index, piece))
            except Refusal as refusal:
                await to.send((index, refusal))

    async def read() -> AsyncGenerator[tuple[int, Piece], None]:
        async for index, piece in pieces_out:
            if isinstance(piece, Refusal):
                raise piece
            yield index, piece

    with pieces_out:
        async with anyio.create_task_group() as tasks, aclosing(read()) as reading:
            with pieces_in:
                for index, turn in enumerate(asked):
                    tasks.start_soon(choose, index, turn, pieces_in.clone())
            yield reading
            tasks.cancel_scope.cancel()


async def _pieces(parts: AsyncGenerator[Part, None], sound: Sound | None) -> AsyncGenerator[Piece, None]:
    """What comes of one turn: without `sound` its text as it is written, else each clause before its sound."""
    clauses: list[UtteranceReady] = []
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    reason = ""
    async for part in parts:
        match part:
            case Delta(text=text) if sound is None and text:
                yield Written(text)
            case UtteranceReady() if sound is not None:
                clauses.append(part)
            case Clip() if sound is not None:
                said = [clause for clause in clauses if clause.index <= part.utterance.index]
                del clauses[: len(said)]
                if said:
                    yield Written("".join([clause.text for clause in said]))
                async with aclosing(sound.feed(part)) as ready:
                    async for pcm in ready:
                        yield Heard(pcm)
            case ChatUsage():
                prompt_tokens = _more(prompt_tokens, part.prompt_tokens)
                reply_tokens = _more(reply_tokens, part.reply_tokens)
                reason = part.finish_reason
            case TurnEnded(outcome="failed"):
                raise failed(part)
            case _:
                pass
    if clauses:
        yield Written("".join([clause.text for clause in clauses]))
    finish = reason if reason in ("length", "content_filter") else "stop"
    yield Finished(finish, prompt_tokens, reply_tokens, sound.seconds if sound is not None else 0.0)


def _more(so_far: int | None, more: int | None) -> int | None:
    return so_far if more is None else (so_far or 0) + more
