"""Turns, and all that happens in a conversation, as server-sent events."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from types import CoroutineType, FrameType

import anyio
import httpx
import pytest

from tests.machine import PATIENCE_SECONDS
from tests.server.running import REPLY, TOKEN, RunningServer, running_server, until
from tests.server.sse import Sent, read_all, read_until, reading
from voicebot.errors import ChatError
from voicebot.testing import ScriptedChat, typed

pytestmark = pytest.mark.anyio


async def new_conversation(client: httpx.AsyncClient) -> str:
    made = await client.post("/api/conversations", json={})
    return f"/api/conversations/{made.json()['id']}"


def texts(events: list[Sent]) -> list[str]:
    return [sent.data["text"] for sent in events if sent.type == "delta"]


def unending() -> ScriptedChat:
    """Begins a reply and never ends it."""
    return ScriptedChat([(0.0, "Good "), (3600.0, "never")])


@asynccontextmanager
async def half_a_reply(client: httpx.AsyncClient) -> AsyncIterator[tuple[str, AsyncIterator[Sent]]]:
    """The path of a new conversation, and the events of a turn there once its reply has begun."""
    path = await new_conversation(client)
    async with reading(client, "POST", f"{path}/turns", json={"text": "Hello."}) as events:
        await read_until(events, "delta")
        yield path, events


async def test_a_turn_is_its_events_from_a_snapshot_to_its_end() -> None:
    async with running_server() as running:
        path = await new_conversation(running.client)
        events = await read_all(running.client, "POST", f"{path}/turns", json={"text": "Hello."})
        assert [sent.type for sent in events[:2]] == ["snapshot", "turn_started"]
        snapshot, started, ended = events[0], events[1], events[-1]
        assert snapshot.data["conversation"]["id"] in path
        assert (snapshot.id, snapshot.data["resumed"], snapshot.data["said"]) == ("", False, [])
        assert (started.data["message"], started.data["voice"]) == ("Hello.", "none")
        assert (ended.type, ended.data["outcome"], ended.data["heard"]) == ("turn_ended", "completed", REPLY)
        assert "".join(texts(events)) == REPLY
        turn = started.data["turn"]
        assert [sent.id for sent in events[1:]] == [f"{turn}-{number}" for number in range(len(events) - 1)]
        assert {sent.data["type"] for sent in events} == {sent.type for sent in events}


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("line", ["Good morning. It is a fine day, and the sun is shining.\n", "おはようございます。"]),
        ("sentence", ["Good morning.", " It is a fine day, and the sun is shining.", "\nおはようございます。"]),
    ],
)
async def test_text_comes_in_units_and_the_last_line_without_its_newline(unit: str, expected: list[str]) -> None:
    async with running_server() as running:
        path = await new_conversation(running.client)
        events = await read_all(running.client, "POST", f"{path}/turns", json={"text": "Hello.", "unit": unit})
        assert [text.strip() for text in texts(events)] == [text.strip() for text in expected]
        assert "".join(texts(events)) == REPLY


async def test_a_text_is_said_as_it_stands() -> None:
    chat = ScriptedChat([])
    async with running_server(chat) as running:
        path = await new_conversation(running.client)
        events = await read_all(running.client, "POST", f"{path}/turns", json={"text": "Dinner!", "say": True})
        assert events[-1].data["heard"] == "Dinner!"
        assert chat.asked == []


async def test_a_new_turn_ends_the_one_before_or_waits_for_it() -> None:
    async with running_server(unending()) as running, half_a_reply(running.client) as (path, first):
        body = {"text": "2", "barge_in": False}
        async with reading(running.client, "POST", f"{path}/turns", json=body) as second:
            snapshot, waiting = [await anext(second), await anext(second)]
            assert snapshot.data["live"] != waiting.data["turn"]
            assert (waiting.type, waiting.data["position"]) == ("turn_waiting", 1)
            interrupted = await running.client.post(f"{path}/interrupt", json={})
            assert interrupted.json() == {"interrupted": True}
            assert (await read_until(first, "turn_ended"))[-1].data["outcome"] == "interrupted"
            await read_until(second, "delta")
            async with reading(running.client, "POST", f"{path}/turns", json={"text": "3"}) as third:
                assert (await read_until(second, "turn_ended"))[-1].data["outcome"] == "interrupted"
                await read_until(third, "delta")


async def test_a_new_turn_ends_the_one_before_though_it_has_to_wait_itself() -> None:
    """It waited for the very place that the one before held, which nothing ended: one was told to the end."""
    async with (
        running_server(unending(), max_turns=1) as running,
        half_a_reply(running.client) as (path, first),
        reading(running.client, "POST", f"{path}/turns", json={"text": "2"}) as second,
    ):
        assert (await read_until(first, "turn_ended"))[-1].data["outcome"] == "interrupted"
        await read_until(second, "delta")


async def test_a_new_turn_that_waits_on_purpose_ends_none() -> None:
    async with (
        running_server(unending(), max_turns=1) as running,
        half_a_reply(running.client) as (path, first),
        reading(running.client, "POST", f"{path}/turns", json={"text": "2", "barge_in": False}) as second,
    ):
        await read_until(second, "queued")
        await running.client.post(f"{path}/interrupt", json={})
        assert (await read_until(first, "turn_ended"))[-1].data["outcome"] == "interrupted"
        await read_until(second, "delta")


async def test_who_waits_in_line_is_told_its_place() -> None:
    """A stream of events said nothing until its turn began, and looked as if it had failed."""
    chat = ScriptedChat([(0.0, "One. "), (3600.0, "never")])
    async with running_server(chat, max_turns=1, max_waiting=2) as running:
        paths = [await new_conversation(running.client) for _ in range(3)]
        async with reading(running.client, "POST", f"{paths[0]}/turns", json={"text": "1"}) as first:
            await read_until(first, "delta")
            async with reading(running.client, "POST", f"{paths[1]}/turns", json={"text": "2"}) as second:
                assert [sent.type for sent in await read_until(second, "queued")] == ["snapshot", "queued"]
                async with reading(running.client, "POST", f"{paths[2]}/turns", json={"text": "3"}) as third:
                    queued = (await read_until(third, "queued"))[-1]
                    assert (queued.id, queued.data) == ("", {"type": "queued", "position": 2})
                    await running.client.post(f"{paths[0]}/interrupt", json={})
                    assert (await read_until(first, "turn_ended"))[-1].data["outcome"] == "interrupted"
                    assert (await read_until(second, "delta"))[0].type == "turn_started"
                    assert (await read_until(third, "queued"))[-1].data["position"] == 1
        await until(lambda: not running.server.admission.running and not running.server.admission.waiting)


async def test_a_reply_that_fails_is_told_in_its_last_event() -> None:
    chat = ScriptedChat([(0.0, "Good ")], ChatError("the chat server has gone", hint="start it"))
    async with running_server(chat) as running:
        path = await new_conversation(running.client)
        ended = (await read_all(running.client, "POST", f"{path}/turns", json={"text": "Hello."}))[-1]
        assert (ended.data["outcome"], ended.data["error"]) == ("failed", "the chat server has gone")


async def test_a_client_that_goes_away_ends_its_turn() -> None:
    chat = unending()
    async with running_server(chat) as running:
        async with half_a_reply(running.client) as (path, _):
            pass
        await until(lambda: chat.closed and not running.server.admission.running)
        said = (await running.client.get(path)).json()["said"]
        assert [one["outcome"] for one in said] == ["interrupted"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": ""}, 422),
        ({"text": "x", "unit": "word"}, 422),
        ({"text": "x" * 5000}, 413),
        ({}, 422),
        ({"text": "x", "say": "loud"}, 422),
    ],
)
async def test_what_is_not_a_turn_is_refused(body: dict[str, str], status: int) -> None:
    async with running_server() as running:
        path = await new_conversation(running.client)
        assert (await running.client.post(f"{path}/turns", json=body)).status_code == status


async def test_a_turn_beyond_the_line_is_refused_by_a_status() -> None:
    async with (
        running_server(unending(), max_turns=1, max_waiting=0) as running,
        half_a_reply(running.client) as (path, _),
    ):
        answer = await running.client.post(f"{path}/turns", json={"text": "Hello."})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")


# ---------------------------------------------------------------- all that happens


async def test_a_late_reader_is_told_how_it_stands_and_what_the_turn_has_said_so_far() -> None:
    chat = ScriptedChat([(0.0, "Good "), (0.0, "morning."), (3600.0, "never")])
    async with running_server(chat) as running:
        path = await new_conversation(running.client)
        await read_all(running.client, "POST", f"{path}/turns", json={"text": "Dinner!", "say": True})
        async with reading(running.client, "POST", f"{path}/turns", json={"text": "Hello."}) as first:
            await read_until(first, "delta")
            await read_until(first, "delta")
            async with reading(running.client, "GET", f"{path}/events") as events:
                read = await read_until(events, "delta") + await read_until(events, "delta")
                snapshot, started = read[:2]
                assert [said["heard"] for said in snapshot.data["said"]] == ["Dinner!"]
                assert (snapshot.data["live"], started.type) == (started.data["turn"], "turn_started")
                assert texts(read) == ["Good ", "morning."]
                await running.client.post(f"{path}/interrupt", json={})
                assert (await read_until(events, "turn_ended"))[-1].data["outcome"] == "interrupted"


@pytest.mark.parametrize("unit", ["token", "line", "sentence"])
async def test_a_reader_that_comes_back_is_told_only_what_came_after(unit: str) -> None:
    """Wherever it was cut off, what it reads is the reply, once."""
    chat = ScriptedChat(typed(REPLY, first=0.0, rate=1000))
    async with running_server(chat) as running:
        path = await new_conversation(running.client)
        async with reading(running.client, "GET", f"{path}/events?unit={unit}") as events:
            await running.client.post("/chat", json={"text": "Hello.", "conversation": path.rpartition("/")[2]})
            whole = await read_until(events, "turn_ended")
        for place, last in enumerate(whole):
            if not last.id:
                continue
            header = {"last-event-id": last.id}
            async with reading(running.client, "GET", f"{path}/events?unit={unit}", headers=header) as events:
                if last is whole[-1]:
                    break
                again = await read_until(events, "turn_ended")
                assert (again[0].type, again[0].data["resumed"], again[0].data["said"]) == ("snapshot", True, [])
                assert again[1:] == whole[place + 1 :]


async def test_an_id_of_another_conversation_resumes_nothing() -> None:
    async with running_server() as running, running.as_person("bob") as bob:
        mine, his = await new_conversation(running.client), await new_conversation(bob)
        secret = await read_all(running.client, "POST", f"{mine}/turns", json={"text": "Hello."})
        await read_all(bob, "POST", f"{his}/turns", json={"text": "Hello."})
        for id in (secret[1].id, secret[-1].id, "x", "-1", "あ".encode(), "9" * 90 + "-0"):
            headers = {"last-event-id": id}
            async with reading(bob, "GET", f"{his}/events", headers=headers) as events:
                snapshot = await anext(events)
                assert snapshot.data["resumed"] is False
                assert len(snapshot.data["said"]) == 1
        assert (await bob.get(f"{mine}/events")).status_code == 404


async def test_deleting_a_conversation_ends_what_is_read_of_it() -> None:
    async with running_server() as running:
        path = await new_conversation(running.client)
        async with reading(running.client, "GET", f"{path}/events") as events:
            await anext(events)
            await running.client.request("DELETE", path, json={})
            assert [sent async for sent in events] == []


async def test_readers_come_to_their_end_when_the_server_is_told_to_end() -> None:
    async with running_server() as running:
        path = await new_conversation(running.client)
        async with reading(running.client, "GET", f"{path}/events") as events:
            await anext(events)
            running.stop.set()
            assert [sent async for sent in events] == []


def slow_reader(running: RunningServer, request: str) -> socket.socket:
    """Sends a request and takes nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", running.port))
    connection.sendall(request.encode())
    return connection


