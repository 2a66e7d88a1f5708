"""The nouns of a conversation: what is said to the chat model, and what its reply is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The chat model asks for a tool."""

    id: str
    """Names the call; its result carries the same."""
    name: str
    arguments: str
    """A JSON object, as the model wrote it: it may be broken."""


@dataclass(frozen=True, slots=True)
class ReplyData:
    """The rest of a reply that is one JSON object, of which one field is spoken."""

    content: str
    """A JSON object."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a chat model is told of a tool."""

    name: str
    description: str
    parameters: Mapping[str, Any]  # Any: a JSON schema
    """JSON schema of the arguments, an object."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the server says of one request; None where it does not."""

    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    load_seconds: float | None = None
    """To load the model."""
    prompt_seconds: float | None = None
    """To read the prompt."""
    reply_seconds: float | None = None
    """To write the reply."""
    finish_reason: str = ""
    """Why it ended, in the server's word: stop, length, tool_calls …"""


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """How one reply is to be written where that differs from the configuration; None: as configured."""

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    response_format: Mapping[str, Any] | None = None  # Any: it holds a JSON schema
    """The form of the reply as OpenAI's API has it: `type` is text, json_object or json_schema."""
    for_the_ear: bool = True
    """Whether it is heard: what is read may have what no voice says, such as JSON."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation as the chat model sees it."""

    role: Role
    content: str
    interrupted: bool = False
    """True for a reply of which only `content` was heard. A field and not "..." in the text: models copy that."""
    skipped: str = ""
    """Of a reply: what of it was shown and could not be made audible."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Of an assistant's message: the tools it asks for."""
    tool_call_id: str = ""
    """Of a tool's message: the call whose result `content` is."""
    tool_name: str = ""
    """Of a tool's message: its name."""


ReplyPart = str | ToolCall | ReplyData | Usage | Message
"""What a chat model's reply is made of: a delta for the ear, a tool call, data, the server's account, or a message of a
tool loop (an assistant's with its calls, a tool's with its result) that belongs to the conversation and is never
spoken."""
