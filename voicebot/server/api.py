"""`/api/me`, `/api/voices` and `/api/conversations`: what a page asks for when it opens, as JSON."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from starlette.responses import JSONResponse, Response

from voicebot import __version__
from voicebot.server.context import PersonDep, ServerDep
from voicebot.server.one_conversation import flat

router = APIRouter(prefix="/api")
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class NewConversation(BaseModel):
    """How a conversation begins."""

    title: Title = ""


class Renamed(BaseModel):
    """What a conversation is called."""

    title: Title


@router.get("/me")
async def me(server: ServerDep, person: PersonDep) -> JSONResponse:
    """Who somebody is here, and what they can expect."""
    voice, limits = server.engines.synthesizer, server.config.server
    return JSONResponse(
        {
            "person": person,
            "voice": None if voice is None else {"name": voice.name, "credit": voice.credit},
            "chat": server.engines.chat.name,
            "languages": [] if voice is None else list(voice.capabilities.languages),
            "limits": {
                "characters": limits.max_characters,
                "turns": limits.max_turns_of_a_person,
            },
            "version": __version__,
        }
    )


@router.get("/voices")
async def voices(server: ServerDep) -> JSONResponse:
    """The voices that somebody may choose."""
    return JSONResponse({"voices": [dataclasses.asdict(voice) for voice in await server.voices.listed()]})


@router.get("/conversations")
async def listed(server: ServerDep, person: PersonDep) -> JSONResponse:
    """The conversations of a person, the latest first."""
    found = await server.conversations.listed(person)
    return JSONResponse({"conversations": [flat(one) for one in found]})


@router.post("/conversations")
async def create(new: NewConversation, server: ServerDep, person: PersonDep) -> JSONResponse:
    """Begin one."""
    created = await server.conversations.create(person, new.title)
    return JSONResponse(flat(created), 201, {"location": f"/api/conversations/{created.id}"})


@router.get("/conversations/{id}")
async def history(id: str, server: ServerDep, person: PersonDep) -> JSONResponse:
    """One of them, and what was said in it."""
    async with server.conversations.using(person, id) as opened:
        said = [flat(said) for said in opened.said]
        return JSONResponse({**flat(opened.listed()), "said": said})


@router.patch("/conversations/{id}")
async def rename(id: str, renamed: Renamed, server: ServerDep, person: PersonDep) -> JSONResponse:
    """Call it something else."""
    return JSONResponse(flat(await server.conversations.rename(person, id, renamed.title)))


@router.delete("/conversations/{id}", status_code=204)
async def delete(id: str, server: ServerDep, person: PersonDep) -> Response:
    """Forget it."""
    await server.conversations.delete(person, id)
    return Response(status_code=204)


@router.post("/conversations/{id}/interrupt")
async def interrupt(id: str, server: ServerDep, person: PersonDep) -> JSONResponse:
    """End the turn that is being spoken."""
    async with server.conversations.using(person, id) as opened:
        return JSONResponse({"interrupted": opened.conversation.interrupt()})
