"""A chat model made elsewhere, by a factory that is named by its import path or as an installed plugin."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from voicebot.config.models import ChatPlugin
from voicebot.errors import ChatError, VoicebotError
from voicebot.messages import Message, ReplyPart, ToolSpec
from voicebot.plugins.opening import Wanted, open_made
from voicebot.protocols import takes_tools
from voicebot.translation import tr


class PluginChat:
    """The replies of a chat model made elsewhere; what it raises becomes ChatError."""

    def __init__(self, model: Any, factory: str) -> None:  # Any: checked when it was made
        self._model = model
        self._factory = factory

    @property
    def name(self) -> str:
        """What a person calls it."""
        return str(self._model.name)

    def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        """Yield what the model yields."""
        return _translated(lambda: self._model.stream_reply(messages), self._factory)


class PluginToolChat(PluginChat):
    """The replies of a chat model made elsewhere that can ask for tools."""

    def stream_reply(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        """Yield what the model yields."""
        return _translated(lambda: self._model.stream_reply(messages, tools=tools), self._factory)


async def _translated(
    ask: Callable[[], AsyncGenerator[ReplyPart, None]], factory: str
) -> AsyncGenerator[ReplyPart, None]:
    try:
        async with aclosing(ask()) as reply:
            async for part in reply:
                yield part
    except VoicebotError:
        raise
    except Exception as error:
        raise _wanted_chat().failed(factory, error) from error


@asynccontextmanager
async def open_plugin(config: ChatPlugin) -> AsyncGenerator[PluginChat | PluginToolChat, None]:
    """Open the chat model that `config.factory` makes of `config.options`.

    The factory returns a chat model (see `voicebot.protocols`), or an async context manager that yields one. Raises
    ConfigError when there is no such factory, and ChatError for what it raises.
    """
    async with open_made(_wanted_chat(), config.factory, config.options) as model:
        yield PluginToolChat(model, config.factory) if takes_tools(model) else PluginChat(model, config.factory)


def _wanted_chat() -> Wanted:
    return Wanted("chat", "chat.factory", tr("a chat model"), ("name", "stream_reply"), ChatError)
