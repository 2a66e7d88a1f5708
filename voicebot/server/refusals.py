"""Errors of the server for programs and people, in one form for every route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from starlette.responses import JSONResponse

from voicebot.errors import VoicebotError

BODY_HINT = "the body is a JSON object, in UTF-8"
"""Said where all of a body is wrong; a terminal of Windows, say, sends what is typed in another encoding."""
Kind = Literal["invalid_request_error", "authentication_error", "permission_error", "rate_limit_error", "server_error"]


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        hint: str = "",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`param` names the field that is wrong, `code` the fault, for programs."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
        self.param = param
        self.code = code
        self.headers = dict(headers or {})


def upstream_error(message: str, hint: str = "") -> Refusal:
    """What a chat server, a voice or the history has failed at."""
    return Refusal(502, message, hint=hint, code="upstream_error")


def wrong_field(status: int, place: Iterable[object], fault: str) -> Refusal:
    """What is wrong with a request at `place`, a path of steps into its body; an empty one means all of it."""
    param = ".".join(map(str, place)) or None
    return Refusal(status, f"{param or 'body'}: {fault}", hint="" if param else BODY_HINT, param=param)


def check_length(text: str, most_characters: int, *, what: str, param: str, code: str) -> None:
    """Raise Refusal for a text that is too long; `what` it is in the message, `code` is for programs."""
    if len(text) > most_characters:
        message = f"{what} is longer than {most_characters} characters"
        raise Refusal(413, message, hint="server.max_characters", param=param, code=code)


def refuse(refusal: Refusal) -> JSONResponse:
    """The answer to a request that is refused."""
    return JSONResponse(envelope(refusal), refusal.status, refusal.headers)


def answer_to_a_bug() -> JSONResponse:
    """The answer to a request that hits a bug."""
    return refuse(Refusal(500, "something went wrong in the server"))


def envelope(refusal: Refusal) -> dict[str, object]:
    """What it says: in the envelope of the OpenAI API, whose clients read no other."""
    error = {
        "message": refusal.message,
        "type": _kind(refusal.status),
        "param": refusal.param,
        "code": refusal.code,
        **({"hint": refusal.hint} if refusal.hint else {}),
    }
    return {"error": error}


def without_words(error: VoicebotError) -> str:
    """What a log may hold of an error, whose message may quote a server that repeats what it was asked."""
    return f"{type(error).__name__}: {error.hint}" if error.hint else type(error).__name__


def _kind(status: int) -> Kind:
    match status:
        case 401:
            return "authentication_error"
        case 403 | 421:
            return "permission_error"
        case 429:
            return "rate_limit_error"
        case _ if status >= 500:
            return "server_error"
        case _:
            return "invalid_request_error"
