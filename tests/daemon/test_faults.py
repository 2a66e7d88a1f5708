"""What takes things from the daemon: kills at bad moments, a full disk, a device that goes, strangers at the door."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketListener

from tests.cli.command import COMMAND, environment, start, survivors, voicebot
from tests.daemon.running import LONG, QUIET, Caller, home_with_config, pid_of, running_daemon
from tests.daemon.test_device import streams
from tests.fake_voicevox import fake_voicevox
from tests.fakes import pipeline
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import null_sink, wait_until
from voicebot.conversation import Conversation
from voicebot.daemon.address import Address
from voicebot.daemon.caller import Controls
from voicebot.daemon.client import is_ours
from voicebot.daemon.control import serve
from voicebot.daemon.dispatcher import open_dispatcher
from voicebot.daemon.place import listening
from voicebot.memory.window import WindowMemory
from voicebot.testing import CostingSynthesizer, ScriptedChat

# ---------------------------------------------------------------- killed


@pytest.mark.parametrize("sign", ["daemon.lock", "control.sock"])
def test_a_daemon_killed_while_it_starts_does_not_block_the_next(tmp_path: Path, sign: str) -> None:
    home_with_config(tmp_path)
    process = start(tmp_path, "daemon", "run")
    wait_until((tmp_path / "voicebot" / sign).exists, "it does not start")
    process.kill()
    process.communicate()
    with running_daemon(tmp_path) as daemon:
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"


@pytest.mark.parametrize("phase", ["reload", "stop"])
def test_a_daemon_killed_while_it_reloads_or_ends_does_not_block_the_next(tmp_path: Path, phase: str) -> None:
    with running_daemon(tmp_path) as daemon:
        caller = daemon.caller()
        caller.ask(command="say", text=LONG, wait="started")
        if phase == "reload":
            caller.send(command="reload")
        else:
            daemon.process.terminate()
        daemon.end(signal.SIGKILL)
    with running_daemon(tmp_path) as daemon:
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"


# ---------------------------------------------------------------- files


def test_where_nothing_can_be_written_it_says_so_and_starts_when_there_is_room(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    full = subprocess.run(
        [*COMMAND, "daemon", "run"],
        cwd=tmp_path,
        env=environment(tmp_path, PYTHONDONTWRITEBYTECODE="1"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert (full.returncode, "cannot write into" in full.stderr) == (1, True), full.stderr
    assert "Traceback" not in full.stderr
    with running_daemon(tmp_path) as daemon:
        assert daemon.ask(command="status")["ok"]


def test_a_folder_that_is_removed_under_a_daemon_is_the_next_ones(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as old:
        shutil.rmtree(old.path.parent)
        assert voicebot(tmp_path, "status").returncode == 1
        with running_daemon(tmp_path) as new:
            assert old.end(signal.SIGTERM) == 0
            assert new.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
            assert {path.name for path in new.path.parent.glob("*.sock")} == {"control.sock", "speechd.sock"}


def test_the_log_does_not_grow_and_only_its_owner_reads_any_part_of_it(tmp_path: Path) -> None:
    """The file that follows a full one had the rights of any new file."""
    code = (
        "import logging\n"
        "from voicebot.daemon.logs import open_log\n"
        "with open_log(None):\n"
        "    for number in range(60_000): logging.getLogger('x').info('line %d %s', number, 'x' * 80)\n"
    )
    subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), check=True)
    files = list((tmp_path / ".local" / "state" / "voicebot").glob("daemon.log*"))
    assert len(files) == 4
    assert all(file.stat().st_size <= 1_000_000 for file in files)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_where_no_log_can_be_kept_it_speaks_all_the_same(tmp_path: Path) -> None:
    """It did not start, and only said: see why with `voicebot daemon run`, which keeps no log and did start."""
    home_with_config(tmp_path)
    (tmp_path / "state").write_text("a file")
    done = voicebot(tmp_path, "say", "--daemon", "--wait", "Good morning.", XDG_STATE_HOME=str(tmp_path / "state"))
    pid = pid_of(tmp_path)
    os.kill(pid, signal.SIGTERM)
    assert (done.returncode, done.stderr) == (0, "")
    assert survivors([pid], seconds=10) == []


def test_what_is_spoken_is_in_none_of_the_daemons_files(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    canary = "rhubarb"
    assert voicebot(tmp_path, "say", "--daemon", "--wait", f"The word is {canary}.").returncode == 0
    pid = pid_of(tmp_path)
    with ExitStack() as stack:
        caller = Caller(tmp_path / "voicebot" / "control.sock")
        stack.callback(caller.close)
        caller.ask(command="ask", text=f"My name is {canary}.", wait="finished")
        caller.ask(command="say", text=f"{canary} " * 200, wait="started")
        caller.ask(command="say", text=canary, priority="progress", source=canary)
        caller.ask(command="stop", scope="all")
        caller.ask(command="say", text=canary, voice=canary, wait="finished")
        caller.socket.sendall(f'{{"command":"say","text":"{canary}","{canary}":1}}\n'.encode())
        caller.read()
        caller.ask(command="reload")
        caller.ask(command="repeat", wait="finished")
        caller.ask(command="shutdown")
    survivors([pid], seconds=10)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "daemon.log" for path in files)
    assert [path for path in files if canary.encode() in path.read_bytes()] == []


# ---------------------------------------------------------------- the loudspeaker


@pytest.mark.parametrize("speaking", [False, True])
def test_a_sound_server_that_comes_back_is_used_again(tmp_path: Path, speaking: bool) -> None:
    place = tmp_path / "pulse"
    config = QUIET.replace('kind = "silent"\nrealtime = true', 'kind = "auto"')
    config += "[daemon]\nclose_after_seconds = 0.5\n"
    with ExitStack() as stack:
        first = stack.enter_context(null_sink())
        place.symlink_to(first.environment["PULSE_SERVER"].removeprefix("unix:"))
        daemon = stack.enter_context(running_daemon(tmp_path, config=config, PULSE_SERVER=f"unix:{place}"))
        events = daemon.caller()
        events.ask(command="subscribe")
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["ok"]
        wait_until(lambda: streams(first) == b"", "the device stays open")
        if speaking:
            daemon.ask(command="say", text=LONG, wait="started", priority="text")
        first.kill_server()
        assert daemon.ask(command="say", text="Is anybody there?", wait="finished")["code"] == "VB-AUDIO"
        second = stack.enter_context(null_sink())
        place.unlink()
        place.symlink_to(second.environment["PULSE_SERVER"].removeprefix("unix:"))
        while not daemon.ask(command="say", text="Hello again.", wait="finished")["ok"]:
            pass  # it is looked for once a second
        events.until(type="notice", message="the loudspeaker is back")
        wait_until(lambda: second.last_sound > 0, "nothing is heard")


# ---------------------------------------------------------------- the voice


def test_a_voice_that_goes_and_comes_back_is_told_once_each_time(tmp_path: Path) -> None:
    say = {"command": "say", "text": "おはよう。", "wait": "finished"}
    with ExitStack() as stack:
        engine = stack.enter_context(first := ExitStack()).enter_context(fake_voicevox())
        config = QUIET.replace('"tone"', f'"voicevox"\nbase_url = "{engine.url}"')
        daemon = stack.enter_context(running_daemon(tmp_path, config=config))
        events = daemon.caller()
        events.ask(command="subscribe")
        assert daemon.ask(**say)["state"] == "finished"
        first.close()
        for _ in range(2):
            answer = daemon.ask(**say)
            assert (answer["ok"], answer["code"]) == (False, "VB-VOICE")
        stack.enter_context(fake_voicevox(port=engine.port))
        while not daemon.ask(**say)["ok"]:
            pass  # it is looked for once a second at most
        daemon.ask(command="shutdown")
        told = []
        while line := events.line():
            if line["type"] == "notice":
                told.append(line["message"].partition(":")[0])
        assert told == ["the voice is gone", "the voice is back"]


# ---------------------------------------------------------------- strangers


def test_a_process_of_another_user_is_not_ours() -> None:
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(end) for end in socket.socketpair(socket.AF_UNIX))
        assert is_ours(ours)
        assert is_ours(theirs)
        assert not is_ours(ours, our_uid=os.getuid() + 1)


def test_at_a_port_only_those_are_answered_who_know_the_token(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    address = Address(str(tmp_path / "control.json"), loopback=True)
    status = json.dumps({"id": 1, "command": "status"}).encode() + b"\n"

    async def answer(port: int, first: bytes) -> bytes:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            with anyio.fail_after(PATIENCE_SECONDS):
                try:
                    await stream.send(first + status)
                    return await stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return b""

    async def main() -> None:
        made = pipeline(ScriptedChat([]), CostingSynthesizer(), None)
        conversation = Conversation(made, memory=WindowMemory(system_prompt="", turns=5))
        controls = Controls(reload=_nothing, voices=_no_voices, shutdown=lambda: None, about={})
        with listening(address) as door:
            async with open_dispatcher(conversation) as dispatcher, anyio.create_task_group() as tasks:
                listener = await SocketListener.from_socket(door.socket)
                closing = anyio.Event()
                tasks.start_soon(lambda: serve(listener, dispatcher, controls, closing, token=door.token))
                port = door.socket.getsockname()[1]
                right = json.dumps({"token": door.token}).encode() + b"\n"
                assert b'"ok": true' in await answer(port, right)
                for wrong in (
                    b"",
                    b"\n",
                    b"GET / HTTP/1.1\r\n\r\n",
                    b"x" * 2000 + b"\n",
                    right.replace(b'"}', b'x"}'),
                    json.dumps({"token": door.token[:-1]}).encode() + b"\n",
                    b'{"token": null}\n',
                    b'{"token": ""}\n',
                    b'{"token": ["' + door.token.encode() + b'"]}\n',
                    b'{"token": "\xff"}\n',
                ):
                    assert await answer(port, wrong) == b"", wrong
                closing.set()

    anyio.run(main)


async def _nothing() -> str:
    return ""


async def _no_voices() -> list[dict[str, object]]:
    return []


def test_a_text_is_said_although_the_chat_server_hangs(tmp_path: Path) -> None:
    """The first text waited until the chat server had answered, or was given up; that took seconds."""
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        chat = f'"ollama"\nbase_url = "http://127.0.0.1:{hanging.getsockname()[1]}"'
        with running_daemon(tmp_path, config=QUIET.replace('"demo"', chat)) as daemon:
            assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
            assert daemon.ask(command="status")["chat"] == "none", "nothing has answered yet"
