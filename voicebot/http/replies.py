"""A chat server's answer as the deltas of a reply; what both chat dialects have in common."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import anyio
import httpx

from voicebot.errors import VoicebotError
from voicebot.http.failures import Refusal, Server, broke_off, is_html, read_refusal, refused, translated
from voicebot.http.lines import BadStream
from voicebot.http.streaming import Body, Decoder, get_json, open_body
from voicebot.text.reasoning import ReasoningFilter

T = TypeVar("T")

REFUSAL_SECONDS = 5.0
REFUSAL_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a reply may keep its listener waiting."""

    first_seconds: float
    """From the request to the first event that carries something of the reply, reasoning included."""
    idle_seconds: float
    """From one event to the next."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one event of the wire adds to a reply."""

    text: str = ""
    thought: bool = False
    """It carries reasoning, which is not for the listener."""
    finish: str = ""
    """Why the reply ends here; empty while it goes on."""
    error: str = ""
    """The server's words for why it cannot go on."""


@asynccontextmanager
async def open_reply(
    client: httpx.AsyncClient,
    path: str,
    content: Mapping[str, object],
    *,
    headers: Mapping[str, str],
    server: Server,
    patience: Patience,
) -> AsyncGenerator[Body | Refusal, None]:
    """POST `content` as JSON and give the body of the answer, or what the server refused it with.

    Raises the errors of `server`.
    """
    deadline = anyio.current_time() + patience.first_seconds
    async with AsyncExitStack() as stack:
        try:
            with translated(server):
                request = client.build_request("POST", path, json=content, headers=headers)
                body = await stack.enter_async_context(open_body(client, request, deadline=deadline))
        except TimeoutError as error:
            raise _too_slow(server, patience, begun=False) from error
        if body.response.status_code == 200 and not is_html(body.response):
            yield body
        else:
            yield await _read_refusal(body)


async def get_list(
    client: httpx.AsyncClient, path: str, *, headers: Mapping[str, str], server: Server, seconds: float
) -> object:
    """GET the JSON at `path`; raise the errors of `server`."""
    try:
        with translated(server):
            answer = await get_json(client, path, headers=headers, seconds=seconds)
    except TimeoutError as error:
        raise server.unavailable(
            f"{server.name} did not answer within {seconds:g} s", hint=f"is {server.section}.base_url right?"
        ) from error
    if answer.response.status_code != 200 or answer.value is None:
        raise refused(server, read_refusal(answer.response, answer.content))
    return answer.value


async def _read_refusal(body: Body) -> Refusal:
    content = b""
    with suppress(TimeoutError, httpx.HTTPError, BadStream):
        content = await body.read_all(deadline=anyio.current_time() + REFUSAL_SECONDS, max_bytes=REFUSAL_BYTES)
    return read_refusal(body.response, content)


async def stream_deltas(
    body: Body,
    decoder: Decoder[T],
    read_step: Callable[[T], Step | None],
    *,
    server: Server,
    patience: Patience,
    asked_at: float,
) -> AsyncGenerator[str, None]:
    """Yield the text of the reply in `body` without its reasoning.

    `read_step` reads one item; None says that the server ends the stream here, finished or not. `asked_at` is the
    moment of the request on the clock of `anyio.current_time`. Raises `server.failure` for a reply that breaks off,
    after its deltas so far, and for one without any text.
    """
    reasoning = ReasoningFilter()
    spoke = thought = False
    finish = ""
    try:
        steps = _steps(body, decoder, read_step, server=server, patience=patience, asked_at=asked_at)
        async with aclosing(steps):
            async for step in steps:
                thought = thought or step.thought
                finish = step.finish
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
    if not spoke:
        raise _empty(server, finish, thought=thought or reasoning.reasoned)


async def _steps(
    body: Body,
    decoder: Decoder[T],
    read_step: Callable[[T], Step | None],
    *,
    server: Server,
    patience: Patience,
    asked_at: float,
) -> AsyncGenerator[Step, None]:
    """Yield the steps up to the one that finishes the reply."""
    begun = False
    deadline = asked_at + patience.first_seconds
    while True:
        try:
            with translated(server):
                items = await body.next_items(decoder, deadline=deadline)
        except TimeoutError as error:
            raise _too_slow(server, patience, begun=begun) from error
        if not items:
            raise broke_off(server) if begun else _said_nothing(server)
        for item in items:
            try:
                with translated(server):
                    step = read_step(item)
            except server.failure as error:
                if body.ended and isinstance(error.__cause__, BadStream):
                    raise broke_off(server) from error
                raise
            if step is None:
                raise server.failure(
                    f"{server.name} ended the stream before its reply was finished",
                    hint="servers for one user stop a reply when another request comes in; its log may say more",
                )
            begun = begun or step.thought or bool(step.text)
            yield step
            if step.error:
                place = " in the middle of its reply" if begun else ""
                raise server.failure(
                    f"{server.name} failed{place}: {server.conceal(step.error)}",
                    hint="its log may say more; then ask again",
                )
            if step.finish:
                await body.drain()
                return
        if begun:
            # Counted from here: while the listener was busy, the server was not slow.
            deadline = anyio.current_time() + patience.idle_seconds


def _too_slow(server: Server, patience: Patience, *, begun: bool) -> VoicebotError:
    """Return the error for a reply that did not begin in time, or paused for too long."""
    if begun:
        return server.failure(
            f"{server.name} paused for more than {patience.idle_seconds:g} s in the middle of its reply",
            hint=f"allow longer pauses with {server.section}.idle_timeout_seconds",
        )
    return server.failure(
        f"{server.name} did not begin to reply within {patience.first_seconds:g} s",
        hint=f"use a smaller model, or wait longer with {server.section}.first_delta_timeout_seconds",
    )


def _said_nothing(server: Server) -> VoicebotError:
    return server.failure(
        f"{server.name} ended its answer without a word",
        hint="the conversation may be longer than the model's context: try fewer session.turns",
    )


def _empty(server: Server, finish: str, *, thought: bool) -> VoicebotError:
    limit = f"{server.section}.max_tokens"
    if finish == "length":
        if thought:
            return server.failure(
                f"the reply of {server.name} is empty: thinking used up its limit of model tokens",
                hint=f"raise {limit}, turn thinking off, or use a model that does not think",
            )
        return server.failure(
            f"the reply of {server.name} is empty: its limit of model tokens left no room for a word",
            hint=f"raise {limit}, or shorten the conversation with session.turns",
        )
    if finish == "content_filter":
        return server.failure(
            f"the reply of {server.name} is empty: its content filter stopped it", hint="ask differently"
        )
    if finish == "tool_calls":
        return server.failure(
            f"the reply of {server.name} is empty: the model called a tool", hint="use a model without built-in tools"
        )
    reason = f" (it ended with {finish!r})" if finish not in ("", "stop") else ""
    return server.failure(
        f"the reply of {server.name} is empty{reason}",
        hint="ask again, or use another model" if not thought else "the model thought and said nothing: ask again",
    )
