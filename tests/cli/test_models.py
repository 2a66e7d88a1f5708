"""`voicebot models`: which chat models there are, in a process of its own against a real server."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from anyio import to_thread

from tests.chat.dialects import CONTRACTS
from tests.cli.command import COMMAND, environment, json_lines, voicebot
from tests.fault_server import FaultServer, serve, whole

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The command runs elsewhere; the server here may run on either event loop."""
    return "asyncio"


def be_ollama(server: FaultServer) -> None:
    for name in ("version", "tags", "ps", "show"):
        server.answer(f"/api/{name}", whole((CONTRACTS / "ollama" / f"{name}.json").read_bytes()))


async def test_the_models_of_a_server_are_listed_with_what_it_tells(tmp_path: Path) -> None:
    async with serve() as server:
        be_ollama(server)
        given = ("models", "--base-url", server.url)
        listed = await to_thread.run_sync(lambda: voicebot(tmp_path, *given, "--json"))
        shown = await to_thread.run_sync(lambda: voicebot(tmp_path, *given))
        asked = await to_thread.run_sync(lambda: voicebot(tmp_path, *given, "--chat", "ollama", "--json"))
    assert listed.returncode == shown.returncode == asked.returncode == 0
    (row,) = json_lines(listed.stdout)
    assert row == {
        "model": "qwen3:4b",
        "server": server.url,
        "kind": "ollama",
        "state": "ready",
        "used": True,
        "loaded": True,
        "context_tokens": 40960,
        "size_bytes": 2497293931,
        "abilities": ["tools", "thinking"],
    }
    assert json_lines(asked.stdout) == [row]
    assert listed.stderr == ""
    assert shown.stdout == f"qwen3:4b\tollama at {server.url}\tused\tloaded\t2.5 GB\t40960\ttools, thinking\n"
    assert f"found Ollama at {server.url}, using qwen3:4b" in shown.stderr


async def test_another_model_than_the_server_has_is_answered_with_the_nearest(tmp_path: Path) -> None:
    async with serve() as server:
        be_ollama(server)
        done = await to_thread.run_sync(
            lambda: voicebot(tmp_path, "models", "--base-url", server.url, "--model", "qwen3:4")
        )
    assert done.returncode == 0
    assert 'set chat.model = "qwen3:4b"' in done.stderr
    assert "wrong model" in done.stdout


async def test_no_server_and_no_model_are_chat_errors_that_say_what_to_do(tmp_path: Path) -> None:
    async with serve() as server:
        server.answer("/v1/models", whole(json.dumps({"data": []})))
        empty = await to_thread.run_sync(lambda: voicebot(tmp_path, "models", "--base-url", f"{server.url}/v1"))
        asked = await to_thread.run_sync(
            lambda: voicebot(tmp_path, "models", "--chat", "openai", "--base-url", f"{server.url}/v1")
        )
    gone = await to_thread.run_sync(lambda: voicebot(tmp_path, "models", "--base-url", server.url))
    assert [done.returncode for done in (empty, asked, gone)] == [4, 4, 4]
    assert "has no chat model loaded" in empty.stderr
    assert "has no chat model" in asked.stderr
    assert "no chat server answered" in gone.stderr
    assert all("→" in done.stderr and not done.stdout for done in (empty, asked, gone))


def in_a_terminal(home: Path, *arguments: str) -> str:
    """What the command prints to a terminal."""
    ours, theirs = os.openpty()
    shown = b""
    with subprocess.Popen([*COMMAND, *arguments], cwd=home, env=environment(home), stdout=theirs, stderr=theirs):
        os.close(theirs)
        with suppress(OSError):  # the other side has closed
            while data := os.read(ours, 65_536):
                shown += data
    os.close(ours)
    return shown.decode()


async def test_very_many_models_are_listed_without_being_aligned(tmp_path: Path) -> None:
    """A table of 50,000 of them took a minute to be aligned for a terminal."""
    async with serve() as server:
        server.answer("/v1/models", whole(json.dumps({"data": [{"id": f"m{number}"} for number in range(1001)]})))
        shown = await to_thread.run_sync(
            lambda: in_a_terminal(tmp_path, "models", "--chat", "openai", "--base-url", f"{server.url}/v1")
        )
    assert [f"m{number}\t" in shown for number in (0, 1000)] == [True, True]


async def test_a_kind_without_models_says_so(tmp_path: Path) -> None:
    done = await to_thread.run_sync(lambda: voicebot(tmp_path, "models", "--chat", "demo"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "no models to choose from" in done.stderr
