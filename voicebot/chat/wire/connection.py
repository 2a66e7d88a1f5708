"""A connection to a chat server: requests that are sent again where that may help, and replies that stream."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import anyio
import httpx
import stamina

from voicebot.chat.wire.api_keys import Credentials
from voicebot.chat.wire.failures import reply_late, reply_refused
from voicebot.chat.wire.replies import ReplyReader, ReplyRequest, ReplyTimeouts
from voicebot.config.models import ChatServer
from voicebot.errors import VoicebotError
from voicebot.http.client import open_client
from voicebot.http.failures import Refusal, Server, is_html, read_refusal, translated
from voicebot.http.lines import BadStream
from voicebot.http.streaming import Body, exchange_json, open_body
from voicebot.messages import ReplyPart
from voicebot.translation import tr

T = TypeVar("T")

REFUSAL_SECONDS = 5.0
REFUSAL_BYTES = 1024 * 1024
PASSING_STATUSES = (408, 429, 500, 502, 503, 504, 529)
"""What a server may answer differently when it is asked again."""
MAX_PAUSE_SECONDS = 10.0
"""A server that asks for a longer pause is not asked again: somebody is waiting for the reply."""

# stamina reports each retry as a warning, which Python prints unless logging is set up.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class ChatConnection:
    """An open client of one chat server."""

    client: httpx.AsyncClient
    server: Server
    connect_timeout_seconds: float
    timeouts: ReplyTimeouts
    retries: int
    """How often a request is sent again that failed before any of its reply came."""
    roots: list[str]
    """Where below its address the API may be, the likeliest first; only one is left once that is known."""

    async def stream_reply(
        self, request: ReplyRequest[T], *, explain: Callable[[Refusal], Awaitable[VoicebotError]]
    ) -> AsyncGenerator[ReplyPart, None]:
        """Send `request` and yield the text of the reply without reasoning, then its tool calls and what was counted.

        Closing the generator ends the request. Raises what `explain` makes of a refusal, ChatError for a reply that
        breaks off, after its deltas so far, and ChatUnavailable.
        """
        deadline = anyio.current_time() + self.timeouts.first_seconds
        async with AsyncExitStack() as stack:
            content = dict(request.content)
            answer = await stack.enter_async_context(self._open_answer(request, content, deadline))
            while isinstance(answer, Refusal) and (unknown := _unknown_fields(answer, request, content)):
                for field in unknown:
                    del content[field]
                answer = await stack.enter_async_context(self._open_answer(request, content, deadline))
            if isinstance(answer, Refusal):
                raise await explain(answer)
            reader = ReplyReader(answer, request, server=self.server, timeouts=self.timeouts, deadline=deadline)
            async with aclosing(reader.parts()) as parts:
                async for part in parts:
                    yield part

    async def get_json(self, path: str) -> object:
        """Return the JSON that the server has at `path`. Raises ChatError and ChatUnavailable."""
        return await self._exchange("GET", path)

    async def post_json(self, path: str, content: Mapping[str, object]) -> object:
        """Return the JSON with which the server answers `content`; raises as `get_json` does."""
        return await self._exchange("POST", path, content)

    async def _exchange(self, method: str, path: str, content: Mapping[str, object] | None = None) -> object:
        server, seconds = self.server, self.connect_timeout_seconds
        first: Refusal | None = None
        for root in [*self.roots]:
            try:
                with translated(server):
                    request = self.client.build_request(method, root + path, json=content)
                    answer = await exchange_json(self.client, request, seconds=seconds)
            except TimeoutError as error:
                raise server.unavailable(
                    tr("{name} did not answer within {seconds:g} s", name=server.name, seconds=seconds),
                    hint=tr("is {section}.base_url right?", section=server.section),
                ) from error
            if answer.response.status_code == 200 and answer.value is not None:
                self.roots[:] = [root]
                return answer.value
            refusal = read_refusal(answer.response, answer.content)
            if not _is_elsewhere(refusal):
                raise reply_refused(server, refusal)
            first = first or refusal
        assert first is not None, "there is at least one root"
        raise reply_refused(server, first)

    @asynccontextmanager
    async def _open_answer(
        self, request: ReplyRequest[T], content: Mapping[str, object], deadline: float
    ) -> AsyncGenerator[Body | Refusal, None]:
        """POST `content` and yield the body of the answer, or the refusal; look for the API at each of `roots`."""

        async def send(path: str) -> Body | Refusal:
            post = self.client.build_request("POST", path, json=content, headers={"accept": request.accept})
            body = await stack.enter_async_context(open_body(self.client, post, deadline=deadline))
            if body.response.status_code == 200 and not is_html(body.response):
                return body
            return await _read_refusal(body)

        async with AsyncExitStack() as stack:
            first: Body | Refusal | None = None
            for root in [*self.roots]:
                try:
                    with translated(self.server), anyio.fail_after(deadline - anyio.current_time()):
                        answer = await _send_with_retries(partial(send, root + request.path), self.retries)
                except TimeoutError as error:
                    raise reply_late(self.server, first_seconds=self.timeouts.first_seconds) from error
                first = first or answer
                if not (isinstance(answer, Refusal) and _is_elsewhere(answer)):
                    self.roots[:] = [root]
                    first = answer
                    break
            assert first is not None, "there is at least one root"
            yield first


@asynccontextmanager
async def open_connection(
    base_url: str,
    config: ChatServer,
    server: Server,
    *,
    given: Credentials | None = None,
    roots: Sequence[str] = ("",),
) -> AsyncGenerator[ChatConnection, None]:
    """Open a connection to the `server` at `base_url`; what is `given` goes with every request.

    The API is looked for at each of `roots` below that address. Raises ChatUnavailable.
    """
    async with AsyncExitStack() as stack:
        with translated(server):
            client = await stack.enter_async_context(
                open_client(
                    base_url,
                    connect_timeout_seconds=config.connect_timeout_seconds,
                    headers=given.headers if given else None,
                    query=given.query if given else None,
                )
            )
        yield ChatConnection(
            client,
            server,
            connect_timeout_seconds=config.connect_timeout_seconds,
            timeouts=ReplyTimeouts(config.first_delta_timeout_seconds, config.idle_timeout_seconds),
            retries=config.retries,
            roots=[*roots],
        )


def _is_elsewhere(refusal: Refusal) -> bool:
    """Tell whether a refusal says that nothing is at this path; a model that is not there is something else."""
    if refusal.html:
        return refusal.status in (200, 404, 405)
    return refusal.status in (404, 405, 501) and "model" not in refusal.words.lower()


def _unknown_fields(refusal: Refusal, request: ReplyRequest[T], content: Mapping[str, object]) -> list[str]:
    """Return the optional fields that the server does not know, in its own words."""
    if refusal.status not in (400, 422):
        return []
    return [field for field in request.optional_fields if field in content and field in refusal.words]


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.status} {refusal.reason}")
        self.refusal = refusal


async def _send_with_retries(send: Callable[[], Awaitable[Body | Refusal]], retries: int) -> Body | Refusal:
    """Send, and send again after a failure that may pass."""
    attempts = stamina.retry_context(
        on=_retry_after, attempts=retries + 1, timeout=None, wait_initial=0.1, wait_max=2.0, wait_jitter=0.1
    )
    try:
        async for attempt in attempts:
            with attempt:
                answer = await send()
                if isinstance(answer, Refusal):
                    raise _Refused(answer)
                return answer
    except _Refused as last:
        return last.refusal
    raise AssertionError("the last attempt ends the loop")


def _retry_after(error: Exception) -> bool | float:
    """Tell whether to send again after `error`; a number is the pause in seconds that the server asks for."""
    if not isinstance(error, _Refused):
        return isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)
    refusal = error.refusal
    if refusal.status not in PASSING_STATUSES or refusal.final:
        return False
    pause = refusal.retry_after_seconds
    if pause is None:
        return True
    return pause if pause <= MAX_PAUSE_SECONDS else False


async def _read_refusal(body: Body) -> Refusal:
    content = b""
    with suppress(TimeoutError, httpx.HTTPError, BadStream):
        content = await body.read_all(deadline=anyio.current_time() + REFUSAL_SECONDS, max_bytes=REFUSAL_BYTES)
    return read_refusal(body.response, content)
