"""`/health` and `/chat`: what a first client of a chat server calls, with nothing to learn first."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse, Response

from voicebot.conversation import Conversation
from voicebot.events import Delta, Event, TurnDropped, TurnEnded
from voicebot.server.context import PersonDep, Server, ServerDep, check_text, running_turn
from voicebot.server.refusals import Refusal, upstream_error, wrong_field
from voicebot.server.streaming import StreamedResponse

router = APIRouter()
_HEALTHY = "🤙"


class ChatRequest(BaseModel):
    """What is asked."""

    text: Annotated[str, Field(min_length=1)]
    stream: bool = True
    conversation: str = ""
    """One of this person's conversations, which goes on; empty: this question stands alone."""


@router.api_route("/health", methods=["GET", "HEAD"])
async def health(server: ServerDep) -> JSONResponse:
    """Whether the server takes new turns."""
    draining = server.admission.draining
    return JSONResponse({"status": "draining" if draining else _HEALTHY}, 503 if draining else 200)


@router.api_route("/chat", methods=["GET", "POST"])
async def chat(request: Request, server: ServerDep, person: PersonDep) -> Response:
    """Answer with the reply as plain text while it is written; or, not streamed, as JSON.

    The text comes from a JSON body only, even with GET: a page cannot send one with a link or an image.
    """
    asked = await _asked(request)
    check_text(server, asked.text)
    if asked.stream and "application/json" not in request.headers.get("accept", ""):
        text = "text/plain; charset=utf-8"
        return StreamedResponse(lambda: _reply(server, person, asked), media_type=text, timing="ttft")
    whole = "application/json; charset=utf-8"
    return StreamedResponse(lambda: _whole(server, person, asked), media_type=whole, timing="reply")


async def _asked(request: Request) -> ChatRequest:
    body = await request.body()
    if request.method == "GET" and not body:
        raise Refusal(400, "there is no JSON body", hint="some proxies drop the body of a GET: use POST", param="text")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "this takes JSON only", hint="send the header Content-Type: application/json")
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise wrong_field(422, first["loc"], first["msg"]) from None


@dataclass(frozen=True, slots=True)
class _Asked:
    conversation: Conversation
    before: list[tuple[str, str]]
    """What was said before: message and what was read of the reply."""
    events: AsyncIterator[Event]
    turn: str


@asynccontextmanager
async def _asking(server: Server, person: str, asked: ChatRequest) -> AsyncIterator[_Asked]:
    """The turn that answers, as it runs; the end of the block is its end."""
    async with AsyncExitStack() as stack:
        before: list[tuple[str, str]] = []
        if asked.conversation:
            opened = await stack.enter_async_context(server.conversations.using(person, asked.conversation))
            conversation, pipeline = opened.conversation, opened.pipeline
            before = [(said.message, said.heard) for said in opened.said]
        else:
            conversation = await stack.enter_async_context(server.conversations.alone())
            pipeline = conversation.pipeline
        # Bounded by the deadline of the reader: what it has not read is never more than one reply.
        subscription = stack.enter_context(conversation.broadcast.subscribe(capacity=math.inf))
        turn = await stack.enter_async_context(
            running_turn(server, person, conversation, asked.text, pipeline=pipeline, barge_in=False)
        )
        yield _Asked(conversation, before, subscription.events, turn)


async def _texts(asking: _Asked) -> AsyncIterator[str]:
    """The deltas of the turn. Raises Refusal for a reply that fails."""
    async for event in asking.events:
        if event.turn != asking.turn:
            continue
        match event:
            case Delta(text=text):
                yield text
            case TurnDropped():
                raise Refusal(409, "the turn was stopped before it began", code="interrupted")
            case TurnEnded(outcome="failed", error=error, hint=hint):
                raise upstream_error(error, hint)
            case TurnEnded():
                return


@asynccontextmanager
async def _reply(server: Server, person: str, asked: ChatRequest) -> AsyncIterator[AsyncIterator[bytes]]:
    async with _asking(server, person, asked) as asking:

        async def encoded() -> AsyncIterator[bytes]:
            async for text in _texts(asking):
                if text:
                    yield text.encode()

        yield encoded()


@asynccontextmanager
async def _whole(server: Server, person: str, asked: ChatRequest) -> AsyncIterator[AsyncIterator[bytes]]:
    async with _asking(server, person, asked) as asking:

        async def encoded() -> AsyncIterator[bytes]:
            output = "".join([text async for text in _texts(asking)])
            history = [
                {"role": role, "content": content}
                for message, reply in [*asking.before, (asked.text, output)]
                for role, content in (("user", message), ("assistant", reply))
            ]
            body = {"input": asked.text, "chat_history": history, "output": output}
            yield json.dumps(body, ensure_ascii=False).encode()

        yield encoded()
