"""The answers, and nothing else, of an agent that writes down its thoughts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from voicebot.messages import Message, ReplyPart
from voicebot.protocols import ChatModel
from voicebot.text.thinking_aloud import ReActFilter


class AnswersOnly:
    """A chat model without its "Thought: … Action: …"; text without such labels is passed on unchanged."""

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat

    @property
    def name(self) -> str:
        """What a person calls the chat model."""
        return self._chat.name

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        """Yield what the chat model yields, without its thoughts; a message of a tool loop ends what went before."""
        thoughts = ReActFilter()
        async with aclosing(self._chat.stream_reply(messages)) as reply:
            async for part in reply:
                if isinstance(part, str):
                    if text := thoughts.feed(part):
                        yield text
                    continue
                if isinstance(part, Message):
                    if text := thoughts.flush():
                        yield text
                    thoughts = ReActFilter()
                yield part
        if text := thoughts.flush():
            yield text
