"""The frames of a live connection: JSON as text, audio as bytes behind a small header. No transport in here."""

from __future__ import annotations

import json
import struct
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from voicebot.audio.remote import AudioBegin, AudioBlock, AudioEnd, Flush, Pause, RemoteMessage, Resume
from voicebot.server.refusals import Refusal
from voicebot.speech import Clip

PROTOCOL = "voicebot.v1"
"""The subprotocol by which a client says that it knows these frames."""
_HEADER = struct.Struct("<BBHII")  # version, kind, flags, utterance, first frame
_VERSION = 1
_PCM_S16LE = 1
_Count = Annotated[int, Field(ge=0, le=2**32 - 1)]
_Text = Annotated[str, Field(min_length=1)]


# ---------------------------------------------------------------- from the client


class Ask(BaseModel):
    """Speak the reply to a message."""

    type: Literal["ask"]
    text: _Text
    barge_in: bool = True
    """End the turn that is being spoken; else wait for its end."""


class Say(BaseModel):
    """Say a text as it stands."""

    type: Literal["say"]
    text: _Text
    barge_in: bool = True


class Interrupt(BaseModel):
    """End the turn that is being spoken."""

    type: Literal["interrupt"]


class Played(BaseModel):
    """The first `frame` frames of an utterance have been heard."""

    type: Literal["played"]
    utterance: _Count
    frame: _Count


class Buffer(BaseModel):
    """How much sound is waiting at the client; the server relies on `played` instead."""

    type: Literal["buffer"]
    ms: Annotated[float, Field(ge=0)]


class HoldSound(BaseModel):
    """Hold the sound."""

    type: Literal["pause"]


class GoOn(BaseModel):
    """Go on with the next frame."""

    type: Literal["resume"]


class ChooseVoice(BaseModel):
    """How the next turns are said; an empty voice is the configured one."""

    type: Literal["voice"]
    voice: Annotated[str, Field(max_length=500)] = ""
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0


class Listen(BaseModel):
    """Whether the next turns are heard here, or only read."""

    type: Literal["listen"]
    audio: bool


class Ping(BaseModel):
    """Ask for a pong."""

    type: Literal["ping"]


ClientMessage = Ask | Say | Interrupt | Played | Buffer | HoldSound | GoOn | ChooseVoice | Listen | Ping
_CLIENT_MESSAGES: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


def parse(frame: str) -> ClientMessage:
    """What a client says. Raises Refusal."""
    try:
        return _CLIENT_MESSAGES.validate_json(frame)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        param = ".".join(map(str, first["loc"][1:])) or None
        fault = first["msg"] if first["loc"] else "this is not a message of the protocol"
        raise Refusal(400, f"{param}: {fault}" if param else fault, code="bad_message", param=param) from None


# ---------------------------------------------------------------- to the client


def audio_frame(message: RemoteMessage, *, turn: str, shown_start: int = 0) -> str | bytes:
    """One message of an audio output. Its clips are of `turn`; `shown_start`: see `timeline`."""
    match message:
        case AudioBegin(number, clip):
            format = clip.format
            return text_frame(
                "audio_begin",
                utterance=number,
                turn=turn,
                index=clip.utterance.index,
                rate=format.sample_rate,
                channels=format.channels,
                format="s16le",
                shown=clip.utterance.shown,
                spoken=clip.utterance.spoken,
                frames=clip.frames,
                timeline=timeline(clip, shown_start),
            )
        case AudioBlock(number, first_frame, pcm):
            return _HEADER.pack(_VERSION, _PCM_S16LE, 0, number, first_frame) + pcm
        case AudioEnd(number, frames):
            return text_frame("audio_end", utterance=number, frames=frames)
        case Flush(number):
            return text_frame("flush", utterance=number)
        case Pause():
            return text_frame("pause")
        case Resume():
            return text_frame("resume")
        case _:
            assert_never(message)


def timeline(clip: Clip, shown_start: int = 0) -> list[tuple[int, int, float]] | None:
    """From which to which character of `shown` something is said, and when, in seconds since the clip began.

    None where the engine does not say. `shown_start` is where the clip begins, if not with its utterance.
    """
    if not clip.timings:
        return None
    told, start = [], shown_start
    for timing in clip.timings:
        end = max(start, clip.utterance.shown_end(timing.spoken_end))
        told.append((start, end, round(timing.start_seconds, 4)))
        start = end
    return told


def refused(refusal: Refusal) -> str:
    """What is not done."""
    return text_frame(
        "error", code=refusal.code or "invalid_request", message=refusal.message, hint=refusal.hint or None
    )


def text_frame(type: str, /, **fields: object) -> str:
    """Anything else."""
    return json.dumps({"type": type, **fields}, ensure_ascii=False, separators=(",", ":"))
