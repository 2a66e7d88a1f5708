"""`/api/login` and `/api/logout`: a page shows a launch token, or a person types the token, and gets a cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicebot.server.context import ServerDep
from voicebot.server.keys import COOKIE_SECONDS, OWNER, PERSON_FORM, is_person
from voicebot.server.refusals import Refusal
from voicebot.server.security import cookie_name

router = APIRouter()
LOGIN_PATH = "/api/login"
"""Open to everybody."""


class Login(BaseModel):
    """What is shown."""

    launch: Annotated[str, Field(max_length=200)] = ""
    """The launch token from the address of the page."""
    token: Annotated[str, Field(max_length=1000)] = ""
    """The server's token."""
    person: Annotated[str, Field(max_length=64)] = ""
    """Who logs in; empty: the person this browser was before, else the owner with a launch token, else somebody new."""


@router.post(LOGIN_PATH, status_code=204)
async def login(shown: Login, request: Request, server: ServerDep) -> Response:
    """Give the browser its cookie."""
    if not shown.launch and not shown.token:
        raise Refusal(422, "launch or token is missing", param="token")
    # the right token always gets in: behind a proxy all have one address, and a guesser would lock the others out
    known = server.keys.use_launch_token(shown.launch) if shown.launch else server.keys.is_token(shown.token)
    if not known:
        server.wrong_tokens.add(request.client.host if request.client else "")
        raise Refusal(
            401,
            "this is not the server's token, or no longer a launch token",
            hint="open the address that voicebot serve prints, or give the token",
            code="invalid_api_key",
        )
    if shown.person and not is_person(shown.person):
        raise Refusal(422, f"person: {PERSON_FORM}", param="person")
    before = request.state.person
    person = shown.person or before or (OWNER if shown.launch else "")
    answer = Response(status_code=204)
    answer.set_cookie(
        cookie_name(_port(request)),
        server.keys.new_cookie(person),
        max_age=COOKIE_SECONDS,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/api/logout", status_code=204)
async def logout(request: Request) -> Response:
    """Remove the cookie."""
    answer = Response(status_code=204)
    answer.delete_cookie(
        cookie_name(_port(request)), path="/", secure=_is_secure(request), httponly=True, samesite="strict"
    )
    return answer


def _port(request: Request) -> int:
    """Ours, which may differ from the one in the address: there may be a proxy."""
    _, port = request.scope.get("server") or ("", 0)
    return port or 0


def _is_secure(request: Request) -> bool:
    """Whether the browser uses TLS, ours or that of a proxy in front of us."""
    return "https" in (request.url.scheme, request.headers.get("origin", "").partition(":")[0])
