"""What one client may take of the server, so that there is some left for the others."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from itertools import count, repeat

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.server.raw import Client, Route, every_route, request
from tests.server.running import running_server, until
from voicebot.config.models import ServerConfig
from voicebot.server.connections import drop_stalled, too_many
from voicebot.server.process import bound_socket, connection_limits, run_app
from voicebot.server.streaming import StreamedResponse
from voicebot.testing import ScriptedChat, typed

pytestmark = pytest.mark.anyio
ROUTES = every_route()
CHAT = Route("POST", "/chat")
QUESTION = b'{"text": "Hello."}'
USUAL = connection_limits(ServerConfig())
MOST = USUAL.body_bytes
PART = b"x" * 2**20
QUICK = replace(USUAL, request_seconds=0.2, stalled_seconds=0.4)


async def test_a_body_that_is_too_long_is_refused_before_it_is_sent() -> None:
    async with running_server() as running, Client(running.port) as client:
        for route in [route for route in ROUTES if route.method != "WEBSOCKET"]:
            headers = [*client.right(route), ("content-length", str(MOST + 1))]
            head = request(route, headers, body=b"").replace(b"content-length: 0\r\n", b"")
            answer = await client.send(head)
            assert (route, answer.status) == (route, 413)
            assert route.method == "HEAD" or json.loads(answer.body)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("route", "body", "error"),
    [
        ("/chat", {"text": "x" * 6}, ("the text is longer than 5 characters", "text", "text_too_long")),
        (
            "/v1/audio/speech",
            {"input": "x" * 6},
            ("input is longer than 5 characters", "input", "string_above_max_length"),
        ),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "system", "content": "x" * 6}, {"role": "user", "content": "x" * 6}]},
            ("messages.1.content is longer than 5 characters", "messages.1.content", "string_above_max_length"),
        ),
    ],
)
async def test_a_text_that_is_too_long_is_refused_in_the_form_of_its_route(
    route: str, body: dict[str, object], error: tuple[str, str, str]
) -> None:
    async with running_server(max_characters=5) as running:
        answer = await running.client.post(route, json=body)
        told = answer.json()["error"]
        assert (answer.status_code, told["hint"]) == (413, "server.max_characters")
        assert (told["message"], told["param"], told["code"]) == error


@pytest.mark.parametrize("chunk_bytes", [MOST // 4, 100_000])
async def test_a_body_that_does_not_tell_its_length_ends_where_it_is_too_long(chunk_bytes: int) -> None:
    chat = ScriptedChat([])
    async with running_server(chat) as running, Client(running.port) as client:
        for route in [route for route in ROUTES if route.has_effect]:
            head = request(route, [*client.right(route), ("transfer-encoding", "chunked")], body=b"")
            connection = await client.connect()
            await connection.stream.send(head.replace(b"content-length: 0\r\n", b""))
            chunk = b"%x\r\n" % chunk_bytes + b" " * chunk_bytes + b"\r\n"
            with suppress(anyio.BrokenResourceError):
                for _ in range(MOST // chunk_bytes + 1):
                    await connection.stream.send(chunk)
                answer = await connection.answer()
                assert answer.status == 413 or (route != CHAT and 200 <= answer.status < 500), route
        assert chat.asked == []


async def test_the_longest_body_is_read() -> None:
    async with running_server() as running, Client(running.port) as client:
        body = QUESTION + b" " * (MOST - len(QUESTION))
        assert (await client.ask(CHAT, client.right(CHAT), body=body)).status == 200


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "compress", "gzip, gzip", "identity, gzip", "x"])
async def test_compressed_bodies_are_refused(coding: str) -> None:
    """A thousand bytes may be a gigabyte."""
    async with running_server() as running, Client(running.port) as client:
        for route in [route for route in ROUTES if route.method != "WEBSOCKET"]:
            headers = [*client.right(route), ("content-encoding", coding)]
            assert (await client.ask(route, headers, body=gzip.compress(QUESTION))).status == 415


@pytest.mark.parametrize(
    "framing",
    [
        [("content-length", "5"), ("transfer-encoding", "chunked")],
        [("transfer-encoding", "chunked"), ("transfer-encoding", "identity")],
        [("transfer-encoding", "xchunked")],
        [("content-length", "5"), ("content-length", "6")],
        [("content-length", "-1")],
        [("content-length", "0x5")],
        [("content-length", "5 5")],
        [("content-length", "99999999999999999999999999")],
        [("bad header", "x")],
        [("x", "a\0b")],
    ],
)
async def test_what_could_be_read_as_two_requests_is_refused(framing: list[tuple[str, str]]) -> None:
    chat = ScriptedChat([])
    async with running_server(chat) as running, Client(running.port) as client:
        head = request(CHAT, [*client.right(CHAT), *framing], body=b"").replace(b"content-length: 0\r\n", b"")
        answer = await client.send(head + b"0\r\n\r\n" + request(CHAT, client.right(CHAT), body=QUESTION))
        assert answer.status in {400, 413}
        assert chat.asked == []


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:PORT/chat", "http://evil.test/chat", "https://evil.test/", "evil.test:443", "*"]
)
async def test_a_request_names_a_path_and_no_host(target: str) -> None:
    """The host of such an address counts more than the header, which alone is checked."""
    chat = ScriptedChat([])
    async with running_server(chat) as running, Client(running.port) as client:
        for route in (CHAT, Route("OPTIONS", "/chat"), Route("WEBSOCKET", "/chat")):
            answer = await client.ask(
                route, client.right(route), body=QUESTION, target=target.replace("PORT", str(running.port))
            )
            assert answer.status == 400
        assert chat.asked == []


@pytest.mark.parametrize("size", [70_000, 400_000])
@pytest.mark.parametrize("where", ["header", "headers", "path", "query", "cookie"])
async def test_headers_that_are_too_long_are_refused(where: str, size: int) -> None:
    async with running_server() as running, Client(running.port) as client:
        for route in (CHAT, Route("WEBSOCKET", "/chat")):
            headers, target = client.right(route), route.path
            match where:
                case "header" | "cookie":
                    headers.append((where, "x" * size))
                case "headers":
                    headers += [(f"x-{number}", "x") for number in range(size // 8)]
                case "path":
                    target += "/" + "x" * size
                case "query":
                    target += "?" + "x" * size
            assert (await client.ask(route, headers, target=target)).status in {0, 431}


async def test_a_header_without_an_end_is_not_kept() -> None:
    """It was, as long as there was memory."""
    async with running_server() as running, Client(running.port) as client:
        for beginning in (b"GET / HTTP/1.1\r\nx: ", b"GET /", b"\r\n", b"x"):
            connection = await client.connect()
            with suppress(anyio.BrokenResourceError):
                await connection.stream.send(beginning)
                for _ in range(100):
                    await connection.stream.send(b"x" * 65536)
                assert (await connection.answer()).status in {0, 400, 431}
            with anyio.fail_after(10):
                assert await connection.is_closed()


async def test_a_chunked_body_has_no_endless_ends() -> None:
    """Chunk extensions and trailers are no part of the body, and were kept as long as there was memory."""
    async with running_server() as running, Client(running.port) as client:
        head = request(CHAT, [*client.right(CHAT), ("transfer-encoding", "chunked")], body=b"")
        head = head.replace(b"content-length: 0\r\n", b"")
        for beginning in (b"5;x=", b"0\r\nx-trailer: "):
            connection = await client.connect()
            await connection.stream.send(head + beginning)
            with anyio.fail_after(20), suppress(anyio.BrokenResourceError):
                while True:
                    await connection.stream.send(b"x" * 1_000_000)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"\r\n",
        b"P",
        b"POST /chat HTTP/1.1\r\n",
        b"POST /chat HTTP/1.1\r\nhost: x\r\nx: ",
        b"HEAD",
        b"BODY",
        b"CHUNK",
    ],
)
async def test_a_request_that_does_not_arrive_is_given_up(beginning: bytes) -> None:
    """uvicorn waits for it for ever."""
    async with running_server(limits=QUICK) as running, Client(running.port) as client:
        right = request(CHAT, client.right(CHAT), body=b'{"text": ')
        match beginning:
            case b"HEAD":
                beginning = right.partition(b"\r\n\r\n")[0]
            case b"BODY":
                beginning = right.replace(b"content-length: 9", b"content-length: 99")
            case b"CHUNK":
                beginning = right.replace(b"content-length: 9", b"transfer-encoding: chunked").replace(b"{", b"99\r\n{")
        connection = await client.connect()
        await connection.stream.send(beginning)
        with anyio.fail_after(20):
            answer = await connection.answer()
            assert await connection.is_closed()
        assert answer.status == 408
        await until(lambda: not running.server.admission.running)


async def test_a_byte_now_and_then_does_not_hold_a_connection() -> None:
    async with running_server(limits=QUICK) as running, Client(running.port) as client:
        for beginning in (b"POST /chat HTTP/1.1\r\nx: ", request(CHAT, client.right(CHAT), body=b"x" * 999)[:-999]):
            connection = await client.connect()
            await connection.stream.send(beginning)
            with anyio.fail_after(20), suppress(anyio.BrokenResourceError):
                while True:
                    await connection.stream.send(b"x")
                    await anyio.sleep(0.02)


async def test_a_long_reply_is_not_a_slow_request_and_a_second_one_may_follow_it() -> None:
    chat = ScriptedChat(typed("Good morning. It is a fine day.", first=0.0, rate=20))
    async with running_server(chat, limits=QUICK) as running, Client(running.port) as client:
        connection = await client.connect()
        whole = request(CHAT, client.right(CHAT), body=QUESTION)
        await connection.stream.send(whole + whole[:20])
        assert (await connection.answer()).status == 200
        received = b""
        with anyio.fail_after(20):
            while b"0\r\n\r\n" not in received:
                received += await connection.stream.receive()
        assert b"day" in received
        with anyio.fail_after(20):
            assert await connection.is_closed()
        assert len(chat.asked) == 1


async def test_beyond_the_most_connections_one_is_told_to_come_back() -> None:
    limits = replace(USUAL, most=3, most_of_an_address=1)
    async with running_server(limits=limits) as running, Client(running.port) as client:
        opened = [await client.connect() for _ in range(3)]
        answer = await client.send(b"")
        assert (answer.status, answer.header("retry-after")) == (503, "10")
        await opened[0].stream.aclose()
        with anyio.fail_after(20):
            while (await client.ask(CHAT, client.right(CHAT), body=QUESTION)).status != 200:
                await anyio.lowlevel.checkpoint()


def test_one_other_machine_does_not_take_all_connections() -> None:
    limits = replace(USUAL, most=10, most_of_an_address=2)
    here, one, other = "127.0.0.1", "192.168.1.2", "2001:db8::1"
    assert not too_many([one, one, other, here], one, limits)
    assert too_many([one, one, other, here, one], one, limits)
    assert not too_many([one, one, other, here, other], other, limits)
    assert not too_many([here] * 10, here, limits)
    assert too_many([here] * 11, here, limits)


class Transport(asyncio.Transport):
    """One that says how much waits in it."""

    def __init__(self, sizes: Iterator[int]) -> None:
        super().__init__()
        self._sizes = sizes
        self.aborted = anyio.Event()

    def get_write_buffer_size(self) -> int:
        return next(self._sizes)

    def abort(self) -> None:
        self.aborted.set()


@dataclass(eq=False)
class Waiting:
    """A connection that was closed, and has something left to send."""

    transport: Transport


async def test_what_waits_for_nobody_is_thrown_away() -> None:
    """A connection that was closed with something left to send stayed open for ever."""
    stuck, slow, idle = (Waiting(Transport(sizes)) for sizes in (repeat(5), count(10**6, -1), repeat(0)))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drop_stalled, [stuck, slow, idle], 0.02)
        await stuck.transport.aborted.wait()
        tasks.cancel_scope.cancel()
    assert not slow.transport.aborted.is_set()
    assert not idle.transport.aborted.is_set()


async def raw_answer(_: Scope, receive: Receive, send: Send) -> None:
    """Writes without end, as long as somebody is there."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    async with anyio.create_task_group() as tasks:

        async def end_when_gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        tasks.start_soon(end_when_gone)
        while True:
            await send({"type": "http.response.body", "body": PART, "more_body": True})
            await anyio.lowlevel.checkpoint()


