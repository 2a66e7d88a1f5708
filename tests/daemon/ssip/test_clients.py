"""The real spd-say and python3-speechd at a real daemon with a test tone and a silent output."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.running import LONG, QUIET, Daemon, light, running_daemon
from tests.machine import PATIENCE_SECONDS

DEBIAN_PYTHON = "/usr/bin/python3"
SPEECHD = Path("/usr/lib/python3/dist-packages/speechd")
needs_spd_say = pytest.mark.skipif(
    not shutil.which("spd-say"), reason="needs the clients of speech-dispatcher: apt install speech-dispatcher"
)
needs_python = pytest.mark.skipif(not SPEECHD.exists(), reason="needs apt install python3-speechd")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with running_daemon(tmp_path) as running:
        running.ask(command="status")  # the other sockets are there when this one answers
        yield running


def path_of(daemon: Daemon) -> Path:
    return daemon.path.with_name("speechd.sock")


def told_where(daemon: Daemon) -> dict[str, str]:
    """The environment of a client that finds ours, and cannot start speech-dispatcher instead."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(daemon.home),
        "LANG": "C.UTF-8",
        "SPEECHD_ADDRESS": f"unix_socket:{path_of(daemon)}",
        "SPEECHD_CMD": "/bin/false",
    }


def spd_say(daemon: Daemon, *arguments: str, input: str = "") -> str:
    done = subprocess.run(
        ["spd-say", *arguments],
        env=told_where(daemon),
        input=input,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def history(daemon: Daemon) -> list[dict[str, Any]]:  # Any: JSON
    found: list[dict[str, Any]] = daemon.ask(command="history")["history"]
    return found


def python(daemon: Daemon, code: str) -> str:
    """What a program with Debian's python3-speechd prints."""
    head = "import sys, threading, speechd\nclient = speechd.SSIPClient('reader')\n"
    done = subprocess.run(
        [DEBIAN_PYTHON, "-c", head + code + "\nclient.close()"],
        env=told_where(daemon),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_socket_is_ours_alone_and_not_that_of_the_screen_reader(daemon: Daemon) -> None:
    mode = path_of(daemon).stat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    assert stat.S_IMODE(path_of(daemon).parent.stat().st_mode) == 0o700
    assert not (daemon.home / "speech-dispatcher").exists()
    daemon.end()
    assert not path_of(daemon).exists()


def test_the_socket_is_missing_where_the_configuration_says_so(tmp_path: Path) -> None:
    with running_daemon(tmp_path, config=QUIET + "[daemon]\nssip = false\n") as daemon:
        assert daemon.ask(command="status")["ok"]
        assert not path_of(daemon).exists()


def test_its_protocol_is_not_loaded_before_somebody_comes(tmp_path: Path) -> None:
    """Loading it took 20 ms of every daemon's start, before the first sound."""
    done = light(tmp_path, "import sys, voicebot.daemon.process, voicebot.daemon.ssip.door; print(*sys.modules)")
    assert "voicebot.daemon.ssip.door" in done.stdout.split()
    assert "voicebot.daemon.ssip.client" not in done.stdout.split()


def test_a_file_in_its_place_is_told_and_the_daemon_speaks_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "voicebot").mkdir(mode=0o700)
    (tmp_path / "voicebot" / "speechd.sock").write_text("precious")
    with running_daemon(tmp_path) as daemon:
        assert daemon.ask(command="say", text="Hello.", wait="finished")["state"] == "finished"
        daemon.end()
        assert daemon.process.stdout is not None
        assert b"is not a socket" in daemon.process.stdout.read()
        assert path_of(daemon).read_text() == "precious"


def test_after_kill_9_the_next_daemon_has_it_again(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        daemon.ask(command="status")
        daemon.end(signal.SIGKILL)
    with running_daemon(tmp_path) as daemon:
        daemon.ask(command="status")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path_of(daemon)))
            client.sendall(b"QUIT\r\n")
            assert client.recv(100) == b"231 HAPPY HACKING\r\n"


@needs_spd_say
def test_spd_say_waits_until_it_was_heard(daemon: Daemon) -> None:
    spd_say(daemon, "-w", "Good morning.")
    (said,) = history(daemon)
    assert (said["heard"], said["state"], said["source"], said["priority"]) == (
        "Good morning.",
        "finished",
        "spd-say",
        "text",
    )


@needs_spd_say
def test_all_that_spd_say_can_set_is_taken(daemon: Daemon) -> None:
    spd_say(
        daemon, "-w", "-r", "50", "-p", "5", "-R", "3", "-i", "-10", "-l", "ja", "-t", "female1", "-m", "some", "はい。"
    )
    spd_say(daemon, "-w", "-y", "tone", "-o", "voicebot", "Good morning.")
    spd_say(daemon, "-w", "-s", "a b")
    spd_say(daemon, "-w", "-c", "/")
    spd_say(daemon, "-w", "-k", "control_c")
    assert "reached mark 'here'" in spd_say(daemon, "-w", "-x", '<speak>Good <mark name="here"/>night.</speak>')
    assert spd_say(daemon, "-e", "-w", input="One.\nTwo.\n") == "One.\nTwo.\n"
    assert [one["heard"] for one in history(daemon)] == [
        "はい。",
        "Good morning.",
        "a, space, b",
        "slash",
        "control c",
        "Good night.",
        "One.",
        "Two.",
    ]
    assert spd_say(daemon, "-O").split() == ["OUTPUT", "MODULES", "voicebot"]
    assert "tone" in spd_say(daemon, "-L")


