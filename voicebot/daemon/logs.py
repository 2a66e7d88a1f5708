"""Where the daemon writes what its operator should know, which never includes what is spoken.

Unless a plugin or a tool prints it: what they print is a part of the log.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from voicebot.text.redaction import without_passwords
from voicebot.text.safe_display import safe_line

_MAX_BYTES, _FILES = 1_000_000, 3
_LEVELS = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""Syslog's numbers, which a journal takes from the start of a line."""


def log_path() -> Path:
    """The file that is written where there is no journal."""
    import platformdirs

    return Path(platformdirs.user_state_dir("voicebot", appauthor=False)) / "daemon.log"


class _OneLine(logging.Formatter):
    """What others wrote is quoted harmlessly, and steers no terminal that shows the log."""

    def format(self, record: logging.LogRecord) -> str:
        record.msg, record.args = safe_line(without_passwords(record.getMessage())), ()
        return super().format(record)


class _ForJournal(_OneLine):
    """With the level in front of each line."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"<{_LEVELS.get(record.levelno, 6)}>"
        return "\n".join(level + line for line in super().format(record).splitlines())


class _OwnFile(logging.handlers.RotatingFileHandler):
    """A file that only its owner reads, also the one that begins when it is full."""

    def _open(self) -> TextIOWrapper:
        file = super()._open()
        os.chmod(self.baseFilename, 0o600)
        return file


class _Printed(logging.Handler):
    """Lines that somebody else prints."""

    def __init__(self, print_line: Callable[[str], None]) -> None:
        super().__init__()
        self._print_line = print_line

    def emit(self, record: logging.LogRecord) -> None:
        self._print_line(self.format(record))


@contextmanager
def open_log(print_line: Callable[[str], None] | None) -> Iterator[None]:
    """Have each line printed on standard error, or write it to a file that does not grow where that is None.

    Where standard error is the journal of systemd, lines have the form that it reads.
    """
    handler: logging.Handler
    if print_line is not None:
        handler = _Printed(print_line)
        handler.setFormatter((_ForJournal if _is_journal() else _OneLine)("%(message)s"))
    else:
        handler = _own_file()
        handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for chatty in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for chatty in ("aio_pika", "aiormq"):  # they log a lost connection with a traceback; we report it in one line
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()


def _own_file() -> logging.Handler:
    """The file; nothing if it cannot be written, since a daemon without a log can still be heard."""
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _OwnFile(path, maxBytes=_MAX_BYTES, backupCount=_FILES, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return logging.NullHandler()


def _is_journal() -> bool:
    """Whether standard error is what JOURNAL_STREAM names: its device and inode."""
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM", "") == f"{found.st_dev}:{found.st_ino}"
