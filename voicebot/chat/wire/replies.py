"""A chat server's answer as the parts of a reply; what both chat dialects have in common."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from typing import Generic, TypeVar

import anyio
import httpx
import stamina

from voicebot.chat.wire.calls import CallPart, JoinedCalls
from voicebot.chat.wire.failures import (
    reply_cut_short,
    reply_empty,
    reply_failed,
    reply_late,
    reply_missing,
    reply_paused,
    reply_refused,
)
from voicebot.errors import VoicebotError
from voicebot.http.failures import Refusal, Server, broke_off, is_html, read_refusal, translated
from voicebot.http.lines import BadStream
from voicebot.http.streaming import Body, Decoder, exchange_json, open_body
from voicebot.messages import ReplyPart, Usage
from voicebot.text.reasoning import ReasoningFilter

T = TypeVar("T")

REFUSAL_SECONDS = 5.0
REFUSAL_BYTES = 1024 * 1024
PASSING = (408, 429, 500, 502, 503, 504, 529)
"""What a server may answer differently when it is asked again."""
LONGEST_WAIT_SECONDS = 10.0
"""Whoever talks does not wait longer for a server that asks for a pause."""
COUNTS_SECONDS = 0.5
"""How long after its reply a server may take to say what it counted."""

# stamina reports each retry as a warning, which Python would print where nobody has set up logging.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class ReplyTimeouts:
    """How long a reply may keep its listener waiting."""

    first_seconds: float
    """From the request to the first event that carries something of the reply, reasoning included."""
    idle_seconds: float
    """From one event to the next."""
    retries: int = 0
    """How often a request is sent again that failed before any of its reply came."""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """One request for a reply."""

    server: Server
    timeouts: ReplyTimeouts
    tools: bool = False
    """The server may answer with tool calls alone."""
    counts_follow: bool = False
    """The server may say what it counted after the end of the reply."""
    asked_at: float = field(default_factory=anyio.current_time)
    """When, on the clock of `anyio.current_time`."""


@dataclass(frozen=True, slots=True)
class StreamStep:
    """What one event of the wire adds to a reply."""

    text: str = ""
    thought: bool = False
    """It carries reasoning, which is not for the listener."""
    calls: tuple[CallPart, ...] = ()
    finish: str = ""
    """Why the reply ends here; empty while it goes on."""
    usage: Usage | None = None
    error: str = ""
    """The server's words for why it cannot go on."""


@asynccontextmanager
async def open_reply(
    client: httpx.AsyncClient,
    path: str,
    content: Mapping[str, object],
    *,
    headers: Mapping[str, str],
    request: ReplyRequest,
) -> AsyncGenerator[Body | Refusal, None]:
    """POST `content` as JSON and give the body of the answer, or what the server refused it with.

    Asks again where that may help. Raises the errors of the server.
    """
    server, timeouts = request.server, request.timeouts
    deadline = request.asked_at + timeouts.first_seconds

    async def ask() -> Body | Refusal:
        post = client.build_request("POST", path, json=content, headers=headers)
        body = await stack.enter_async_context(open_body(client, post, deadline=deadline))
        if body.response.status_code == 200 and not is_html(body.response):
            return body
        return await _read_refusal(body)

    async with AsyncExitStack() as stack:
        try:
            with translated(server), anyio.fail_after(deadline - anyio.current_time()):
                answer = await _persist(ask, timeouts.retries)
        except TimeoutError as error:
            raise reply_late(server, first_seconds=timeouts.first_seconds) from error
        yield answer


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.status} {refusal.reason}")
        self.refusal = refusal


async def _persist(ask: Callable[[], Awaitable[Body | Refusal]], retries: int) -> Body | Refusal:
    """Ask, and ask again after what may pass."""
    attempts = stamina.retry_context(
        on=_pause, attempts=retries + 1, timeout=None, wait_initial=0.1, wait_max=2.0, wait_jitter=0.1
    )
    try:
        async for attempt in attempts:
            with attempt:
                answer = await ask()
                if isinstance(answer, Refusal):
                    raise _Refused(answer)
                return answer
    except _Refused as last:
        return last.refusal
    raise AssertionError("the last attempt ends the loop")


def _pause(error: Exception) -> bool | float:
    """Whether to ask again after `error`; a number is the seconds that the server wants to be left alone."""
    if not isinstance(error, _Refused):
        return isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)
    refusal = error.refusal
    if refusal.status not in PASSING or refusal.final:
        return False
    if refusal.retry_after_seconds is None:
        return True
    return refusal.retry_after_seconds if refusal.retry_after_seconds <= LONGEST_WAIT_SECONDS else False


