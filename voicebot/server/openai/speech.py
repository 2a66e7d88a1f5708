"""`/v1/audio/speech`: a text as sound, sent clause by clause while it is made."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicebot.events import TurnEnded, TurnWarning
from voicebot.memory.budget import TokenEstimate
from voicebot.messages import Message
from voicebot.server.context import PersonDep, Server, ServerDep
from voicebot.server.openai.bodies import body_of, too_long
from voicebot.server.openai.encoders import ENCODINGS, MEDIA_TYPES, EncoderMissing, Encoding
from voicebot.server.openai.sound import Sound
from voicebot.server.openai.turns import Asked, Part, failed, open_turn
from voicebot.server.openai.voices import VoiceChoice, style_of
from voicebot.server.refusals import Refusal
from voicebot.server.streaming import StreamedResponse
from voicebot.speech import Clip

router = APIRouter()
TOKENS_A_SECOND = 20
"""How the API counts sound."""


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
    if len(asked.input) > server.config.server.max_characters:
        raise too_long("input", server.config.server.max_characters)
    encoding = encoding_of(asked.response_format, param="response_format")
    sound = sound_in(encoding, param="response_format")
    turn = Asked(text=asked.input, style=await style_of(server, asked.voice, speed=asked.speed))
    if asked.stream_format == "sse":
        events = partial(_events, server, person, turn, sound)
        return StreamedResponse(events, media_type="text/event-stream", timing="ttfa")
    file = partial(_file, server, person, turn, sound)
    return StreamedResponse(file, media_type=MEDIA_TYPES[encoding], timing="ttfa")


def encoding_of(name: str, *, param: str) -> Encoding:
    """The encoding that a client calls `name`. Raises Refusal."""
    for encoding in ENCODINGS:
        if encoding == name:
            return encoding
    ours = ", ".join(ENCODINGS)
    raise Refusal(400, f"{param}: this server does not write {name[:20]!r}", hint=f"it writes {ours}", param=param)


def sound_in(encoding: Encoding, *, param: str) -> Sound:
    """What writes a file in `encoding`. Raises Refusal where a package for that is missing."""
    try:
        return Sound(encoding)
    except EncoderMissing as error:
        hint = "pip install 'voicebot-stream[server]', or ask for wav"
        raise Refusal(400, f"{param}: {error}", hint=hint, param=param) from None


def estimated_tokens(text: str) -> int:
    """About how many tokens `text` takes."""
    return TokenEstimate().tokens([Message("user", text)])


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
                raise Refusal(502, message, hint=hint, code="upstream_error")
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
    said, heard = estimated_tokens(turn.text), math.ceil(sound.seconds * TOKENS_A_SECOND)
    usage = {"input_tokens": said, "output_tokens": heard, "total_tokens": said + heard}
    yield event({"type": "speech.audio.done", "usage": usage})


def event(content: dict[str, object]) -> bytes:
    """One event of a stream, as server-sent events are written."""
    return b"data: " + json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
