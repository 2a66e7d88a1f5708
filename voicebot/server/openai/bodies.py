"""What clients send and are sent, in the API's forms.

A wrong field is named in the error, unknown fields are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from voicebot.server.refusals import check_length, wrong_field

B = TypeVar("B", bound=BaseModel)


async def body_of(request: Request, kind: type[B]) -> B:
    """The body of `request`. Raises Refusal."""
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        first = _nearest(error.errors(include_url=False, include_input=False))
        place = [part for part in first["loc"] if _is_field(part)]
        raise wrong_field(400, place, first["msg"]) from None


def _nearest(errors: list[ErrorDetails]) -> ErrorDetails:
    """Of the errors of the first wrong field, that of the form which was meant, where it may have several."""
    of_the_field = [error for error in errors if error["loc"][:1] == errors[0]["loc"][:1]]
    return next((error for error in of_the_field if not error["type"].endswith("_type")), errors[0])


def _is_field(part: str | int) -> bool:
    """Whether a step of pydantic's path is in the request itself, and not one of the types that were tried."""
    return isinstance(part, int) or (re.fullmatch("[a-z_]+", part) is not None and part != "str")


def check_param(text: str, most_characters: int, *, param: str) -> None:
    """Raise Refusal for a text that is too long, in the API's form."""
    check_length(text, most_characters, what=param, param=param, code="string_above_max_length")


def json_bytes(content: Mapping[str, object]) -> bytes:
    """An answer, or a part of it."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def event(content: Mapping[str, object]) -> bytes:
    """One event of a stream, as server-sent events are written."""
    return b"data: " + json_bytes(content) + b"\n\n"
