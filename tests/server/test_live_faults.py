"""Clients of a live connection that do what none should: each hurts nobody but itself."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import anyio
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.machine import PATIENCE_SECONDS
from tests.server.listener import connected, live, new_conversation
from tests.server.raw import Client, Connection, Route, request
from tests.server.running import REPLY, RunningServer, running_server, until
from voicebot.config.models import ServerConfig
from voicebot.server.connections import LimitedWebSocket
from voicebot.server.process import connection_limits
from voicebot.testing import CostingSynthesizer, ScriptedChat
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
USUAL = connection_limits(ServerConfig())
ENDLESS = [(0.0, "Good morning. "), (3600.0, "never")]


def nobody_is_left(running: RunningServer, path: str) -> Callable[[], bool]:
    opened = running.server.conversations._open["owner", path.rpartition("/")[2]]
    return lambda: not running.server.admission.running and opened.users == 0


async def closed_with(connection: ClientConnection) -> int:
    with anyio.fail_after(PATIENCE_SECONDS):
        try:
            while True:
                await connection.recv()
        except ConnectionClosed:
            assert connection.close_code is not None
            return connection.close_code


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"subprotocols": None}, 400),
        ({"subprotocols": ["voicebot.v2"]}, 400),
        ({"additional_headers": {}}, 401),
        ({"person": "bob"}, 404),
    ],
)
async def test_who_may_not_come_in_is_told_before_the_connection_is_open(what: dict[str, str], status: int) -> None:
    async with running_server() as running:
        path = await new_conversation(running)
        with pytest.raises(InvalidStatus) as refused:
            async with connected(running, path, **what):
                pass
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body or b"")["error"]["message"]
        await until(nobody_is_left(running, path))


@pytest.mark.parametrize("rubbish", ["", "{", "null", '{"type":"rm -rf"}', '{"type":"ask","text":[]}', "[" * 100_000])
async def test_rubbish_is_answered_in_words_and_the_conversation_goes_on(rubbish: str) -> None:
    async with running_server() as running, live(running, await new_conversation(running)) as listener:
        await listener.connection.send(rubbish)
        assert (await listener.until("error"))["code"] == "bad_message"
        await listener.send("ask", text="Hello.")
        assert (await listener.until("turn_ended"))["heard"] == REPLY


async def test_a_text_that_is_too_long_is_refused() -> None:
    async with (
        running_server(max_characters=5) as running,
        live(running, await new_conversation(running)) as listener,
    ):
        await listener.send("ask", text="おはようござ")
        assert (await listener.until("error"))["code"] == "text_too_long"
        await listener.send("ask", text="おはようご")
        assert (await listener.until("turn_ended"))["outcome"] == "completed"


async def test_a_frame_that_is_too_large_closes_the_connection() -> None:
    chat = ScriptedChat(ENDLESS)
    async with running_server(chat, max_characters=5) as running:
        path = await new_conversation(running)
        async with connected(running, path) as connection:
            await connection.send(json.dumps({"type": "ask", "text": "Hello"}))
            await until(lambda: chat.sent > 0)
            with suppress(ConnectionClosed):
                await connection.send("x" * 4_000_000)
            assert await closed_with(connection) == 1009
        await until(nobody_is_left(running, path))


async def test_nothing_is_taken_compressed() -> None:
    """A few bytes could become as many as a message may have, again and again."""
    async with running_server() as running:
        path = await new_conversation(running)
        async with connected(running, path, compression="deflate") as connection:
            assert connection.request is not None
            assert connection.response is not None
            assert "permessage-deflate" in connection.request.headers["sec-websocket-extensions"]
            assert "sec-websocket-extensions" not in connection.response.headers


@pytest.mark.parametrize("between", [b"", b"\x89"], ids=["empty parts", "and pings between"])
async def test_a_message_in_a_few_hundred_parts_is_one(between: bytes) -> None:
    async with running_server() as running:
        path = await new_conversation(running)
        async with connected(running, path) as connection:
            sent = connection.transport
            part = masked(b"\x00", b"") + (masked(between, b"") if between else b"")
            sent.write(masked(b"\x01", b'{"type": ') + part * 300 + masked(b"\x80", b'"ping"}'))
            while json.loads(await connection.recv())["type"] != "pong":
                pass
        await until(nobody_is_left(running, path))


@pytest.mark.parametrize("part", [b"\x00", b"\x81", b"\x82", b"\x89", b"\x8a"])
async def test_more_frames_than_anybody_needs_close_the_connection(part: bytes) -> None:
    """A million empty parts of one message took four seconds of the event loop, with pings between them ten."""
    async with running_server() as running:
        path = await new_conversation(running)
        async with connected(running, path) as connection:
            connection.transport.write(masked(b"\x01", b'{"type": ') if part == b"\x00" else b"")
            connection.transport.write(masked(part, b"") * 100_000)
            assert await closed_with(connection) in (1003, 1006, 1008)  # what is left unread resets the connection
        await until(nobody_is_left(running, path))


async def test_what_is_no_text_closes_the_connection() -> None:
    async with running_server() as running:
        path = await new_conversation(running)
        async with connected(running, path) as connection:
            await connection.send(b"\x01\x01\x00\x00")
            assert await closed_with(connection) == 1003
        await until(nobody_is_left(running, path))


async def test_a_flood_closes_the_connection_and_others_go_on() -> None:
    chat = ScriptedChat(ENDLESS)
    async with running_server(chat) as running:
        path, other = await new_conversation(running), await new_conversation(running)
        async with live(running, other) as listener, connected(running, path) as flooding:
            with suppress(ConnectionClosed):
                for _ in range(1000):
                    await flooding.send('{"type":"ping"}')
            assert await closed_with(flooding) == 1008
            await listener.send("ask", text="Hello.")
            await listener.until("delta")
        await until(nobody_is_left(running, path))


async def test_reports_of_next_to_nothing_are_a_flood() -> None:
    text = "This is the only one."
    async with running_server(
        ScriptedChat([(0.0, text)]), CostingSynthesizer(delay=0.0, rtf=0.0, seconds=1.9)
    ) as running:
        path = await new_conversation(running)
        async with live(running, path, plays=False) as listener:
            await listener.send("ask", text="Hello.")
            await listener.until("audio_end")
            with suppress(ConnectionClosed):
                for frame in range(1000):
                    await listener.played(0, frame)
            with anyio.fail_after(PATIENCE_SECONDS):
                await listener.connection.wait_closed()
            assert listener.connection.close_code == 1008
        await until(nobody_is_left(running, path))


async def test_asking_again_and_again_is_one_turn_at_a_time() -> None:
    chat = ScriptedChat(ENDLESS)
    async with running_server(chat) as running:
        path = await new_conversation(running)
        async with live(running, path) as listener:
            for number in range(10):
                await listener.send("ask", text=str(number))
            await listener.until("turn_started", message="9")
            await listener.until("delta")
            assert running.server.admission.running == 1
        await until(nobody_is_left(running, path))


async def test_more_turns_than_one_person_may_have_are_refused() -> None:
    chat = ScriptedChat(ENDLESS)
    async with (
        running_server(chat, max_turns_of_a_person=3) as running,
        live(running, await new_conversation(running)) as listener,
    ):
        for _ in range(4):
            await listener.send("ask", text="Hello.", barge_in=False)
        assert (await listener.until("error"))["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize("how", ["half-closed", "reset", "closed"])
@pytest.mark.parametrize("phase", ["snapshot", "turn_started", "delta", "audio_begin", "playback_started", "pause"])
async def test_a_client_that_goes_away_ends_its_turn_in_every_phase(phase: str, how: str) -> None:
    chat = ScriptedChat(ENDLESS)
    async with running_server(chat, ToneSynthesizer(sample_rate=8000)) as running:
        path = await new_conversation(running)
        async with live(running, path, plays=phase == "playback_started") as listener:
            if phase == "pause":
                await listener.send("pause")
            await listener.send("ask", text="Hello.")
            if phase != "snapshot":
                await listener.until(phase)
            match how:
                case "half-closed":
                    listener.connection.transport.write_eof()
                case "reset":
                    assert isinstance(listener.connection.transport, asyncio.Transport)
                    listener.connection.transport.abort()
                case "closed":
                    await listener.connection.close()
            with anyio.fail_after(PATIENCE_SECONDS):
                await until(nobody_is_left(running, path))
        assert chat.closed or not chat.asked


async def test_a_listener_that_takes_nothing_is_dropped_and_hurts_nobody() -> None:
    text = "All work and no play makes Jack a dull boy. " * 100
    chat = ScriptedChat([(0.1, text)] * 20)  # four times as long as a listener may take nothing
    async with running_server(chat, send_seconds=0.5) as running:
        running.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        path = await new_conversation(running)
        connection = await connected(running, path, max_queue=1)
        connection.transport.pause_reading()
        async with live(running, path, listens=False) as reads:
            await connection.send(json.dumps({"type": "ask", "text": "Write."}))
            ended = await reads.until("turn_ended")
            assert ended["outcome"] == "interrupted"
            await reads.send("ask", text="Write.")
            assert (await reads.until("turn_ended"))["heard"] == text * 20
        await until(nobody_is_left(running, path))
        connection.transport.abort()


async def test_a_hundred_cancels_at_once_are_one() -> None:
    chat = ScriptedChat(ENDLESS)
    async with running_server(chat, CostingSynthesizer()) as running:
        path = await new_conversation(running)
        async with live(running, path) as listener:
            for _ in range(2):
                await listener.send("ask", text="Hello.")
                await listener.until("delta")
                async with anyio.create_task_group() as tasks:
                    for _ in range(100):
                        tasks.start_soon(lambda: running.client.post(f"{path}/interrupt", json={}))
                assert (await listener.until("turn_ended"))["outcome"] == "interrupted"
        await until(nobody_is_left(running, path))


async def test_a_client_that_says_nothing_more_is_given_up_and_its_turn_ends() -> None:
    """One whose network is gone sends no end: it is asked now and then whether it is there."""
    chat = ScriptedChat(ENDLESS)
    async with running_server(chat, limits=replace(USUAL, ping_seconds=0.2)) as running, Client(running.port) as client:
        path = await new_conversation(running)
        connection = await upgraded(client, path)
        await connection.stream.send(masked(b"\x81", b'{"type":"ask","text":"Hello."}'))
        await until(lambda: chat.sent > 0)
        with anyio.fail_after(20):
            assert await connection.is_closed()
        await until(nobody_is_left(running, path))
        assert chat.closed


async def test_pings_whose_answers_nobody_reads_are_not_answered_without_end() -> None:
    """The answers were kept as long as there was memory: they grew, so that it did not look stalled."""
    limits = replace(USUAL, frames_at_once=200_000)
    async with running_server(limits=limits) as running, Client(running.port) as client:
        running.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        path = await new_conversation(running)
        connection = await upgraded(client, path)
        pings = masked(b"\x89", b"x" * 125) * 1000
        for _ in range(100):
            await connection.stream.send(pings)
        served = [one for one in gc.get_objects() if issubclass(type(one), LimitedWebSocket)]  # a proxy may be dead
        waiting = [one.transport.get_write_buffer_size() for one in served if not one.transport.is_closing()]
        assert len(waiting) == 1
        assert waiting[0] < 1_000_000


async def upgraded(client: Client, path: str) -> Connection:
    """A connection to which whatever is sent goes as it is."""
    route = Route("WEBSOCKET", f"{path}/live")
    connection = await client.connect()
    await connection.stream.send(request(route, client.right(route)))
    assert (await connection.answer()).status == 101
    return connection


def masked(kind: bytes, payload: bytes) -> bytes:
    """A frame of a client; the mask changes nothing."""
    assert len(payload) < 126
    return kind + bytes([0x80 | len(payload)]) + b"\0" * 4 + payload


@pytest.mark.parametrize("report", [None, (0, 0), (7, 5)], ids=["none", "always the same", "of what was not sent"])
async def test_reports_that_lead_nowhere_hold_no_turn(report: tuple[int, int] | None) -> None:
    """What nobody reports in time was not heard, and the next utterance has its time."""
    text = "This is the first one. This is the second one. This is the third one."
    voice = CostingSynthesizer(delay=0.0, rtf=0.0, seconds=0.9)
    async with running_server(ScriptedChat([(0.0, text)]), voice) as running:
        path = await new_conversation(running)
        async with live(running, path, plays=False) as listener, anyio.create_task_group() as tasks:

            async def report_again_and_again() -> None:
                while report is not None:
                    await listener.played(*report)
                    await anyio.sleep(0.05)

            await listener.send("ask", text="Hello.")
            tasks.start_soon(report_again_and_again)
            ended = await listener.until("turn_ended")
            tasks.cancel_scope.cancel()
        assert (ended["outcome"], ended["heard"]) == ("completed", "")
        await until(nobody_is_left(running, path))
