"""`/v1/models`: what clients ask before anything else, some only to know whether anybody is there."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse

router = APIRouter()
MODEL = "voicebot"
"""The model names that clients may use. The configuration says which chat model and voice answer."""
_SPEECH_MODELS = (MODEL, "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names that programs know; any other works too."""
_STARTED = int(time.time())


@router.api_route("/v1/models", methods=["GET", "HEAD"])
async def models() -> JSONResponse:
    """The one model that replies."""
    return JSONResponse({"object": "list", "data": [_model(MODEL)]})


@router.get("/v1/models/{id:path}")
async def model(id: Annotated[str, Path(min_length=1, max_length=200)]) -> JSONResponse:
    """A model of any name, as requests may name any."""
    return JSONResponse(_model(id))


@router.get("/v1/audio/models")
async def speech_models() -> JSONResponse:
    """Names for the model that speaks."""
    return JSONResponse({"models": [{"id": name, "name": name} for name in _SPEECH_MODELS]})


def _model(id: str) -> dict[str, object]:
    return {"id": id, "object": "model", "created": _STARTED, "owned_by": "voicebot"}
