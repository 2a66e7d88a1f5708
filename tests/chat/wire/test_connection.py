"""A dialect is what it sends and how it reads the answer; everything else is the connection's."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from tests.chat.dialects import HELLO
from tests.fault_server import chunked, serve, whole
from voicebot.chat.wire.api_keys import Credentials
from voicebot.chat.wire.connection import ChatConnection, open_connection
from voicebot.chat.wire.failures import chat_server, reply_refused
from voicebot.chat.wire.replies import ReplyRequest, StreamStep
from voicebot.config.models import ChatServer
from voicebot.errors import ChatError, VoicebotError
from voicebot.http.failures import Refusal
from voicebot.http.lines import LineDecoder
from voicebot.messages import ReplyPart, Usage

pytestmark = pytest.mark.anyio

TELEGRAMS = "text/x-telegram"
SERVER = chat_server("the telegraph office", start_hint="build one")


def read_step(line: str) -> StreamStep | None:
    """Telegrams say STOP where others write a full stop, and END when they are over."""
    return StreamStep(finish="stop") if line == "END" else StreamStep(text=line.replace(" STOP", ". "))


def telegram(*optional_fields: str) -> ReplyRequest[str]:
    content = {"to": [message.content for message in HELLO], "express": True, "gilt": True}
    return ReplyRequest(
        "/telegrams", content, lambda _: LineDecoder(), read_step, accept=TELEGRAMS, optional_fields=optional_fields
    )


async def reply(connection: ChatConnection, request: ReplyRequest[str]) -> list[ReplyPart]:
    async def explain(refusal: Refusal) -> VoicebotError:
        return reply_refused(SERVER, refusal, hint="use a pigeon")

    async with aclosing(connection.stream_reply(request, explain=explain)) as parts:
        return [part async for part in parts]


async def test_a_new_dialect_is_a_request_and_a_step() -> None:
    async with (
        serve() as server,
        open_connection(
            server.url, ChatServer(), SERVER, given=Credentials({"x-key": "k"}, {"via": "sea"}, {})
        ) as connection,
    ):
        server.answer("/telegrams?via=sea", chunked([b"HELLO STOP\nAL", b"L WELL STOP\nEND\n"], TELEGRAMS))
        assert await reply(connection, telegram()) == ["HELLO. ", "ALL WELL. ", Usage(finish_reason="stop")]
    (request,) = server.requests
    assert (request.headers["accept"], request.headers["x-key"]) == (TELEGRAMS, "k")
    assert request.json() == {"to": ["hello"], "express": True, "gilt": True}


async def test_a_field_that_the_server_does_not_know_is_left_out_of_the_next_request() -> None:
    refusal = whole('{"error": "unknown field express"}', status="400 Bad Request")
    another = whole('{"error": "unknown field gilt"}', status="422 Unprocessable Entity")
    fine = chunked([b"FINE STOP\nEND\n"], TELEGRAMS)
    async with serve() as server, open_connection(server.url, ChatServer(), SERVER) as connection:
        server.answer("/telegrams", refusal, another, fine)
        assert (await reply(connection, telegram("express", "gilt")))[0] == "FINE. "
        assert [b"express" in request.body for request in server.requests] == [True, False, False]
        assert [b"gilt" in request.body for request in server.requests] == [True, True, False]
        server.answer("/telegrams", refusal)
        with pytest.raises(ChatError, match="the telegraph office answered 400 Bad Request: unknown field") as caught:
            await reply(connection, telegram())
        assert caught.value.hint == "use a pigeon"
        assert len(server.requests) == 4
