"""A pseudo-terminal with voicebot in it, and what a person sees there."""

from __future__ import annotations

import codecs
import fcntl
import os
import re
import select
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

from tests.cli.command import Process, start_in_terminal, start_shell_in_terminal
from tests.machine import PATIENCE_SECONDS

PROMPT = "› "
CTRL_C, CTRL_D, CTRL_Z, ESCAPE, ALT_ENTER, CTRL_J = "\x03", "\x04", "\x1a", "\x1b", "\x1b\r", "\n"
UP, LEFT, HOME, END = "\x1b[A", "\x1b[D", "\x1b[H", "\x1b[F"
PASTE = "\x1b[200~{}\x1b[201~"


class Terminal:
    """Runs voicebot in a terminal of its own."""

    _start: Callable[..., Process] = staticmethod(start_in_terminal)

    def __init__(self, home: Path, *arguments: str, columns: int = 80, term: str = "xterm-256color", **more: str):
        self._screen = pyte.HistoryScreen(columns, 24, history=1000)
        self._stream = pyte.ByteStream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.raw = ""
        """Everything it has printed."""
        self.seen = ""
        """The part of it that nothing has been expected in."""
        self._ours, self._its = os.openpty()
        fcntl.ioctl(self._its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.attributes_before = self.attributes()
        self._process = self._start(self._its, home, *arguments, TERM=term, **more)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def type(self, text: str) -> None:
        """Press the keys."""
        os.write(self._ours, text.encode())

    def signal(self, number: int) -> None:
        """Send it a signal from outside."""
        self._process.send_signal(number)

    def resize(self, columns: int) -> None:
        """Make its window wider or narrower."""
        self._screen.resize(24, columns)
        fcntl.ioctl(self._its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def expect(self, pattern: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait until it prints `pattern`; return and forget everything up to its end."""
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, self.seen)):
            assert self._read(deadline), f"{pattern!r} did not appear; seen: {self.seen!r}"
        before, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return before

    def expect_on_screen(self, pattern: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a person can read `pattern`."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.screen, re.MULTILINE):
            assert self._read(deadline), f"{pattern!r} did not appear on the screen:\n{self.screen}"

    def expect_prompt(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until it can be typed to."""
        self.expect_on_screen(f"^{PROMPT.rstrip()}", seconds)

    def expect_typed(self, text: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until `text`, and nothing else, stands behind the prompt."""
        deadline = time.monotonic() + seconds
        while self.typed != text:
            assert self._read(deadline), f"{text!r} does not stand behind the prompt:\n{self.screen}"

    def pass_time(self, seconds: float) -> None:
        """Let it print for `seconds`."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            continue

    @property
    def screen(self) -> str:
        """What a person reads, with what has been scrolled away."""
        gone = ["".join(line[i].data for i in range(self._screen.columns)) for line in self._screen.history.top]
        return "\n".join(line.rstrip() for line in [*gone, *self._screen.display]).rstrip()

    @property
    def typed(self) -> str:
        """What stands behind the last prompt, with the lines below it."""
        _, prompt, rest = ("\n" + self.screen).rpartition("\n" + PROMPT.rstrip())
        return "\n".join(line.removeprefix(" " * len(PROMPT)) for line in rest[1:].split("\n")) if prompt else ""

    def attributes(self) -> list[object]:
        """What `stty` tells of the terminal."""
        return termios.tcgetattr(self._its)

    def is_as_before(self) -> bool:
        """Whether a shell would find the terminal as it was: echo and lines, a cursor, pastes without brackets."""
        modes = dict(re.findall(r"\x1b\[\?(25|2004|1|1049)([hl])", self.raw))
        usual = {"25": "h", "2004": "l", "1": "l", "1049": "l"}
        return self.attributes() == self.attributes_before and modes.items() <= usual.items()

    def exit_code(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (code := self._process.poll()) is not None:
                self.pass_time(0.05)
                return code
            self._read(time.monotonic() + 0.05)
        raise AssertionError(f"it does not end; seen: {self.seen!r}")

    def _read(self, deadline: float) -> bool:
        """Read what it prints, if it prints anything before the deadline."""
        if not select.select([self._ours], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        data = os.read(self._ours, 65_536)
        self._stream.feed(data)
        text = self._decoder.decode(data)
        self.raw += text
        self.seen += text
        return True

    def close(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)
        os.close(self._its)


class Shell(Terminal):
    """The same with a shell, which finds `voicebot` where `install` has put it."""

    _start = staticmethod(start_shell_in_terminal)
