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
from typing import assert_never

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


@asynccontextmanager
async def open_chat(
    config: ChatConfig, *, notify: Callable[[str], None], speak: bool = True
) -> AsyncIterator[ChatModel]:
    """Open the configured chat model; `notify` is told what `auto` found.

    Without `speak` the replies are read and not heard: JSON in them stays as it is. Raises ChatError and ConfigError.
    """
    async with AsyncExitStack() as stack:
        if isinstance(config, ChatAuto):
            from voicebot.chat.discovery import State, find_server

            choice = await find_server(config)
            # A person who names a server or a model, or has started one, does not expect the demo.
            there = choice.state in (State.BUSY, State.LOADING)
            if choice.config is None and (config.base_url or config.model or there):
                start = "start the server, or set chat.base_url to its address; without one: --chat demo"
                raise ChatUnavailable(
                    choice.why, hint=start if choice.state is State.DOWN else "without it: --chat demo"
                )
            notify(choice.why if choice.config else f"{choice.why}; using the built-in demo")
            config = choice.config or ChatDemo(kind="demo")
        chat = await _open(config, stack)
        if isinstance(config, ChatDemo | ChatPiped):  # nothing in their text is for a program
            yield chat
            return
        from voicebot.chat.answers import answers_only

        field = "" if isinstance(config, ChatPlugin) else config.spoken_field
        if speak and not field and _asks_for_json(config):
            notify("the replies are JSON, of which nothing is spoken: chat.spoken_field can name what is")
        runs_tools = isinstance(config, ChatLangChain)
        yield answers_only(chat, spoken_field=field, for_the_ear=speak, runs_tools=runs_tools)


def _asks_for_json(config: object) -> bool:
    match config:
        case ChatOllama():
            return config.format != ""
        case ChatOpenAI():
            return config.response_format != "text"
    return False


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
