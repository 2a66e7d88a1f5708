"""A chat model made elsewhere, named by its import path."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.chat.dialects import CALCULATOR, HELLO
from voicebot.chat import open_chat
from voicebot.chat.plugin import PluginToolChat, open_plugin
from voicebot.config.models import ChatPlugin
from voicebot.errors import ChatError, ConfigError, VoicebotError
from voicebot.messages import Message, ReplyPart, ToolSpec
from voicebot.protocols import takes_tools

pytestmark = pytest.mark.anyio

HERE = __name__


class Parrot:
    """Says what it was asked, and what it was made with."""

    def __init__(self, *, suffix: str = "", error: Exception | None = None) -> None:
        self.name = "parrot"
        self.suffix = suffix
        self.error = error

    async def stream_reply(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        yield messages[-1].content
        if self.error:
            raise self.error
        yield self.suffix + "".join(tool.name for tool in tools)


class Simple:
    """Has never heard of tools."""

    name = "simple"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        yield messages[-1].content


@asynccontextmanager
async def open_parrot(suffix: str = "!") -> AsyncIterator[Parrot]:
    yield Parrot(suffix=suffix)


def broken() -> Parrot:
    raise RuntimeError("no feathers")


def not_a_model() -> int:
    return 3


def plugin(attribute: str, **options: object) -> ChatPlugin:
    return ChatPlugin(kind="plugin", factory=f"{HERE}:{attribute}", options=options)


async def test_a_class_or_a_function_makes_the_model_with_its_options() -> None:
    async with open_plugin(plugin("Parrot", suffix="。")) as chat:
        assert chat.name == "parrot"
        assert [part async for part in chat.stream_reply(HELLO)] == ["hello", "。"]
        assert isinstance(chat, PluginToolChat)
        assert [part async for part in chat.stream_reply(HELLO, tools=[CALCULATOR])] == ["hello", "。calculator"]
    async with open_plugin(plugin("open_parrot")) as chat:
        assert [part async for part in chat.stream_reply(HELLO)] == ["hello", "!"]
    async with open_chat(plugin("Simple"), notify=lambda _: None) as simple:
        assert not takes_tools(simple)
        assert [part async for part in simple.stream_reply(HELLO)] == ["hello"]


@pytest.mark.parametrize(
    ("factory", "kind", "words"),
    [
        ("", ConfigError, "chat.factory is empty"),
        ("no.such.module:x", ConfigError, "cannot import no.such.module:x: No module named 'no'"),
        (f"{HERE}:nobody", ConfigError, "has no attribute 'nobody'"),
        (f"{HERE}:HERE", ConfigError, "cannot be called"),
        (f"{HERE}:not_a_model", ConfigError, "returned int, which is not a chat model"),
        (f"{HERE}:broken", ChatError, "RuntimeError: no feathers"),
    ],
)
async def test_a_factory_that_makes_no_model_is_named(factory: str, kind: type[VoicebotError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        async with open_plugin(ChatPlugin(kind="plugin", factory=factory)):
            pass
    assert caught.value.hint


async def test_options_that_it_does_not_take_are_told() -> None:
    with pytest.raises(ChatError, match="colour"):
        async with open_plugin(plugin("Parrot", colour="green")):
            pass


@pytest.mark.parametrize(
    ("error", "words"), [(KeyError("x"), "KeyError: 'x'"), (ChatError("out of cake"), "^out of cake$")]
)
async def test_a_model_that_fails_is_a_chat_error_after_its_deltas(error: Exception, words: str) -> None:
    async with open_plugin(plugin("Parrot", error=error)) as chat:
        reply = chat.stream_reply(HELLO)
        assert await anext(reply) == "hello"
        with pytest.raises(ChatError, match=words):
            await anext(reply)
