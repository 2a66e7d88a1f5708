"""A chat model made elsewhere, by a factory that is named by its import path."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

from anyio import to_thread

from voicebot.config.models import ChatPlugin
from voicebot.errors import ChatError, ConfigError, VoicebotError
from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.messages import Message, ReplyPart, ToolSpec
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
        raise _failed(factory, error) from error


@asynccontextmanager
async def open_plugin(config: ChatPlugin) -> AsyncGenerator[PluginChat | PluginToolChat, None]:
    """Open the chat model that `config.factory` makes of `config.options`.

    The factory returns a chat model (see `voicebot.protocols`), or an async context manager that yields one. Raises
    ConfigError when there is no such factory, and ChatError for what it raises.
    """
    factory = await to_thread.run_sync(_find_factory, config.factory)
    async with AsyncExitStack() as stack:
        try:
            model = factory(**config.options)
            if isinstance(model, AbstractAsyncContextManager):
                model = await stack.enter_async_context(model)
        except VoicebotError:
            raise
        except Exception as error:
            raise _failed(config.factory, error) from error
        if not (hasattr(model, "name") and callable(getattr(model, "stream_reply", None))):
            raise ConfigError(
                tr(
                    "chat.factory: {factory} returned {kind}, which is not a chat model",
                    factory=config.factory,
                    kind=type(model).__name__,
                ),
                hint=tr("a chat model has a name and stream_reply(messages), see voicebot/protocols.py"),
            )
        yield PluginToolChat(model, config.factory) if takes_tools(model) else PluginChat(model, config.factory)


def _find_factory(path: str) -> Any:  # Any: somebody else's function
    if not path:
        raise ConfigError(
            tr("chat.factory is empty"), hint=tr('name what makes the chat model: "package.module:attribute"')
        )
    try:
        factory = import_by_path(path)
    except ImportPathError as error:
        raise ConfigError(f"chat.factory: {error}", hint=error.hint) from error
    if not callable(factory):
        raise ConfigError(tr("chat.factory: {path} cannot be called", path=path), hint=tr("name a function or a class"))
    return factory


def _failed(factory: str, error: Exception) -> ChatError:
    return ChatError(
        tr(
            "the chat model of {factory} failed: {kind}: {error}",
            factory=factory,
            kind=type(error).__name__,
            error=error,
        ),
        hint=tr("--debug shows where it happened"),
    )
