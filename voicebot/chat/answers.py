"""Chat models of whose replies only what is for the listener is text: no calls, no other JSON, no thoughts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import overload

from voicebot.errors import ChatError
from voicebot.messages import Message, ReplyData, ReplyOptions, ReplyPart, ToolCall, ToolSpec
from voicebot.protocols import ChatModel, ConversationalChatModel, ToolChatModel, adjusted, takes_tools
from voicebot.text.agent_scaffolding import AgentFilter
from voicebot.text.written_values import Part
from voicebot.translation import tr


@overload
def answers_only(
    chat: ToolChatModel, *, spoken_field: str = "", for_the_ear: bool = True, runs_tools: bool = False
) -> ToolAnswersOnly: ...


@overload
def answers_only(
    chat: ChatModel, *, spoken_field: str = "", for_the_ear: bool = True, runs_tools: bool = False
) -> AnswersOnly: ...


def answers_only(
    chat: ChatModel, *, spoken_field: str = "", for_the_ear: bool = True, runs_tools: bool = False
) -> AnswersOnly:
    """Return `chat` with an `AgentFilter` behind it, which has the first two options.

    One that `runs_tools` itself has run the calls that it writes into its text: they are nobody else's business. Lines
    such as "Thought: …" are hidden where tools are in play; in any other reply "Action: …" may be what was asked for.
    """
    kind = ToolAnswersOnly if takes_tools(chat) else AnswersOnly
    return kind(chat, spoken_field=spoken_field, for_the_ear=for_the_ear, runs_tools=runs_tools)


class AnswersOnly:
    """A chat model with a filter behind it; text that needs none is passed on unchanged."""

    def __init__(self, chat: ChatModel, *, spoken_field: str, for_the_ear: bool, runs_tools: bool) -> None:
        self._chat = chat
        self._spoken_field = spoken_field
        self._for_the_ear = for_the_ear
        self._runs_tools = runs_tools

    @property
    def name(self) -> str:
        """What a person calls the chat model."""
        return self._chat.name

    def for_conversation(self, conversation: str) -> AnswersOnly:
        """Return the same for the conversation with this id."""
        if not isinstance(self._chat, ConversationalChatModel):
            return self
        return answers_only(
            self._chat.for_conversation(conversation),
            spoken_field=self._spoken_field,
            for_the_ear=self._for_the_ear,
            runs_tools=self._runs_tools,
        )

    def adjusted(self, options: ReplyOptions) -> AnswersOnly:
        """Return the same for a reply that is written, or taken in, in another way."""
        return answers_only(
            adjusted(self._chat, options),
            spoken_field="" if options.response_format else self._spoken_field,
            for_the_ear=self._for_the_ear and options.for_the_ear,
            runs_tools=self._runs_tools,
        )

    def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        """Yield what the chat model yields; anything but text ends what went before.

        Raises ChatError for thoughts without an answer, and what the chat model raises, after its text so far.
        """
        return self._answers(self._chat.stream_reply(messages), messages)

    async def _answers(
        self, reply: AsyncGenerator[ReplyPart, None], messages: Sequence[Message], tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        names = [tool.name for tool in tools]
        labels = self._runs_tools or bool(tools) or any(message.role == "tool" for message in messages)

        def new_filter() -> AgentFilter:
            return AgentFilter(names, spoken_field=self._spoken_field, for_the_ear=self._for_the_ear, labels=labels)

        scaffolding = new_filter()
        answered = hid = False
        error: ChatError | None = None
        try:
            async with aclosing(reply):
                async for part in reply:
                    parts = self._wanted(scaffolding.feed(part) if isinstance(part, str) else scaffolding.flush())
                    if not isinstance(part, str):
                        parts.append(part)
                        hid, scaffolding = hid or scaffolding.hid, new_filter()
                    answered = answered or any(map(_answers_something, parts))
                    for one in parts:
                        yield one
        except ChatError as caught:
            error = caught  # raised when what is held has been passed on
        rest = self._wanted(scaffolding.flush())
        for one in rest:
            yield one
        if error is not None:
            raise error
        if (hid or scaffolding.hid) and not (answered or any(map(_answers_something, rest))):
            raise ChatError(
                tr("{name} wrote down its thoughts but no answer", name=self.name),
                hint=tr("ask again, or use another model"),
            )

    def _wanted(self, parts: Sequence[Part]) -> list[ReplyPart]:
        return [part for part in parts if not (self._runs_tools and isinstance(part, ToolCall))]


class ToolAnswersOnly(AnswersOnly):
    """The same for a chat model that can ask for tools."""

    _chat: ToolChatModel

    def stream_reply(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        """As `AnswersOnly.stream_reply`; calls that the model writes into its text are calls."""
        return self._answers(self._chat.stream_reply(messages, tools=tools), messages, tools)


def _answers_something(part: ReplyPart) -> bool:
    return not part.isspace() if isinstance(part, str) else isinstance(part, ToolCall | ReplyData)
