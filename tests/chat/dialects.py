"""Both chat dialects behind one interface, so that a promise is tested on each."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tests.fault_server import Act, FaultServer, Send, chunk, head
from voicebot.chat.ollama import OllamaChat, open_ollama
from voicebot.chat.openai_compatible import OpenAICompatibleChat, open_openai_compatible
from voicebot.config.models import ChatOllama, ChatOpenAI
from voicebot.errors import ChatError
from voicebot.messages import Message, ToolCall, ToolSpec, Usage

CONTRACTS = Path(__file__).parent.parent / "data" / "contracts"
HELLO = [Message("user", "hello")]

Chat = OllamaChat | OpenAICompatibleChat
Kind = Literal["ollama", "openai"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of server writes a reply."""

    kind: Kind
    path: str
    content_type: str
    end: bytes
    """The event that finishes a reply."""

    def delta(self, text: str) -> bytes:
        """Write one event with text."""
        if self.kind == "ollama":
            return json.dumps({"message": {"content": text}, "done": False}).encode() + b"\n"
        return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"

    @property
    def head(self) -> Send:
        """Write the head of a streamed answer."""
        return head(content_type=self.content_type, transfer_encoding="chunked")

    def chunks(self, *texts: str) -> list[Send]:
        """Write one chunk for each text."""
        return [chunk(self.delta(text)) for text in texts]

    def base_url(self, server: FaultServer) -> str:
        """Name the address as the configuration expects it."""
        return server.url if self.kind == "ollama" else f"{server.url}/v1"

    def reply(self, *texts: str) -> list[Act]:
        """Write a whole reply."""
        return [self.head, *self.chunks(*texts), chunk(self.end), Send(b"0\r\n\r\n")]

    @asynccontextmanager
    async def open(
        self,
        server: FaultServer,
        *,
        model: str = "m",
        first_delta_timeout_seconds: float = 30,
        idle_timeout_seconds: float = 30,
        retries: int = 0,
    ) -> AsyncGenerator[Chat, None]:
        """Open the adapter for `server`."""
        if self.kind == "ollama":
            ollama = ChatOllama(
                kind="ollama",
                base_url=server.url,
                model=model,
                first_delta_timeout_seconds=first_delta_timeout_seconds,
                idle_timeout_seconds=idle_timeout_seconds,
                retries=retries,
            )
            async with open_ollama(ollama) as chat:
                yield chat
        else:
            openai = ChatOpenAI(
                kind="openai",
                base_url=f"{server.url}/v1",
                model=model,
                first_delta_timeout_seconds=first_delta_timeout_seconds,
                idle_timeout_seconds=idle_timeout_seconds,
                retries=retries,
            )
            async with open_openai_compatible(openai) as other:
                yield other


OLLAMA = Dialect("ollama", "/api/chat", "application/x-ndjson", b'{"done":true,"done_reason":"stop"}\n')
OPENAI = Dialect(
    "openai",
    "/v1/chat/completions",
    "text/event-stream",
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
)


CALCULATOR = ToolSpec(
    "calculator", "Works out an expression.", {"type": "object", "properties": {"expr": {"type": "string"}}}
)


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that came of a request."""

    deltas: list[str]
    calls: list[ToolCall]
    usages: list[Usage]
    error: ChatError | None


async def told_by(chat: Chat, *, messages: Sequence[Message] = HELLO, tools: Sequence[ToolSpec] = ()) -> Told:
    """Read a whole reply with all that is not for the ear."""
    told = Told([], [], [], None)
    try:
        async with aclosing(chat.stream_reply(messages, tools=tools)) as reply:
            async for part in reply:
                match part:
                    case str():
                        assert not told.calls, "text comes before the calls"
                        told.deltas.append(part)
                    case ToolCall():
                        told.calls.append(part)
                    case Usage():
                        told.usages.append(part)
                    case _:
                        raise AssertionError(part)
    except ChatError as error:
        return replace(told, error=error)
    assert len(told.usages) == 1, "a finished reply has one account"
    return told


async def reply_of(chat: Chat) -> tuple[list[str], ChatError | None]:
    """Read a whole reply; return its deltas and how it failed."""
    told = await told_by(chat)
    return told.deltas, told.error


async def failure_of(chat: Chat) -> ChatError:
    """Read a reply that fails; return how."""
    deltas, error = await reply_of(chat)
    assert error is not None, f"no failure, but {deltas}"
    return error
