"""Lets a chat model use tools before it answers: ask, run the tools that it calls, ask again."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Literal

import anyio

from voicebot.errors import ChatError
from voicebot.messages import Message, ReplyOptions, ReplyPart, ToolCall
from voicebot.protocols import ToolChatModel, adjusted, takes_tools
from voicebot.tools.printing import tool_prints
from voicebot.tools.toolbox import BadArguments, Toolbox, ToolFailed, described
from voicebot.translation import tr

logger = logging.getLogger(__name__)

_NO_MORE = "No more tools can be used now: answer with what you have."


class ToolUsingChat:
    """A chat model that runs the tools its model calls; of calls in its text `AnswersOnly` has made calls.

    The model may call tools `max_steps` times, any number of them at once; then it is told to answer. With `speak`
    "all", text is passed on as it comes, including what the model says before it calls a tool; with "final", only the
    answer is, which then cannot stream: before the end of a text there is no telling whether a call follows it.
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
        """What a person calls the chat model."""
        return self._chat.name

    def with_chat(self, chat: ToolChatModel) -> ToolUsingChat:
        """The same tools for another chat model."""
        other = copy(self)
        other._chat = chat
        return other

    def adjusted(self, options: ReplyOptions) -> ToolUsingChat:
        """The same tools for a reply that is written in another way."""
        chat = adjusted(self._chat, options)
        return self.with_chat(chat) if takes_tools(chat) else self

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        """Yield the deltas of the reply, what the server counted, and the messages of the tool loop.

        Before the tools run, an assistant's message with their calls and the text before them, spoken or not; after
        them, a message for each result. Cancelling ends the tools that run and abandons their threads. Raises
        ChatError, also for a model that does not stop calling tools.
        """
        conversation = list(messages)
        misfits: Counter[str] = Counter()
        for step in range(self._max_steps + 1):
            may_use_tools = step < self._max_steps
            answer = _Answer()
            # Without tools no call can follow, so that the last answer may stream in any case.
            streams = self._speak == "all" or not may_use_tools
            reading = self._read(conversation, answer, may_use_tools=may_use_tools)
            try:
                async with aclosing(reading):
                    async for part in reading:
                        if streams or not isinstance(part, str):
                            yield part
            except ChatError:
                if not streams and answer.text:
                    yield "".join(answer.text)  # there will be no more of it
                raise
            text = "".join(answer.text)
            if not answer.calls:
                if not streams and text:
                    yield text
                return
            if not may_use_tools:
                raise ChatError(
                    tr("{name} still calls tools after {max_steps} steps", name=self.name, max_steps=self._max_steps),
                    hint=tr("allow more with tools.max_steps, or use another model"),
                )
            request = Message("assistant", text.strip(), tool_calls=tuple(answer.calls))
            yield request
            if streams and text and not text[-1].isspace():
                yield "\n"  # what was said so far is finished, and need not wait for the tools
            texts = await self._run(answer.calls, misfits)
            if step + 1 == self._max_steps:
                texts[-1] += f"\n\n{_NO_MORE}"
            results = [
                Message("tool", text, tool_call_id=call.id, tool_name=call.name)
                for call, text in zip(answer.calls, texts, strict=True)
            ]
            for result in results:
                yield result
            conversation += [request, *results]

    async def _read(
        self, conversation: Sequence[Message], answer: _Answer, *, may_use_tools: bool
    ) -> AsyncGenerator[ReplyPart, None]:
        """Yield the text of one answer, and whatever is not a call; leave the text and the calls in `answer`."""
        specs = self._tools.specs if may_use_tools else ()
        async with aclosing(self._chat.stream_reply(conversation, tools=specs)) as reply:
            async for part in reply:
                match part:
                    case str():
                        answer.text.append(part)
                        yield part
                    case ToolCall():
                        answer.calls.append(_with_id(part))
                    case _:
                        yield part

    async def _run(self, calls: Sequence[ToolCall], misfits: Counter[str]) -> list[str]:
        """Run all calls at the same time and return their results, in order."""
        # A tool that is cancelled by something of its own leaves no result, and no error either.
        results = [f"Error: {call.name} gave no answer." for call in calls]

        async def run(place: int, call: ToolCall) -> None:
            results[place] = self._cut(await self._result(call, misfits))

        async with anyio.create_task_group() as running:
            for place, call in enumerate(calls):
                running.start_soon(run, place, call)
        return results

    async def _result(self, call: ToolCall, misfits: Counter[str]) -> str:
        """Return what the model is told of one call; nothing that a tool does ends the turn."""
        tool = self._tools.get(call.name)
        if tool is None:
            return f"Error: there is no tool {call.name!r}. The tools are: {', '.join(self._tools.names)}."
        cancelled = anyio.get_cancelled_exc_class()
        try:
            with anyio.fail_after(self._timeout_seconds) as limit, tool_prints(call.name):
                return await tool.run(call.arguments)
        except ToolFailed as failure:
            return f"Error: {failure}"
        except BadArguments as complaint:
            misfits[call.name] += 1
            if misfits[call.name] > 1:
                return f"Error: {call.name} was not used; its arguments do not fit again: {complaint}."
            return f"The arguments of {call.name} do not fit: {complaint}. Correct them and call it once more."
        except cancelled:
            raise
        except BaseException as error:  # a tool is somebody else's code, and the turn goes on, also after sys.exit
            if isinstance(error, TimeoutError) and limit.cancelled_caught:
                return f"Error: {call.name} gave no answer within {self._timeout_seconds:g} seconds."
            logger.info("the tool %s failed", call.name, exc_info=True)
            return f"Error: {call.name} failed: {described(error)}"

    def _cut(self, result: str) -> str:
        result = result.encode("utf-8", "replace").decode()  # lone surrogates would break the next request
        more = len(result) - self._max_result_characters
        return f"{result[: self._max_result_characters]}\n… ({more} more characters left out)" if more > 0 else result


@dataclass(slots=True)
class _Answer:
    """One answer of the model, as far as it has come."""

    text: list[str] = field(default_factory=list)
    """For the listener."""
    calls: list[ToolCall] = field(default_factory=list)


def _with_id(call: ToolCall) -> ToolCall:
    """Return `call` with an id: some servers insist on nine letters and digits."""
    return call if call.id else replace(call, id=secrets.token_hex(5)[:9])
