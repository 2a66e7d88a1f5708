"""The programs and the lines of docs/server.md, as they are printed, against a running server."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.markdown import blocks, read
from tests.server.running import REPLY, TOKEN, running_server
from tests.server.sse import Sent, events_of, read_until
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
PAGES = ["docs/server.md", "docs/server.ja.md"]
CHAT, TURN, LIVE = range(3)


def made_for(text: str, port: int, conversation: str = "ID") -> str:
    """An example with the address and the token of a test."""
    assert "127.0.0.1:8765" in text
    assert "TOKEN" in text
    text = text.replace("127.0.0.1:8765", f"127.0.0.1:{port}").replace("TOKEN", TOKEN)
    return text.replace("/ID/", f"/{conversation}/")


def curl_line(page: str, path: str) -> str:
    """The line for curl that asks for `path`."""
    [line] = [block for block in blocks(read(page), "sh") if block.startswith("curl") and f"{path} " in block]
    return line


@asynccontextmanager
async def curl(line: str) -> AsyncIterator[AsyncIterator[Sent]]:
    """The events that curl prints, as long as it is left to run."""
    async with await anyio.open_process(["sh", "-c", f"exec {line}"], stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        printed = BufferedByteReceiveStream(process.stdout)

        async def lines() -> AsyncIterator[str]:
            while True:
                yield (await printed.receive_until(b"\n", 1 << 20)).decode()

        with anyio.fail_after(20):
            yield events_of(lines())
        process.terminate()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("number", [CHAT, TURN, LIVE], ids=["chat", "turn", "live"])
async def test_each_program_prints_the_reply(page: str, number: int, tmp_path: Path) -> None:
    program = blocks(read(page), "python")[number]
    async with running_server(voice=ToneSynthesizer()) as running:
        code = made_for(program, running.port)
        done = await anyio.run_process([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.STDOUT)
    assert "".join(done.stdout.decode().split()) == "".join(REPLY.split())
    if number == LIVE:
        with wave.open(io.BytesIO((tmp_path / "joke.wav").read_bytes())) as file:
            assert file.getnframes() > file.getframerate()


@pytest.mark.parametrize("page", PAGES)
async def test_a_character_that_a_proxy_sends_in_two_parts_is_printed_whole(page: str) -> None:
    """A proxy puts parts together and cuts them anew; the program ended with a UnicodeDecodeError."""

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
            for part in (head.encode(), b"2\r\n\xe3\x81\r\n", b"1\r\n\x82\r\n", b"0\r\n\r\n"):
                await stream.send(part)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        done = await anyio.run_process([sys.executable, "-c", made_for(blocks(read(page), "python")[CHAT], port)])
        assert done.stdout.decode() == "あ"
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("page", PAGES)
async def test_the_lines_for_curl_ask_for_somebody_and_begin_a_conversation(page: str) -> None:
    async with running_server() as running, running.as_person("owner") as owner:
        me = await anyio.run_process(["sh", "-c", made_for(curl_line(page, "/api/me"), running.port)])
        assert json.loads(me.stdout)["person"] == "alice"
        begun = await anyio.run_process(["sh", "-c", made_for(curl_line(page, "/api/conversations"), running.port)])
        listed = (await owner.get("/api/conversations")).json()["conversations"]
        assert [one["id"] for one in listed] == [json.loads(begun.stdout)["id"]]


@pytest.mark.parametrize("page", PAGES)
async def test_curl_reads_all_that_happens_and_comes_back_where_it_was_cut_off(page: str) -> None:
    async with running_server() as running:
        id = (await running.server.conversations.create("owner")).id
        line = made_for(curl_line(page, "/api/conversations/ID/events"), running.port, id)
        async with curl(line) as events:
            first = [await anext(events)]
            await running.client.post("/chat", json={"text": "Hello.", "conversation": id})
            first += await read_until(events, "turn_ended")
        assert (first[0].type, first[0].data["resumed"]) == ("snapshot", False)
        assert "".join([sent.data["text"] for sent in first if sent.type == "delta"]) == REPLY
        cut = first[len(first) // 2]
        async with curl(f'{line.strip()} -H "Last-Event-ID: {cut.id}"') as events:
            again = await read_until(events, "turn_ended")
        assert (again[0].type, again[0].data["resumed"], again[0].data["said"]) == ("snapshot", True, [])
        assert again[1:] == first[first.index(cut) + 1 :]
