"""A pseudo-terminal of Unix with the real `voicebot` command in it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import time
from pathlib import Path

from tests.cli.command import COMMAND, environment


class Terminal:
    """A pseudo-terminal with voicebot in it."""

    def __init__(self, home: Path, *arguments: str, **more: str) -> None:
        self.seen = ""
        self._rest = b""
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            command = [*COMMAND, *arguments]
            os.execvpe(command[0], command, environment(home, TERM="xterm", **more))

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def expect(self, pattern: str, seconds: float = 15) -> str:
        """Wait until `pattern` appears; return and forget everything up to its end."""
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self._descriptor], [], [], max(0, deadline - time.monotonic()))
            data = self._read() if ready else b""
            assert data, f"{pattern!r} did not appear; seen: {self.seen!r}"
            self.seen += data.decode(errors="replace")
        before, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return before

    def exit_code(self, seconds: float = 15) -> int:
        """Wait for the end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            if select.select([self._descriptor], [], [], 0.05)[0]:
                self.seen += self._read().decode(errors="replace")
        raise AssertionError(f"it does not end; seen: {self.seen!r}")

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, 65_536)
        except OSError:  # the other side has closed
            return b""

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)
