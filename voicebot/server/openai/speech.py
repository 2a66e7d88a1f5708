"""`/v1/audio/speech`: a text as sound, sent clause by clause while it is made."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicebot.events import TurnEnded, TurnWarning
from voicebot.server.context import PersonDep, Server, ServerDep
from voicebot.server.openai.bodies import body_of, check_param, event
from voicebot.server.openai.encoders import MEDIA_TYPES
from voicebot.server.openai.sound import Sound, encoding_of, sound_in
from voicebot.server.openai.tokens import sound_tokens, text_tokens
from voicebot.server.openai.turns import Asked, Part, failed, open_turn
from voicebot.server.openai.voices import VoiceChoice, style_of
from voicebot.server.refusals import Refusal, upstream_error
from voicebot.server.streaming import StreamedResponse
from voicebot.speech import Clip

router = APIRouter()


class SpeechRequest(BaseModel):
    """What is to be said, and how. Any name of a model will do, and `instructions` are not taken."""

    input: Annotated[str, Field(min_length=1)]
    voice: VoiceChoice = None
    response_format: str = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"


@router.post("/v1/audio/speech")
async def speech(request: Request, server: ServerDep, person: PersonDep) -> Response:
    """Say `input` as it stands."""
    asked = await body_of(request, SpeechRequest)
    check_param(asked.input, server.config.server.max_characters, param="input")
    encoding = encoding_of(asked.response_format, param="response_format")
    sound = await sound_in(encoding, param="response_format")
    turn = Asked(text=asked.input, style=await style_of(server, asked.voice, speed=asked.speed))
    if asked.stream_format == "sse":
        events = partial(_events, server, person, turn, sound)
        return StreamedResponse(events, media_type="text/event-stream", timing="ttfa")
    file = partial(_file, server, person, turn, sound)
    return StreamedResponse(file, media_type=MEDIA_TYPES[encoding], timing="ttfa")


@asynccontextmanager
async def _file(server: Server, person: str, turn: Asked, sound: Sound) -> AsyncIterator[AsyncIterator[bytes]]:
    async with open_turn(server, person, turn) as parts, aclosing(_sound(parts, sound)) as file:
        yield file


@asynccontextmanager
async def _events(server: Server, person: str, turn: Asked, sound: Sound) -> AsyncIterator[AsyncIterator[bytes]]:
    async with open_turn(server, person, turn) as parts, aclosing(_sound(parts, sound)) as file:
        yield _described(file, turn, sound)


async def _sound(parts: AsyncGenerator[Part, None], sound: Sound) -> AsyncGenerator[bytes, None]:
    """The file. What cannot be said ends it: it would be a text with a hole. Raises Refusal."""
    async for part in parts:
        match part:
            case Clip():
                async with aclosing(sound.feed(part)) as ready:
                    async for data in ready:
                        yield data
            case TurnWarning(message=message, hint=hint):
                raise upstream_error(message, hint)
            case TurnEnded(outcome="failed"):
                raise failed(part)
            case _:
                pass
    if rest := await sound.flush():
        yield rest


async def _described(file: AsyncIterator[bytes], turn: Asked, sound: Sound) -> AsyncIterator[bytes]:
    begun = False
    try:
        async for data in file:
            begun = True
            yield event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
    except Refusal as refusal:
        if begun:
            error = {"message": refusal.message, "code": refusal.code}
            yield event({"type": "speech.audio.error", "error": error})
        raise
    said, heard = text_tokens(turn.text), sound_tokens(sound.seconds)
    usage = {"input_tokens": said, "output_tokens": heard, "total_tokens": said + heard}
    yield event({"type": "speech.audio.done", "usage": usage})
