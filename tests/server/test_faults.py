"""What breaks around the server: it goes on with everything else, and nothing of it is left."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import socket
import sqlite3
import struct
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute

from tests.fakes import GatedChat
from tests.machine import PATIENCE_SECONDS
from tests.server.listener import live, new_conversation
from tests.server.raw import Client, Route, request
from tests.server.running import REPLY, RunningServer, running_server, until
from voicebot.config.models import ServerConfig
from voicebot.errors import ChatError, SynthesisError
from voicebot.messages import Message
from voicebot.server.descriptors import take_descriptors
from voicebot.server.process import connection_limits
from voicebot.testing import CostingSynthesizer, ScriptedChat, typed
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
CHAT = Route("POST", "/chat")
QUESTION = b'{"text": "Hello."}'
MESSAGES = [{"role": "user", "content": "Hello."}]
HEARD = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
THOUSAND = 1000
MANY: dict[str, Any] = {"max_turns": 2000, "max_turns_of_a_person": 2000}  # Any: settings of every kind
PATIENT = replace(connection_limits(ServerConfig()), request_seconds=3600.0)
"""A thousand may take longer than half a minute to ask."""


def left_over(running: RunningServer) -> tuple[int, int, int]:
    """Tasks, file descriptors and turns."""
    admission = running.server.admission
    return len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")), admission.running + admission.waiting


@asynccontextmanager
async def leaving_nothing(running: RunningServer) -> AsyncIterator[None]:
    """The block leaves no task, no descriptor and no turn of the server."""
    await running.client.get("/health")  # its own connection stays open
    before = left_over(running)
    yield
    await until(lambda: all(now <= then for now, then in zip(left_over(running), before, strict=True)))


@pytest.mark.parametrize(
    "script",
    [[(3600.0, "never")], [(0.0, "Good "), (3600.0, "never")], typed(REPLY * 100, first=0.0, rate=200)],
    ids=["before the reply", "between two deltas", "while it comes"],
)
@pytest.mark.parametrize("leave", ["close", "half", "reset"])
async def test_a_client_that_goes_ends_its_turn_in_every_phase(script: list[tuple[float, str]], leave: str) -> None:
    """One that closes its half has gone, too: whoever reads on keeps it open."""
    chat = ScriptedChat(script)
    async with running_server(chat) as running, leaving_nothing(running), Client(running.port) as client:
        connection = await client.connect()
        await connection.stream.send(request(CHAT, client.right(CHAT), body=QUESTION))
        await until(lambda: bool(chat.asked) and chat.sent >= min(1, len(script) - 1))
        match leave:
            case "close":
                await connection.stream.aclose()
            case "half":
                await connection.stream.send_eof()
            case "reset":
                raw = connection.stream.extra(SocketAttribute.raw_socket)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await connection.stream.aclose()
        await until(lambda: chat.closed)


@pytest.mark.parametrize("sent", [0, 1, 20, 60, -40, -1])
async def test_a_client_that_goes_before_it_has_asked_leaves_nothing(sent: int) -> None:
    chat = ScriptedChat([])
    async with running_server(chat) as running, leaving_nothing(running), Client(running.port) as client:
        connection = await client.connect()
        await connection.stream.send(request(CHAT, client.right(CHAT), body=QUESTION)[:sent])
        await connection.stream.aclose()
        assert (await running.client.get("/health")).status_code == 200
        assert chat.asked == []


async def test_one_that_waits_for_its_turn_may_go() -> None:
    chat = ScriptedChat([(0.0, "Good "), (3600.0, "never")])
    async with running_server(chat, max_turns=1) as running, leaving_nothing(running), Client(running.port) as client:
        connections = [await client.connect() for _ in range(3)]
        for connection in connections:
            await connection.stream.send(request(CHAT, client.right(CHAT), body=QUESTION))
            await until(lambda: running.server.admission.running == 1)
        await until(lambda: running.server.admission.waiting == 2)
        await connections[1].stream.aclose()
        await connections[2].stream.aclose()
        await until(lambda: running.server.admission.waiting == 0)
        assert len(chat.asked) == 1
        await connections[0].stream.aclose()


async def test_a_thousand_that_go_at_once_leave_nothing() -> None:
    chat = ScriptedChat([(0.0, "Good "), (3600.0, "never")])
    take_descriptors(2 * THOUSAND)
    async with (
        running_server(chat, limits=PATIENT, **MANY) as running,
        leaving_nothing(running),
        Client(running.port) as client,
    ):
        whole = request(CHAT, client.right(CHAT), body=QUESTION)
        connections = [await client.connect() for _ in range(THOUSAND)]
        for connection in connections:
            await connection.stream.send(whole)
        await until(lambda: running.server.admission.running == len(connections))
        async with anyio.create_task_group() as tasks:
            for connection in connections:
                tasks.start_soon(connection.stream.aclose)
        await until(lambda: running.server.admission.running == 0)


async def test_a_thousand_interruptions_at_once_end_one_turn() -> None:
    chat = ScriptedChat([(0.0, "Good "), (3600.0, "never")])
    async with running_server(chat, limits=PATIENT, **MANY) as running, Client(running.port) as client:
        conversation = (await running.server.conversations.create("owner")).id
        body = json.dumps({"text": "Hello.", "conversation": conversation}).encode()
        route = Route("POST", f"/api/conversations/{conversation}/interrupt")
        interrupted: list[bool] = []

        async def interrupt() -> None:
            answer = await client.ask(route, client.right(route))
            interrupted.append(json.loads(answer.body)["interrupted"])

        async with leaving_nothing(running):
            connection = await client.connect()
            await connection.stream.send(request(CHAT, client.right(CHAT), body=body))
            assert (await connection.answer()).status == 200
            async with anyio.create_task_group() as tasks:
                for _ in range(1000):
                    tasks.start_soon(interrupt)
            await connection.stream.aclose()
        assert len(interrupted) == 1000
        assert any(interrupted)
        assert len(chat.asked) == 1
        assert chat.closed


async def test_replies_that_do_not_end_in_time_are_cut_off_when_it_is_told_to_stop() -> None:
    chat = ScriptedChat([(0.0, "Good "), (3600.0, "never")])
    async with running_server(chat, drain_seconds=0.1) as running, Client(running.port) as client:
        connection = await client.connect()
        await connection.stream.send(request(CHAT, client.right(CHAT), body=QUESTION))
        assert (await connection.answer()).status == 200
        running.stop.set()
        with anyio.fail_after(PATIENCE_SECONDS):
            assert await connection.is_closed()
        await until(lambda: chat.closed)


async def test_what_is_in_flight_at_every_door_ends_by_itself_when_it_is_told_to_stop() -> None:
    chat = GatedChat("Good. ", REPLY)
    async with running_server(chat, ToneSynthesizer(sample_rate=8000)) as running:
        client, path = running.client, await new_conversation(running)
        doors: list[tuple[str, dict[str, object]]] = [
            ("/chat", {"text": "Hello."}),
            (f"{await new_conversation(running)}/turns", {"text": "Hello."}),
            ("/v1/chat/completions", {"messages": MESSAGES, "stream": True}),
            ("/v1/chat/completions", {"messages": MESSAGES, "stream": True, **HEARD}),
        ]
        whole: dict[int, str] = {}

        async def read(number: int) -> None:
            async with client.stream("POST", doors[number][0], json=doors[number][1]) as answer:
                whole[number] = (await answer.aread()).decode()

        async with live(running, path) as listener, anyio.create_task_group() as tasks:
            for number in range(len(doors)):
                tasks.start_soon(read, number)
            await listener.send("ask", text="Hello.")
            await listener.until("delta")
            await until(lambda: running.server.admission.running == len(doors) + 1)
            running.stop.set()
            await until(lambda: running.server.admission.draining)
            health = await client.get("/health")
            assert (health.status_code, health.json()) == (503, {"status": "draining"})
            refused = await client.post("/chat", json={"text": "Hello."})
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
            chat.gate.set()
            assert (await listener.until("turn_ended"))["heard"] == f"Good. {REPLY}"
        assert whole[0] == f"Good. {REPLY}"
        assert "turn_ended" in whole[1]
        assert whole[2].endswith("data: [DONE]\n\n")
        assert whole[3].endswith("data: [DONE]\n\n")


class BuggyChat:
    name = "buggy"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
        yield "One sentence. "
        raise RuntimeError("a bug")


async def test_a_bug_in_the_middle_of_a_turn_breaks_its_events_off_and_leaves_nothing() -> None:
    """Whoever read them would otherwise wait for the end of the turn for ever."""
    async with running_server(BuggyChat()) as running:
        made = await running.client.post("/api/conversations", json={})
        path = f"/api/conversations/{made.json()['id']}/turns"
        async with leaving_nothing(running):
            with anyio.fail_after(PATIENCE_SECONDS):
                async with running.client.stream("POST", path, json={"text": "?"}) as answer:
                    assert answer.status_code == 200
                    with pytest.raises(httpx.RemoteProtocolError):
                        await answer.aread()


async def test_a_chat_server_that_was_down_is_asked_again() -> None:
    chat = ScriptedChat(typed(REPLY, first=0.0, rate=1000), ChatError("nobody answers"))
    async with running_server(chat) as running, leaving_nothing(running):
        body = {"text": "Hello.", "stream": False}
        assert (await running.client.post("/chat", json=body)).status_code == 502
        chat.error = None
        assert (await running.client.post("/chat", json=body)).json()["output"] == REPLY


async def test_a_voice_that_was_down_is_asked_again() -> None:
    voice = CostingSynthesizer(delay=0.0, rtf=0.0, fails={"Good": SynthesisError("the engine has gone")})
    async with running_server(voice=voice) as running, leaving_nothing(running):
        body = {"input": "Good morning.", "model": "tts-1", "voice": "alloy", "response_format": "pcm"}
        assert (await running.client.post("/v1/audio/speech", json=body)).status_code >= 500
        voice.fails = {}
        assert (await running.client.post("/v1/audio/speech", json=body)).status_code == 200


@contextmanager
def no_room_for_rows(path: Path) -> Iterator[None]:
    """The file can be read, and takes nothing more."""
    tables = ("conversation", "turn")
    with closing(sqlite3.connect(path)) as other:
        for table in tables:
            full = "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
            other.execute(f"CREATE TRIGGER full_{table} BEFORE INSERT ON {table} {full}")
    yield
    with closing(sqlite3.connect(path)) as other:
        for table in tables:
            other.execute(f"DROP TRIGGER full_{table}")


@contextmanager
def no_room_for_bytes(_: Path) -> Iterator[None]:
    """No file of this process becomes longer than less than what any change of a database takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("full_disk", [no_room_for_rows, no_room_for_bytes])
async def test_a_full_disk_costs_no_reply_and_leaves_nothing_open(
    full_disk: Callable[[Path], AbstractContextManager[None]], tmp_path: Path
) -> None:
    """Each connection to the file that was closed after a failure was kept until the end of the process."""
    path = tmp_path / "history.db"
    async with running_server(history=str(path)) as running:
        conversation = (await running.server.conversations.create("owner")).id
        body = {"text": "Hello.", "conversation": conversation, "stream": False}

        async def ask() -> None:
            assert (await running.client.post("/chat", json=body)).json()["output"] == REPLY
            await until(lambda: not running.server.admission.running)

        await ask()
        with full_disk(path):
            await ask()
            threads, objects = threading.active_count(), connections_to_files()
            async with leaving_nothing(running):
                for _ in range(5):
                    await ask()
                assert (await running.client.get("/health")).status_code == 200
            assert threading.active_count() <= threads
            assert connections_to_files() <= objects
        await ask()
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT count(*) FROM turn").fetchone() == (8,)


def connections_to_files() -> int:
    """Open or not."""
    gc.collect()
    return sum(isinstance(one, sqlite3.Connection) for one in gc.get_objects())