async def endless_parts() -> AsyncGenerator[bytes, None]:
    while True:
        yield PART


async def streamed_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """The same by the response that all our streamed answers are."""
    await StreamedResponse(lambda: aclosing(endless_parts()), media_type="text/plain")(scope, receive, send)


@pytest.mark.parametrize("answer", [raw_answer, streamed_answer])
async def test_who_reads_nothing_of_an_answer_without_an_end_is_dropped(answer: ASGIApp) -> None:
    """A streamed answer to somebody who had gone went on, and let nothing else run."""
    events: list[str] = []
    ready, ended, stop = anyio.Event(), anyio.Event(), anyio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            await send(message)
            events.append(message["type"])

        try:
            await answer(scope, receive, counting)
        finally:
            ended.set()

    with bound_socket(ServerConfig(port=0)) as listening, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        async with anyio.create_task_group() as tasks:
            limits = replace(USUAL, stalled_seconds=0.4)
            tasks.start_soon(lambda: run_app(app, listening, stop=stop, ready=ready.set, limits=limits))
            await ready.wait()
            client.connect(listening.getsockname())
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            with anyio.fail_after(20):
                await ended.wait()
            assert "http.response.body" in events
            with suppress(ConnectionResetError):  # or a plain end, behind what the system had taken
                while await anyio.to_thread.run_sync(client.recv, 2**20):
                    pass
            stop.set()


async def test_a_websocket_message_that_is_too_long_closes_it() -> None:
    """On whatever route takes one; there is at least the one of a conversation."""
    async with running_server() as running, Client(running.port) as client:
        for route in [route for route in ROUTES if route.method == "WEBSOCKET"]:
            conversation = await running.server.conversations.create("owner")
            path = route.path.replace("some-value", conversation.id)
            connection = await client.connect()
            await connection.stream.send(request(Route("WEBSOCKET", path), client.right(route)))
            assert (await connection.answer()).status == 101
            length = MOST + 1
            await connection.stream.send(b"\x81\xff" + length.to_bytes(8, "big") + b"\0" * 4)
            received = b""
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    received += await connection.stream.receive()
            assert b"\x88" in received
            assert (1009).to_bytes(2, "big") in received
