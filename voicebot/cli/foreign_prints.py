"""Tells what plugins, tools and the programs that they start print, beside what the command itself prints."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import TYPE_CHECKING

from voicebot.cli.output import status
from voicebot.cli.standard_streams import standard_streams_kept
from voicebot.text.safe_display import safe_line
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config

_PIPE_BYTES = 1_048_576
"""C code that prints more at once without letting the threads of Python run would wait for ever."""
_MAX_LINE_BYTES = 2_000
_LATE_SECONDS = 1.0
"""How long the end waits for a terminal that takes nothing."""

logger = logging.getLogger(__name__)


@contextmanager
def foreign_prints_told(config: Config) -> Iterator[None]:
    """Until the block ends, what others print becomes lines of status, where `config` has code of others run."""
    if not _runs_code_of_others(config):
        yield
        return
    with prints_told():
        yield


@contextmanager
def prints_logged() -> Iterator[None]:
    """The same for a command that serves many, whose log is on standard error: each line is one of the log."""
    with prints_told(lambda line: logger.info("%s", line)):
        yield


@contextmanager
def prints_told(tell: Callable[[str], None] = status) -> Iterator[None]:
    """Until the block ends, what others print is told line by line, from a thread; usually as lines of status.

    Standard output then has what the command prints and nothing else, and no escape code of theirs reaches the
    terminal. A program that a tool has started and that outlives the command can print no more.
    """
    reading, writing = os.pipe()
    with suppress(ImportError, AttributeError, OSError):  # only Linux has pipes of another size
        import fcntl

        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    end = os.urandom(16).hex().encode()
    telling = threading.Thread(target=copy_context().run, args=(_tell_lines, reading, end, tell), daemon=True)
    try:
        with standard_streams_kept(writing):
            telling.start()
            try:
                yield
            finally:
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                os.write(writing, b"\n%s\n" % end)  # it is not enough to close it: a child may have it, too
                telling.join(_LATE_SECONDS)
    finally:
        os.close(writing)


def _runs_code_of_others(config: Config) -> bool:
    """Whether something runs in this process that may print: by itself, in a program that it starts, or in C."""
    from voicebot.config.models import STRATEGIES

    return (
        any(":" in tool for tool in config.tools.enabled)
        or config.chat.kind in ("plugin", "langchain")
        or "plugin" in (config.tts.kind, config.audio.kind)
        or config.chunking.strategy not in STRATEGIES
    )


def _tell_lines(reading: int, end: bytes, tell: Callable[[str], None]) -> None:
    """Tell the lines that come from the descriptor `reading` until there is one that says `end`."""
    unfinished = b""
    with suppress(ValueError), open(reading, "rb", buffering=0) as pipe:  # its end comes while the terminal is stopped
        while data := pipe.read(65_536):
            *lines, unfinished = (unfinished + data).split(b"\n")
            for line in lines:
                if line == end:
                    return
                _tell_line(line, tell)
            unfinished = unfinished[:_MAX_LINE_BYTES]


def _tell_line(line: bytes, tell: Callable[[str], None]) -> None:
    *_, left = line.rstrip(b"\r").rpartition(b"\r")  # what a progress bar has written over is not seen either
    if text := left[:_MAX_LINE_BYTES].decode("utf-8", "replace").strip():
        tell(tr("a plugin or tool prints: {line}", line=safe_line(text)))
