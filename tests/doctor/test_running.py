"""The daemon as the doctor finds it: of another version, with errors, gone, or not a daemon at all."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voicebot import __version__
from voicebot.doctor.checkup import State
from voicebot.doctor.running import check_daemon


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a daemon would listen."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("VOICEBOT_ADDRESS", f"unix:{tmp_path}/control.sock")
    return tmp_path / "control.sock"


@contextmanager
def answering(place: Path, **status: object) -> Iterator[None]:
    """Something that answers the first request with this status; with none it hangs up."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        place.chmod(0o600)
        listening.listen()

        def answer() -> None:
            caller, _ = listening.accept()
            with caller, caller.makefile("rwb") as lines:
                asked = json.loads(lines.readline())
                if status:
                    lines.write(json.dumps({"id": asked["id"], "ok": True, **status}).encode() + b"\n")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            thread.join()


def test_one_of_another_version_is_told_with_what_ends_it(place: Path) -> None:
    with answering(place, version="0.0.1", pid=4211):
        found = check_daemon()
    assert (found.state, found.command) == (State.WARNING, "kill 4211")
    assert "0.0.1" in found.text
    assert __version__ in found.text


def test_what_it_has_to_complain_of_is_counted(place: Path) -> None:
    with answering(place, version=__version__, pid=4211, errors=[{"at": 0, "message": "no voice", "hint": ""}]):
        found = check_daemon()
    assert (found.state, found.command) == (State.WARNING, "voicebot status")
    assert "1 error" in found.text


def test_one_that_hangs_up_is_told(place: Path) -> None:
    with answering(place):
        found = check_daemon()
    assert (found.state, found.command) == (State.FAILED, "voicebot status")


def test_a_killed_daemon_does_not_count_as_running(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(place))
    place.chmod(0o600)
    found = check_daemon()
    assert found.state is State.OK
    assert "none runs" in found.text


def test_a_file_in_the_place_of_the_socket_is_told_with_what_moves_it(place: Path) -> None:
    place.write_text("precious")
    found = check_daemon()
    assert (found.state, found.command) == (State.FAILED, f"mv {place} {place}.old")


def test_a_folder_of_somebody_else_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place.parent
    if os.getuid() == 0:
        os.chown(folder, 12345, 12345)
    else:
        folder = Path("/")
        monkeypatch.setenv("VOICEBOT_ADDRESS", "unix:/control.sock")
    found = check_daemon()
    assert (found.state, found.command) == (State.FAILED, f"ls -ld {folder}")


def test_an_address_that_cannot_be_used_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_ADDRESS", "tcp://127.0.0.1:1")
    found = check_daemon()
    assert found.state is State.FAILED
    assert found.command.startswith("env")
