"""What may come in at the control socket, checked at the door."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from voicebot.floor import Priority

Text = Annotated[str, StringConstraints(min_length=1)]
Source = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""Who asks; empty: the person at this machine."""
Wait = Literal["queued", "started", "finished"]
"""When the answer comes: the caller that waits for more than its place is stopped when it goes."""


class _Request(BaseModel):
    """One line; unknown fields are errors, so that a slip does not go unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int | str | None = None
    """Comes back in the answer."""


class Say(_Request):
    """Say a text as it stands; with `more` only its beginning is here, and the rest comes as `More`."""

    command: Literal["say"]
    text: str
    priority: Priority = Priority.MESSAGE
    source: Source = ""
    wait: Wait = "queued"
    more: bool = False
    voice: Annotated[str, StringConstraints(max_length=200)] = ""
    """One of the engine's voices, by any name that the configuration takes; empty: the configured one."""
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    """Times the configured speed."""

    @model_validator(mode="after")
    def has_text(self) -> Self:
        """Only what goes on may begin with nothing."""
        if not (self.text.strip() or self.more):
            raise ValueError("the text is empty")
        return self


class More(_Request):
    """The next piece of a text; it is not answered."""

    command: Literal["more"]
    text: str = ""
    end: bool = False
    """This was the last."""


class Ask(_Request):
    """Speak the reply to a question."""

    command: Literal["ask"]
    text: Text
    priority: Priority = Priority.MESSAGE
    source: Source = ""
    wait: Wait = "queued"
    follow: bool = False
    """Send its events before the answer."""


class Stop(_Request):
    """Stop what this source asked for (without a name: and what is being spoken), all, or one by its id."""

    command: Literal["stop"]
    scope: str = "self"
    source: Source = ""


class Plain(_Request):
    """What needs nothing but its name."""

    command: Literal["skip", "pause", "resume", "status", "voices", "history", "reload", "subscribe", "shutdown"]


class Repeat(_Request):
    """Say once more what was heard last."""

    command: Literal["repeat"]
    source: Source = ""
    wait: Wait = "queued"


Request = Annotated[Say | More | Ask | Stop | Repeat | Plain, Field(discriminator="command")]
_REQUEST: TypeAdapter[Say | More | Ask | Stop | Repeat | Plain] = TypeAdapter(Request)


class BadRequest(Exception):
    """A line that is not a request; `id` is the one it gives, as far as it can be read."""

    def __init__(self, message: str, id: int | str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.id = id


def read_request(line: bytes) -> Say | More | Ask | Stop | Repeat | Plain:
    """The request in one line. Raises BadRequest."""
    try:
        return _REQUEST.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"][1:]))
        raise BadRequest(f"{place}: {first['msg']}" if place else first["msg"], _id_of(line)) from None


def _id_of(line: bytes) -> int | str | None:
    from voicebot.daemon.wire import from_line

    try:
        given = from_line(line).get("id")
    except ValueError:
        return None
    return given if isinstance(given, int | str) else None
