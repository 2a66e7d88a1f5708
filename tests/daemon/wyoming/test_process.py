"""Home Assistant's door as it is opened: by a command, or by the daemon, where a person says so."""

from __future__ import annotations

import re
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wyoming.asr import Transcript
from wyoming.info import Describe
from wyoming.tts import Synthesize

from tests.cli.command import Process, start, voicebot
from tests.daemon.running import QUIET, home_with_config, running_daemon
from tests.daemon.wyoming.clients import audio_of, client_of, reply_to, stream, until
from tests.machine import PATIENCE_SECONDS
from voicebot.daemon.wyoming.place import bound, is_public
from voicebot.errors import ConfigError


@pytest.fixture
def anyio_backend() -> str:
    """The official client knows no other."""
    return "asyncio"


@contextmanager
def running_door(home: Path, *arguments: str) -> Iterator[tuple[str, Process]]:
    """`voicebot wyoming`, and where it listens."""
    process = start(home_with_config(home), "wyoming", *arguments)
    assert process.stderr is not None
    try:
        told = ""
        while not (found := re.search(r"listening at (\S+)", told)):
            line = process.stderr.readline().decode()
            assert line, told
            told += line
        yield found[1], process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.anyio
async def test_the_command_speaks_answers_and_ends_at_a_signal(tmp_path: Path) -> None:
    with running_door(tmp_path, "--uri", "tcp://127.0.0.1:0") as (uri, process):
        async with client_of(uri) as client:
            await client.write_event(Synthesize("Good morning.").event())
            assert await audio_of(client)
            events = await reply_to(client, Transcript("What can you do?").event())
            assert events[-1].type == "handled"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 143


@pytest.mark.anyio
async def test_a_unix_socket_is_for_its_owner_and_a_stale_one_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "wyoming.sock"
    for number in (signal.SIGKILL, signal.SIGTERM):
        with running_door(tmp_path, "--uri", f"unix://{path}") as (uri, process):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
            async with client_of(uri) as client:
                await client.write_event(Describe().event())
                await until(client, "info")
            process.send_signal(number)
            process.wait(PATIENCE_SECONDS)
        assert path.exists() is (number == signal.SIGKILL)


@pytest.mark.anyio
async def test_the_daemon_opens_the_door_too_and_its_floor_stays_free(tmp_path: Path) -> None:
    path = tmp_path / "wyoming.sock"
    config = QUIET + f'[daemon]\nwyoming = "unix://{path}"\n'
    with running_daemon(tmp_path, config=config) as daemon:
        daemon.caller().ask(command="say", text="This takes a while to be said, and it goes on. " * 5)
        async with client_of(f"unix://{path}") as client:
            assert [event.type for event in await stream(client, "Good morning.", 3)][-1] == "synthesize-stopped"
            assert (await reply_to(client, Transcript("What is 6 * 7?").event()))[-1].type == "handled"
        status = daemon.ask(command="status")
        assert (status["speaking"]["utterance"], status["waiting"]) == ("u1", [])
        daemon.ask(command="stop", scope="all")
        assert daemon.end() == 0
    assert not path.exists()


def test_a_daemon_that_cannot_open_the_door_says_so_and_speaks_all_the_same(tmp_path: Path) -> None:
    config = QUIET + '[daemon]\nwyoming = "http://127.0.0.1:1"\n'
    with running_daemon(tmp_path, config=config) as daemon:
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
        daemon.end()
        assert daemon.process.stdout is not None
        assert "daemon.wyoming" in daemon.process.stdout.read().decode()


def test_a_place_that_is_taken_or_invalid_is_told_with_a_remedy(tmp_path: Path) -> None:
    with bound("tcp://127.0.0.1:0") as (_, uri):
        done = voicebot(home_with_config(tmp_path), "wyoming", "--uri", uri)
    assert done.returncode != 0
    assert "--uri" in done.stderr
    (tmp_path / "file").write_text("precious")
    for wrong in ("10200", "tcp://127.0.0.1", "http://127.0.0.1:1", f"unix://{tmp_path}/file", "tcp://h:99999"):
        with pytest.raises(ConfigError), bound(wrong):
            pass
    assert (tmp_path / "file").read_text() == "precious"


def test_a_place_that_other_machines_reach_is_warned_of(tmp_path: Path) -> None:
    assert not any(map(is_public, ["tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1", "unix:///tmp/s"]))
    assert all(map(is_public, ["tcp://0.0.0.0:1", "tcp://192.168.0.2:1", "tcp://[::]:1", "tcp://house.local:1"]))
    process = start(home_with_config(tmp_path), "wyoming", "--uri", "tcp://0.0.0.0:0")
    assert process.stderr is not None
    assert b"password" in process.stderr.readline()
    process.kill()
    process.communicate()
