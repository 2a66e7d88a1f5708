"""Lets a chat model use tools before it answers: ask, run what it wants, ask again."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Literal, TypeGuard

import anyio

from voicebot.errors import ChatError
from voicebot.messages import Message, ReplyPart, ToolCall
from voicebot.protocols import ChatModel, ToolChatModel
from voicebot.text.agent_scaffolding import ReActFilter, ToolCallFilter
from voicebot.tools.toolbox import BadArguments, Toolbox, ToolFailed

logger = logging.getLogger(__name__)

_NO_MORE = "No more tools can be used now: answer with what you have."


class ToolUsingChat:
    """A chat model that runs the tools its model asks for and speaks only what is meant for the listener.

    `max_steps` times the model may ask for tools, any number of them at once; then it is told to answer. `speak`: "all"
    passes text on as it comes, also what the model says before it uses a tool; "final" only the answer, which cannot
    stream then, since nobody knows before the end of a text whether a call follows it.
    """

    def __init__(
        self,
        chat: ToolChatModel,
        tools: Toolbox,
        *,
        max_steps: int = 5,
        timeout_seconds: float = 15.0,
        speak: Literal["all", "final"] = "all",
        max_result_characters: int = 4000,
    ) -> None:
        self._chat = chat
        self._tools = tools
        self._max_steps = max_steps
        self._timeout_seconds = timeout_seconds
        self._speak = speak
        self._max_result_characters = max_result_characters

    @property
    def name(self) -> str:
        """What a person calls it: the same as without tools."""
        return self._chat.name

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        """Yield the deltas of the reply, what the server tells, and the messages of the tool loop.

        Before the tools run, an assistant's message with their calls and the text before them, spoken or not; behind
        them a message for each result. Cancelling ends the tools that run and abandons their threads. Raises ChatError,
        also for a model that will not stop asking for tools.
        """
        conversation = list(messages)
        misfits: Counter[str] = Counter()
        for step in range(self._max_steps + 1):
            may_use_tools = step < self._max_steps
            written = _Written()
            # Without tools no call can follow: even the last answer may stream.
            streams = self._speak == "all" or not may_use_tools
            reading = self._read(conversation, written, may_use_tools=may_use_tools)
            try:
                async with aclosing(reading):
                    async for part in reading:
                        if streams or not isinstance(part, str):
                            yield part
            except ChatError:
                if not streams and written.text:
                    yield "".join(written.text)  # all the answer there will be
                raise
            text = "".join(written.text)
            if not written.calls:
                if not streams and text:
                    yield text
                if written.hid and not text.strip():
                    raise ChatError(
                        f"{self.name} wrote down its thoughts and no answer", hint="ask again, or use another model"
                    )
                return
            if not may_use_tools:
                raise ChatError(
                    f"{self.name} still wants tools after {self._max_steps} steps",
                    hint="allow more with tools.max_steps, or use another model",
                )
            asked = Message("assistant", text.strip(), tool_calls=tuple(written.calls))
            yield asked
            if streams and text and not text[-1].isspace():
                yield "\n"  # what was said so far is finished: it need not wait for the tools
            results = await self._run(written.calls, misfits)
            if step + 1 == self._max_steps:
                results[-1] += f"\n\n{_NO_MORE}"
            answers = [
                Message("tool", result, tool_call_id=call.id, tool_name=call.name)
                for call, result in zip(written.calls, results, strict=True)
            ]
            for answer in answers:
                yield answer
            conversation += [asked, *answers]

    async def _read(
        self, conversation: Sequence[Message], written: _Written, *, may_use_tools: bool
    ) -> AsyncGenerator[ReplyPart, None]:
        """Yield the text of one answer for the listener, and the server's account; leave the rest in `written`."""
        calls = ToolCallFilter(self._tools.names)
        thoughts = ReActFilter()

        def sift(parts: Sequence[str | ToolCall]) -> str:
            written.calls += [_identified(part) for part in parts if isinstance(part, ToolCall)]
            return thoughts.feed("".join(part for part in parts if isinstance(part, str)))

        specs = self._tools.specs if may_use_tools else ()
        error: ChatError | None = None
        try:
            async with aclosing(self._chat.stream_reply(conversation, tools=specs)) as reply:
                async for part in reply:
                    match part:
                        case str():
                            if text := sift(calls.feed(part)):
                                written.text.append(text)
                                yield text
                        case ToolCall():
                            written.calls.append(_identified(part))
                        case _:
                            yield part
        except ChatError as caught:
            error = caught  # what is held is told first
        if text := sift(calls.flush()) + thoughts.flush():
            written.text.append(text)
            yield text
        written.hid = thoughts.hid
        if error is not None:
            raise error

    async def _run(self, calls: Sequence[ToolCall], misfits: Counter[str]) -> list[str]:
        """Run all calls at the same time and return their results, in order."""
        results = [""] * len(calls)

        async def run(place: int, call: ToolCall) -> None:
            results[place] = self._cut(await self._result(call, misfits))

        async with anyio.create_task_group() as running:
            for place, call in enumerate(calls):
                running.start_soon(run, place, call)
        return results

    async def _result(self, call: ToolCall, misfits: Counter[str]) -> str:
        """What the model is told of one call; nothing that a tool does ends the turn."""
        tool = self._tools.get(call.name)
        if tool is None:
            return f"Error: there is no tool {call.name!r}. The tools are: {', '.join(self._tools.names)}."
        try:
            with anyio.fail_after(self._timeout_seconds) as limit:
                return await tool.run(call.arguments)
        except ToolFailed as failure:
            return f"Error: {failure}"
        except BadArguments as complaint:
            misfits[call.name] += 1
            if misfits[call.name] > 1:
                return f"Error: {call.name} was not used; its arguments do not fit again: {complaint}."
            return f"The arguments of {call.name} do not fit: {complaint}. Correct them and call it once more."
        except Exception as error:  # a tool is somebody else's code, and the turn goes on
            if isinstance(error, TimeoutError) and limit.cancelled_caught:
                return f"Error: {call.name} gave no answer within {self._timeout_seconds:g} seconds."
            logger.info("the tool %s failed", call.name, exc_info=True)
            return f"Error: {call.name} failed: {type(error).__name__}: {error}"

    def _cut(self, result: str) -> str:
        result = result.encode("utf-8", "replace").decode()  # what is no text would break the next request
        more = len(result) - self._max_result_characters
        return f"{result[: self._max_result_characters]}\n… ({more} more characters left out)" if more > 0 else result


def takes_tools(chat: ChatModel) -> TypeGuard[ToolChatModel]:
    """Whether `chat` can be told of tools."""
    return "tools" in signature(chat.stream_reply).parameters


@dataclass(slots=True)
class _Written:
    """What one answer of the model consists of."""

    text: list[str] = field(default_factory=list)
    """For the listener."""
    calls: list[ToolCall] = field(default_factory=list)
    hid: bool = False
    """It has thoughts that are not for the listener."""


def _identified(call: ToolCall) -> ToolCall:
    """`call` with an id: some servers want nine letters and digits."""
    return call if call.id else replace(call, id=secrets.token_hex(5)[:9])
