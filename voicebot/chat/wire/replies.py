"""The answer of a chat server as the parts of a reply, whichever dialect it is written in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

import anyio
import httpx

from voicebot.chat.wire.calls import CallPart, JoinedCalls
from voicebot.chat.wire.failures import (
    reply_cut_short,
    reply_empty,
    reply_failed,
    reply_late,
    reply_missing,
    reply_paused,
)
from voicebot.errors import VoicebotError
from voicebot.http.failures import Server, broke_off, translated
from voicebot.http.lines import BadStream
from voicebot.http.streaming import Body, Decoder
from voicebot.messages import ReplyOptions, ReplyPart, Usage
from voicebot.text.reasoning import ReasoningFilter

T = TypeVar("T")

_SETTINGS = ("temperature", "top_p", "seed", "max_tokens", "stop", "response_format")
COUNTS_SECONDS = 0.5
"""How long after its reply a server may take to say what it counted."""


@dataclass(frozen=True, slots=True)
class StreamStep:
    """What one item of the answer adds to a reply."""

    text: str = ""
    thought: bool = False
    """It carries reasoning, which is not for the listener."""
    calls: tuple[CallPart, ...] = ()
    finish: str = ""
    """Why the reply ends here; empty while it goes on."""
    usage: Usage | None = None
    error: str = ""
    """The server's words for why it cannot go on."""


@dataclass(frozen=True, slots=True)
class ReplyRequest(Generic[T]):
    """One request for a reply: what a dialect sends, and how it reads the answer."""

    path: str
    content: Mapping[str, object]
    """Sent as JSON."""
    new_decoder: Callable[[httpx.Response], Decoder[T]]
    """Makes what cuts the body of the answer into items."""
    read_step: Callable[[T], StreamStep | None]
    """Reads one item; None says that the server ends the stream here, finished or not. Raises BadStream."""
    accept: str = "*/*"
    """The content type that is asked for."""
    optional_fields: tuple[str, ...] = ()
    """Fields of `content` that some servers do not know: one that refuses them is asked again without them."""
    offers_tools: bool = False
    """Tool calls alone are a reply."""
    counts_follow: bool = False
    """The server may say what it counted after the end of the reply."""


@dataclass(frozen=True, slots=True)
class ReplyTimeouts:
    """How long a reply may keep its listener waiting."""

    first_seconds: float
    """From the request to the first item that carries something of the reply, reasoning included."""
    idle_seconds: float
    """From one item to the next."""


class ReplyReader(Generic[T]):
    """Reads one reply, once."""

    def __init__(
        self, body: Body, request: ReplyRequest[T], *, server: Server, timeouts: ReplyTimeouts, deadline: float
    ) -> None:
        """Prepare to read the answer in `body` to `request`; the reply must begin before `deadline`."""
        self._body = body
        self._request = request
        self._server = server
        self._timeouts = timeouts
        self._deadline = deadline
        self._decoder = request.new_decoder(body.response)
        self._items: list[T] = []
        """Decoded and not yet read, the next one last."""

    async def parts(self) -> AsyncGenerator[ReplyPart, None]:
        """Yield the text of the reply without its reasoning, then its tool calls, then what the server counted.

        Raises ChatError for a reply that breaks off, after its deltas so far, and for one that holds nothing to say.
        """
        reasoning = ReasoningFilter()
        joined = JoinedCalls()
        usage = Usage()
        spoke = thought = False
        finish = ""
        try:
            with translated(self._server):  # all of it at once: for each item it would take twice the time of the item
                async with aclosing(self._steps()) as steps:
                    async for step in steps:
                        thought = thought or step.thought
                        finish = step.finish
                        usage = _updated(usage, step.usage)
                        for part in step.calls:
                            joined.feed(part)
                        if text := reasoning.feed(step.text):
                            spoke = spoke or not text.isspace()
                            yield text
        except VoicebotError:
            if text := reasoning.flush():
                yield text
            raise
        if text := reasoning.flush():
            spoke = spoke or not text.isspace()
            yield text
        calls = joined.finish(cut_short=finish == "length")
        for call in calls:
            yield call
        if self._request.counts_follow:
            usage = _updated(usage, await self._late_counts())
        await self._body.drain()
        yield replace(usage, finish_reason=finish)
        if not spoke and not (calls and self._request.offers_tools):
            raise reply_empty(self._server, finish, called=bool(calls), thought=thought or reasoning.reasoned)

    async def _steps(self) -> AsyncGenerator[StreamStep, None]:
        """Yield the steps up to the one that finishes the reply."""
        server, timeouts = self._server, self._timeouts
        begun = False
        deadline = self._deadline
        while True:
            try:
                item = await self._next_item(deadline)
            except TimeoutError as error:
                if begun:
                    raise reply_paused(server, idle_seconds=timeouts.idle_seconds) from error
                raise reply_late(server, first_seconds=timeouts.first_seconds) from error
            if item is None:
                raise broke_off(server) if begun else reply_missing(server)
            step = self._read_step(item)
            begun = begun or step.thought or bool(step.text or step.calls)
            yield step
            if step.error:
                raise reply_failed(server, step.error, begun=begun)
            if step.finish:
                return
            if begun:
                # Counted from here: while the listener was busy, the server was not slow.
                deadline = anyio.current_time() + timeouts.idle_seconds

    def _read_step(self, item: T) -> StreamStep:
        try:
            step = self._request.read_step(item)
        except BadStream as error:
            if self._body.ended:
                raise broke_off(self._server) from error
            raise
        if step is None:
            raise reply_cut_short(self._server)
        return step

    async def _next_item(self, deadline: float) -> T | None:
        """Return the next item; None at the end. Raises as `Body.next_items` does."""
        if not self._items:
            self._items = (await self._body.next_items(self._decoder, deadline=deadline))[::-1]
        return self._items.pop() if self._items else None

    async def _late_counts(self) -> Usage:
        """Return what the server counted, which it may say after the end of its reply; no fault matters any more."""
        usage = Usage()
        deadline = anyio.current_time() + COUNTS_SECONDS
        with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError, BadStream):
            while (item := await self._next_item(deadline)) is not None:
                if (step := self._request.read_step(item)) is None:
                    break
                usage = _updated(usage, step.usage)
        return usage


def _updated(usage: Usage, newer: Usage | None) -> Usage:
    """Return `usage` with everything that `newer` knows."""
    if newer is None:
        return usage
    known = {one.name: value for one in fields(newer) if (value := getattr(newer, one.name)) not in (None, "")}
    return replace(usage, **known)


def changed_settings(options: ReplyOptions) -> dict[str, Any]:  # Any: settings of many types
    """What `options` change of a chat server's configuration."""
    settings = {name: getattr(options, name) for name in _SETTINGS}
    return {name: value for name, value in settings.items() if value is not None}