@needs_spd_say
def test_spd_say_without_waiting_is_heard_to_the_end(daemon: Daemon) -> None:
    events = daemon.caller()
    events.ask(command="subscribe")
    spd_say(daemon, "Good morning.")
    assert events.until(type="turn_ended")["heard"] == "Good morning."


@needs_spd_say
@pytest.mark.parametrize("option", ["-S", "-C"])
def test_spd_say_silences_the_speaker_and_cancels_those_who_wait(daemon: Daemon, option: str) -> None:
    events = daemon.caller()
    events.ask(command="subscribe")
    first, second = (daemon.ask(command="say", text=LONG, source=name)["utterance"] for name in ("a", "b"))
    events.until(type="playback_started")
    spd_say(daemon, option)
    assert events.until(type="turn_ended")["outcome"] == "interrupted"
    if option == "-S":
        events.until(type="playback_started")
        daemon.ask(command="stop", scope=second)
    stopped = {one["utterance"]: one["reason"] for one in history(daemon)}
    assert stopped == {first: "stopped", second: "stopped"}


@needs_spd_say
def test_spd_say_shares_the_floor_with_everybody_by_its_priority(daemon: Daemon) -> None:
    events = daemon.caller()
    events.ask(command="subscribe")
    spd_say(daemon, "-P", "message", LONG)
    events.until(type="playback_started")
    spd_say(daemon, "-P", "notification", "Somebody is there.")
    spd_say(daemon, "-w", "-P", "important", "Fire!")
    told = [(one["priority"], one["state"], one["reason"]) for one in history(daemon)]
    assert sorted(told) == [
        ("important", "finished", ""),
        ("message", "cancelled", "outranked"),
        ("notification", "cancelled", "outranked"),
    ]


@needs_python
def test_python_speechd_is_told_how_its_messages_go(daemon: Daemon) -> None:
    """What is told of a message before the client has kept its callback, it loses: so each waits for another one."""
    told = python(
        daemon,
        """
client.set_priority(speechd.Priority.MESSAGE)
over = threading.Event()
def tell(type, index_mark=None):
    print(type, index_mark or "")
    if type in ("end", "cancel"):
        over.set()
client.set_data_mode(speechd.DataMode.SSML)
def speak(text, callback):
    client.speak("Something rather long, which is only there to come before what is asked about.")
    client.speak(text, callback=callback)
    client.stop()
speak('<speak>One. <mark name="here"/>Two.</speak>', tell)
over.wait(); over.clear()
client.set_data_mode(speechd.DataMode.TEXT)
begun = threading.Event()
def tell_beginning(type):
    tell(type)
    if type == "begin":
        begun.set()
speak("A rather long sentence, which nobody will hear to its very end.", tell_beginning)
begun.wait()
client.pause(); client.resume(); client.cancel()
over.wait()
print(client.list_output_modules(), client.list_synthesis_voices(), client.get_rate())
""",
    )
    assert told.split("\n")[:-1] == [
        "begin ",
        "index_marks here",
        "end ",
        "begin ",
        "pause ",
        "resume ",
        "cancel ",
        "('voicebot',) (('tone', 'und', 'none'),) 0",
    ]


@needs_python
def test_python_speechd_says_dots_blocks_characters_and_keys(daemon: Daemon) -> None:
    python(
        daemon,
        """
over = threading.Event()
client.set_priority(speechd.Priority.MESSAGE)
client.speak(".Dots.\\r\\n.\\r\\n..Behind them.")
client.char(" "); client.key("shift_a"); client.sound_icon("new-mail")
client.block_begin(); client.set_rate(50); client.speak("One."); client.speak("Two.", callback=lambda type: over.set(),
    event_types=speechd.CallbackType.END); client.block_end()
over.wait()
""",
    )
    assert [one["heard"].split() for one in history(daemon)] == [
        [".Dots.", ".", "..Behind", "them."],
        ["space"],
        ["shift", "a"],
        ["new", "mail"],
        ["One.", "Two."],
    ]


@needs_python
def test_a_client_that_is_killed_takes_nothing_along(daemon: Daemon) -> None:
    events = daemon.caller()
    events.ask(command="subscribe")
    code = "import speechd, os\nc = speechd.SSIPClient('x')\nc.set_priority('message')\n"
    code += "c.speak('First.'); c.speak('Second.')\n"
    code += "c._conn.send_command('SPEAK')\nc._conn._socket.send(b'half')\nos._exit(9)"
    done = subprocess.run([DEBIAN_PYTHON, "-c", code], env=told_where(daemon), timeout=PATIENCE_SECONDS)
    assert done.returncode == 9
    assert [events.until(type="turn_ended")["heard"] for _ in range(2)] == ["First.", "Second."]


def test_three_hundred_connections_at_once_do_not_keep_the_control_socket_from_answering(daemon: Daemon) -> None:
    clients = [socket.socket(socket.AF_UNIX) for _ in range(300)]
    try:
        for client in clients:
            client.connect(str(path_of(daemon)))
            client.sendall(b"\x00" * 1000)
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
    finally:
        for client in clients:
            client.close()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_SECONDS)
        client.connect(str(path_of(daemon)))
        client.sendall(b"QUIT\r\n")
        assert client.recv(100) == b"231 HAPPY HACKING\r\n"