async def get_list(
    client: httpx.AsyncClient,
    path: str,
    *,
    headers: Mapping[str, str],
    server: Server,
    seconds: float,
    content: Mapping[str, object] | None = None,
) -> object:
    """GET the JSON at `path`, or what it answers to `content`; raise the errors of `server`."""
    request = client.build_request("GET" if content is None else "POST", path, headers=headers, json=content)
    try:
        with translated(server):
            answer = await exchange_json(client, request, seconds=seconds)
    except TimeoutError as error:
        raise server.unavailable(
            f"{server.name} did not answer within {seconds:g} s", hint=f"is {server.section}.base_url right?"
        ) from error
    if answer.response.status_code != 200 or answer.value is None:
        raise reply_refused(server, read_refusal(answer.response, answer.content))
    return answer.value


async def _read_refusal(body: Body) -> Refusal:
    content = b""
    with suppress(TimeoutError, httpx.HTTPError, BadStream):
        content = await body.read_all(deadline=anyio.current_time() + REFUSAL_SECONDS, max_bytes=REFUSAL_BYTES)
    return read_refusal(body.response, content)


async def stream_parts(
    body: Body, decoder: Decoder[T], read_step: Callable[[T], StreamStep | None], *, request: ReplyRequest
) -> AsyncGenerator[ReplyPart, None]:
    """Yield the text of the reply in `body` without its reasoning, then its tool calls, then what the server counted.

    `read_step` reads one item; None says that the server ends the stream here, finished or not. Raises the server's
    failure for a reply that breaks off, after its deltas so far, and for one that holds nothing.
    """
    reader = _Reader(body, decoder)
    reasoning = ReasoningFilter()
    joined = JoinedCalls()
    usage = Usage()
    spoke = thought = False
    finish = ""
    try:
        async with aclosing(_steps(reader, read_step, request)) as steps:
            async for step in steps:
                thought = thought or step.thought
                finish = step.finish
                usage = _updated(usage, step.usage)
                with translated(request.server):
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
    if request.counts_follow:
        usage = _updated(usage, await _counts(reader, read_step))
    await body.drain()
    yield replace(usage, finish_reason=finish)
    if not spoke and not (calls and request.tools):
        raise reply_empty(request.server, finish, called=bool(calls), thought=thought or reasoning.reasoned)


class _Reader(Generic[T]):
    """The items of a body, one at a time."""

    def __init__(self, body: Body, decoder: Decoder[T]) -> None:
        self.body = body
        self._decoder = decoder
        self._items: list[T] = []
        """In reverse."""

    async def next_item(self, *, deadline: float) -> T | None:
        """Return the next one; None at the end. Raises as `Body.next_items` does."""
        if not self._items:
            self._items = (await self.body.next_items(self._decoder, deadline=deadline))[::-1]
        return self._items.pop() if self._items else None


async def _steps(
    reader: _Reader[T], read_step: Callable[[T], StreamStep | None], request: ReplyRequest
) -> AsyncGenerator[StreamStep, None]:
    """Yield the steps up to the one that finishes the reply."""
    server, timeouts = request.server, request.timeouts
    begun = False
    deadline = request.asked_at + timeouts.first_seconds
    while True:
        try:
            with translated(server):
                item = await reader.next_item(deadline=deadline)
        except TimeoutError as error:
            if begun:
                raise reply_paused(server, idle_seconds=timeouts.idle_seconds) from error
            raise reply_late(server, first_seconds=timeouts.first_seconds) from error
        if item is None:
            raise broke_off(server) if begun else reply_missing(server)
        try:
            with translated(server):
                step = read_step(item)
        except server.failure as error:
            if reader.body.ended and isinstance(error.__cause__, BadStream):
                raise broke_off(server) from error
            raise
        if step is None:
            raise reply_cut_short(server)
        begun = begun or step.thought or bool(step.text or step.calls)
        yield step
        if step.error:
            raise reply_failed(server, step.error, begun=begun)
        if step.finish:
            return
        if begun:
            # Counted from here: while the listener was busy, the server was not slow.
            deadline = anyio.current_time() + timeouts.idle_seconds


async def _counts(reader: _Reader[T], read_step: Callable[[T], StreamStep | None]) -> Usage:
    """Return what the server says after the end of its reply; no fault matters any more."""
    usage = Usage()
    deadline = anyio.current_time() + COUNTS_SECONDS
    with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError, BadStream):
        while (item := await reader.next_item(deadline=deadline)) is not None:
            if (step := read_step(item)) is None:
                break
            usage = _updated(usage, step.usage)
    return usage


def _updated(usage: Usage, newer: Usage | None) -> Usage:
    """Return `usage` with everything that `newer` knows."""
    if newer is None:
        return usage
    known = {one.name: value for one in fields(newer) if (value := getattr(newer, one.name)) not in (None, "")}
    return replace(usage, **known)