async def test_a_reader_that_takes_nothing_is_dropped_and_hurts_nobody() -> None:
    chat = ScriptedChat([(0.0, "All work and no play. " * 50)] * 100)
    async with running_server(chat, send_seconds=0.5) as running:
        running.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        path = await new_conversation(running.client)
        head = f"Host: 127.0.0.1:{running.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        opened = running.server.conversations._open["owner", path.rpartition("/")[2]]
        with closing(slow_reader(running, f"GET {path}/events HTTP/1.1\r\n{head}\r\n")):
            await until(lambda: opened.users == 1)
            events = await read_all(running.client, "POST", f"{path}/turns", json={"text": "Write."})
            assert len("".join(texts(events))) == 100 * 50 * 22
            await until(lambda: opened.users == 0)
        body = json.dumps({"text": "Write."})
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        with closing(slow_reader(running, f"POST {path}/turns HTTP/1.1\r\n{head}\r\n{body}")):
            await until(lambda: len(chat.asked) == 2)
            await until(lambda: not running.server.admission.running and opened.users == 0)


@pytest.mark.parametrize("what", ["turns", "events"])
async def test_a_reader_of_something_in_which_nothing_happens_is_told_that_all_is_well(what: str) -> None:
    chat = ScriptedChat([(0.0, "Good "), (3600.0, "never")])
    async with running_server(chat) as running, anyio.create_task_group() as tasks:
        path = await new_conversation(running.client)
        told = anyio.Event()

        def reminded() -> bool:
            running.server.conversations.remind()
            return told.is_set()

        tasks.start_soon(until, reminded)
        method, body = ("POST", {"text": "Hello."}) if what == "turns" else ("GET", None)
        async with running.client.stream(method, f"{path}/{what}", json=body) as answer:
            read = b""
            async for part in answer.aiter_raw():
                read += part
                if read.endswith(b": ping\n\n"):
                    break
            told.set()
        assert (b"event: delta" in read) == (what == "turns")


async def test_many_events_at_once_reach_a_reader_who_takes_them() -> None:
    chat = ScriptedChat([(0.0, "x")] * 1500)
    async with running_server(chat) as running:
        path = await new_conversation(running.client)
        with anyio.fail_after(PATIENCE_SECONDS):
            events = await read_all(running.client, "POST", f"{path}/turns", json={"text": "Write."})
        assert "".join(texts(events)) == "x" * 1500


async def test_a_reply_that_is_read_holds_nothing_of_the_web_framework() -> None:
    """A dozen of its calls were held for each reader, with the request, and gone through for each part."""
    async with running_server(unending()) as running, half_a_reply(running.client):
        files = {frame.f_code.co_filename for task in asyncio.all_tasks() for frame in frames_of(task.get_coro())}
    assert any(file.endswith("voicebot/server/streaming.py") for file in files)
    assert not any(file.endswith("fastapi/routing.py") for file in files)


def frames_of(awaited: object) -> Iterator[FrameType]:
    """Of a coroutine, and of whatever it waits for."""
    while isinstance(awaited, CoroutineType):
        if awaited.cr_frame is not None:
            yield awaited.cr_frame
        awaited = awaited.cr_await
