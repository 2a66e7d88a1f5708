"""The messages of a chat request, in the API's form and in ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from voicebot.messages import Message, Role, ToolCall
from voicebot.server.openai.bodies import check_param
from voicebot.server.refusals import Refusal


class ContentPart(BaseModel):
    """A part of what a message says."""

    type: str
    text: str = ""
    refusal: str = ""


class SoundId(BaseModel):
    """Names a reply that was heard."""

    id: Annotated[str, Field(max_length=200)]


class TheirFunction(BaseModel):
    """Which function a model called."""

    name: str = ""
    arguments: str = ""


class TheirCall(BaseModel):
    """A call of a tool."""

    id: str = ""
    function: TheirFunction = TheirFunction()


class TheirMessage(BaseModel):
    """A message as the API has it."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None
    name: str | None = None
    audio: SoundId | None = None
    tool_calls: list[TheirCall] | None = None
    tool_call_id: str | None = None


_ROLES: dict[str, Role] = {"developer": "system", "function": "tool"}


def read_messages(
    messages: Sequence[TheirMessage], *, system_prompt: str, most_characters: int, said: Callable[[str, str], str]
) -> list[Message]:
    """The messages that the chat model is sent: as they are, after `system_prompt` if none of them is a system prompt.

    `said(id, param)` is the text of an earlier reply with sound. Raises Refusal, also for a message of the user that is
    longer than `most_characters`.
    """
    read: list[Message] = []
    for place, message in enumerate(messages):
        param = f"messages.{place}"
        text = _text(message, f"{param}.content")
        if message.audio is not None and not text:
            text = said(message.audio.id, f"{param}.audio.id")
        if message.role == "user":
            check_param(text, most_characters, param=f"{param}.content")
        role = _ROLES.get(message.role) or message.role
        assert role in ("system", "user", "assistant", "tool")
        calls = [ToolCall(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
        read.append(
            Message(
                role,
                text,
                tool_calls=tuple(calls),
                tool_call_id=message.tool_call_id or "",
                tool_name=(message.name or "") if role == "tool" else "",
            )
        )
    if system_prompt and not any(message.role == "system" for message in read):
        read.insert(0, Message("system", system_prompt))
    return [message for message in read if message.content or message.role != "system"]


def _text(message: TheirMessage, param: str) -> str:
    if not isinstance(message.content, list):
        return message.content or ""
    texts: list[str] = []
    for place, part in enumerate(message.content):
        if part.type not in ("text", "refusal"):
            what = f"{param}.{place}: this server takes text only, not {part.type[:20]!r}"
            raise Refusal(400, what, param=f"{param}.{place}")
        texts.append(part.text or part.refusal)
    return "\n".join(texts)
