"""How clients choose a voice: by the names of OpenAI's own, those of the configuration, or those of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from voicebot.server.context import Server, ServerDep
from voicebot.server.refusals import Refusal
from voicebot.server.voices import Voice
from voicebot.speech import Style

router = APIRouter()
THEIRS = frozenset(
    ("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse")
)
"""What clients made for OpenAI's server send."""
_OURS = "default"
"""The configured voice."""
_Name = Annotated[str, Field(max_length=200)]


class VoiceId(BaseModel):
    """A voice by its id."""

    id: _Name


VoiceChoice = _Name | VoiceId | None
"""A name or an id, which are the same here; None is the configured voice."""


async def style_of(server: Server, voice: VoiceChoice, *, speed: float = 1.0, param: str = "voice") -> Style:
    """The style for the `voice` and speed that a client asks for. Raises Refusal for a voice that it may not choose."""
    name = voice.id if isinstance(voice, VoiceId) else voice or ""
    chosen = server.config.server.openai_voices.get(name)
    if chosen is not None:
        return Style(chosen, speed)
    if name in THEIRS or name in ("", _OURS):
        return Style(speed=speed)
    if await server.voices.knows(name):
        return Style(name, speed)
    hint = "GET /v1/audio/voices lists them"
    raise Refusal(400, f"{param}: there is no such voice", hint=hint, param=param, code="voice_not_found")


@router.get("/v1/audio/voices")
async def voices(server: ServerDep) -> JSONResponse:
    """The voices that a client may choose: the configured one, those with a name of their own, all of the engine."""
    usual = server.engines.synthesizer
    if usual is None:
        return JSONResponse({"voices": []})
    found = [Voice(_OURS, usual.name, _language(usual.capabilities.languages))]
    found += [Voice(name, f"{name} ({id})", "") for name, id in server.config.server.openai_voices.items()]
    found += await server.voices.listed()
    return JSONResponse({"voices": [asdict(voice) for voice in found]})


def _language(languages: Sequence[str]) -> str:
    return languages[0] if len(languages) == 1 else ""
