"""A daemon in a process of its own, in a home of its own, and what tests ask it over its real socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.command import Process, environment, freeze, start
from tests.machine import PATIENCE_SECONDS

QUIET = """
[chat]
kind = "demo"
[tts]
kind = "tone"
[audio]
kind = "silent"
realtime = true
[memory]
store = false
"""

QUICK = QUIET.replace("realtime = true", "realtime = false").replace("[tts]", "deltas_per_second = 1000\n[tts]")
"""The same for whom it does not matter when a sentence has been heard: it is at once."""

LONG = "This is a rather long sentence that takes quite a few seconds to be said by anybody, and then some. " * 3


class Caller:
    """One connection to the socket, which sends and reads whole lines, or anything else."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(str(path))
        self._file = self.socket.makefile("rb")

    def send(self, **request: object) -> None:
        self.socket.sendall(json.dumps(request).encode() + b"\n")

    def read(self) -> dict[str, Any]:  # Any: JSON
        answer = self.line()
        assert answer is not None, "the daemon has closed the connection"
        return answer

    def line(self) -> dict[str, Any] | None:  # Any: JSON
        """The next line; None at the end."""
        line = self._file.readline()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return answer

    def ask(self, **request: object) -> dict[str, Any]:  # Any: JSON
        self.send(**request)
        return self.read()

    def is_closed(self) -> bool:
        """Wait for the daemon to close the connection."""
        try:
            return self._file.read() == b""
        except ConnectionResetError:  # it did not read all that we had sent
            return True

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def until(self, **wanted: object) -> dict[str, Any]:  # Any: JSON
        """Read on to the first line that has these values."""
        while True:
            line = self.read()
            if wanted.items() <= line.items():
                return line


class Daemon:
    """A daemon that runs."""

    def __init__(self, home: Path, process: Process) -> None:
        self.home = home
        self.process = process
        self.path = home / "voicebot" / "control.sock"
        self._callers: list[Caller] = []

    def caller(self) -> Caller:
        """One more connection."""
        self._callers.append(Caller(self.path))
        return self._callers[-1]

    def ask(self, **request: object) -> dict[str, Any]:  # Any: JSON
        """One request on a connection of its own."""
        caller = self.caller()
        try:
            return caller.ask(**request)
        finally:
            caller.close()

    @contextmanager
    def asleep(self, seconds: float) -> Iterator[None]:
        """Stand still while the block runs and for `seconds` after it, as in a machine that sleeps."""
        freeze(self.process)
        try:
            yield
            time.sleep(seconds)
        finally:
            self.process.send_signal(signal.SIGCONT)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        for caller in self._callers:
            caller.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def home_with_config(home: Path, config: str = QUIET) -> Path:
    """An own home whose owner has written this config.toml."""
    home.chmod(0o700)
    folder = home / ".config" / "voicebot"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(config)
    return home


@contextmanager
def running_daemon(home: Path, *arguments: str, config: str = QUIET, **more: str) -> Iterator[Daemon]:
    """A daemon that has said that it listens."""
    home_with_config(home, config)
    process = start(home, "daemon", "run", *arguments, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, **more)
    daemon = Daemon(home, process)
    try:
        assert process.stdout is not None
        told = b""
        while b"listening" not in told:
            line = process.stdout.readline()
            assert line, told.decode()
            told += line
        yield daemon
    finally:
        daemon.close()


def pid_of(home: Path) -> int:
    """The process that a client has started."""
    return int(json.loads((home / "voicebot" / "daemon.lock").read_text())["pid"])


def light(home: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code as a light client would."""
    return subprocess.run(
        [sys.executable, "-c", code], env=environment(home), capture_output=True, text=True, timeout=30
    )


def is_running(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")
