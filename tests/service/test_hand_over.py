"""A service manager holds the socket, and hands it to the daemon that it starts for the first caller."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, environment, voicebot
from tests.daemon.running import Caller, home_with_config
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import wait_until

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-socket-activate"), reason="needs systemd-socket-activate: apt install systemd"
)

ATTEMPTS = 3


@contextmanager
def activated(home: Path) -> Iterator[tuple[Path, socket.socket, subprocess.Popen[bytes]]]:
    """A socket without a daemon behind it, and what the service manager is told."""
    home_with_config(home)
    folder = home / "voicebot"
    folder.mkdir(mode=0o700)
    path = folder / "control.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(home / "notify"))
        told.settimeout(PATIENCE_SECONDS)
        process = subprocess.Popen(
            ["systemd-socket-activate", f"--listen={path}", "-E", "HOME", "-E", "XDG_RUNTIME_DIR", "-E", "PYTHONPATH",
             "-E", f"NOTIFY_SOCKET={home / 'notify'}", *COMMAND, "daemon", "run"],
            cwd=home, env=environment(home), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, process_group=0,
        )  # fmt: skip
        try:
            wait_until(path.exists, "there is no socket")
            path.chmod(0o600)
            yield path, told, process
        finally:
            process.kill()
            process.wait()


def test_the_first_caller_wakes_the_daemon_and_is_answered(tmp_path: Path) -> None:
    with activated(tmp_path) as (path, told, process):
        with closing(Caller(path)) as caller:
            caller.send(id=1, command="say", text="Hello.", wait="finished")
            assert b"READY=1" in told.recv(4096)
            assert caller.until(id=1)["ok"]
        assert "process" in voicebot(tmp_path, "status").stdout
        process.send_signal(signal.SIGHUP)
        assert b"RELOADING=1" in told.recv(4096)
        assert b"READY=1" in told.recv(4096)
        process.send_signal(signal.SIGTERM)
        assert b"STOPPING=1" in told.recv(4096)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert path.exists(), "it belongs to the service manager"


def test_the_doctor_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    """It says so where the daemon takes more than five seconds to wake, as on a machine that stands still meanwhile."""
    for attempt in range(ATTEMPTS):
        home = tmp_path / str(attempt)
        home.mkdir()
        with activated(home):
            done = voicebot(home, "doctor", timeout=PATIENCE_SECONDS)
        if "no answer within" not in done.stdout:
            break
    assert done.returncode == 0, done.stdout
