"""Chat models: one file a backend, what the HTTP dialects share in `wire/`, and the one place that chooses.

The way of a delta to the turn:

    http/    bytes → lines or events, which know nothing of chat
    chat/    lines or events → the text of the reply without its reasoning, tool calls, counts; then, in `answers`,
             without what else is not for the listener: calls, other JSON and thoughts written as text
    tools/   where tools are on: the calls are run
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, assert_never

from voicebot.config.models import (
    ChatAuto,
    ChatConfig,
    ChatDemo,
    ChatLangChain,
    ChatOllama,
    ChatOpenAI,
    ChatPiped,
    ChatPlugin,
)
from voicebot.errors import ChatUnavailable
from voicebot.protocols import ChatModel
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.chat.discovery import Choice


@asynccontextmanager
async def open_chat(
    config: ChatConfig, *, notify: Callable[[str], None], speak: bool = True
) -> AsyncIterator[ChatModel]:
    """Open the configured chat model; `notify` is told what `auto` found.

    Without `speak` the replies are read and not heard: JSON in them stays as it is. Raises ChatError and ConfigError.
    """
    async with AsyncExitStack() as stack:
        if isinstance(config, ChatAuto):
            from voicebot.chat.discovery import find_server

            choice = await find_server(config)
            found = server_or_demo(config, choice)
            notify(choice.why if choice.config else tr("{why}; using the built-in demo", why=choice.why))
            config = found
        chat = await _open(config, stack)
        if isinstance(config, ChatDemo | ChatPiped):  # nothing in their text is for a program
            yield chat
            return
        from voicebot.chat.answers import answers_only

        field = "" if isinstance(config, ChatPlugin) else config.spoken_field
        if speak and not field and _asks_for_json(config):
            notify(tr("the replies are JSON, of which nothing is spoken: chat.spoken_field can name what is"))
        runs_tools = isinstance(config, ChatLangChain)
        yield answers_only(chat, spoken_field=field, for_the_ear=speak, runs_tools=runs_tools)


def _asks_for_json(config: object) -> bool:
    match config:
        case ChatOllama():
            return config.format != ""
        case ChatOpenAI():
            return config.response_format != "text"
    return False


def server_or_demo(config: ChatAuto, choice: Choice) -> ChatOllama | ChatOpenAI | ChatDemo:
    """What `auto` uses after the search: the demo only where nobody expects a server. Raises ChatUnavailable."""
    from voicebot.chat.probe_results import State

    if choice.config is not None:
        return choice.config
    # A person who names a server or a model, or has started one, does not expect the demo.
    if config.base_url or config.model or choice.state in (State.BUSY, State.LOADING):
        start = tr("start the server, or set chat.base_url to its address; without one: --chat demo")
        raise ChatUnavailable(choice.why, hint=start if choice.state is State.DOWN else tr("without it: --chat demo"))
    return ChatDemo(kind="demo")


async def _open(
    config: ChatOllama | ChatOpenAI | ChatDemo | ChatLangChain | ChatPlugin | ChatPiped, stack: AsyncExitStack
) -> ChatModel:
    match config:
        case ChatOllama():
            from voicebot.chat.ollama import open_ollama

            return await stack.enter_async_context(open_ollama(config))
        case ChatOpenAI():
            from voicebot.chat.openai_compatible import open_openai_compatible

            return await stack.enter_async_context(open_openai_compatible(config))
        case ChatDemo():
            from voicebot.chat.demo import DemoChat

            return DemoChat(deltas_per_second=config.deltas_per_second)
        case ChatLangChain():
            from voicebot.chat.langchain_runnable import open_runnable

            return await stack.enter_async_context(open_runnable(config))
        case ChatPlugin():
            from voicebot.chat.plugin import open_plugin

            return await stack.enter_async_context(open_plugin(config))
        case ChatPiped():
            from voicebot.chat.piped import PipedChat

            return PipedChat()
        case _:
            assert_never(config)
