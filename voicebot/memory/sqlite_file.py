"""The file of the history: making it, knowing it as ours, bringing it up to date, setting it aside when damaged."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from voicebot.errors import HistoryError
from voicebot.translation import about, marked, system_reason, tr

T = TypeVar("T")

SCHEMA_VERSION = 5
_APPLICATION_ID = 0x766F6963
"""Marks the file as ours, in its header."""
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_ELSEWHERE = marked("choose another file with memory.path, or keep nothing with memory.store = false")
_BUSY_SECONDS = 5.0
"""How long to wait for another process that is writing."""

_TABLES = """
CREATE TABLE conversation (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    started TEXT NOT NULL,
    summary TEXT NOT NULL DEFAULT '',
    until TEXT NOT NULL DEFAULT '', -- `at` of the last turn that is in the summary
    title TEXT NOT NULL DEFAULT '',
    single INTEGER NOT NULL DEFAULT 0 -- a question that was asked alone, and not gone on with
);
CREATE TABLE turn (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
    at TEXT NOT NULL,
    message TEXT NOT NULL,
    heard TEXT NOT NULL,
    unsaid TEXT NOT NULL,
    outcome TEXT NOT NULL,
    exact INTEGER NOT NULL,
    error TEXT NOT NULL,
    exchanged TEXT NOT NULL, -- JSON
    metrics TEXT NOT NULL, -- JSON
    model TEXT NOT NULL,
    skipped TEXT NOT NULL DEFAULT ''
);
CREATE INDEX turn_of_conversation ON turn (conversation, id);
CREATE VIRTUAL TABLE words USING fts5 (said, tokenize = 'trigram');
"""
_MIGRATIONS = {
    1: """
ALTER TABLE session RENAME TO conversation;
ALTER TABLE turn RENAME COLUMN session TO conversation;
DROP INDEX turn_of_session;
CREATE INDEX turn_of_conversation ON turn (conversation, id);
""",
    2: "ALTER TABLE turn ADD COLUMN skipped TEXT NOT NULL DEFAULT '';\n",
    3: "ALTER TABLE conversation ADD COLUMN single INTEGER NOT NULL DEFAULT 0;\n",
    4: "ALTER TABLE conversation ADD COLUMN title TEXT NOT NULL DEFAULT '';\n",
}
"""What makes the next version of each earlier one: a conversation was called a session; nothing was known of what was
skipped; no question was known to be single; no conversation had a title."""


def history_path(configured: str) -> Path:
    """The file of the store: the configured one, else in the user's data folder."""
    if configured:
        return Path(configured).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("voicebot", appauthor=False)) / "history.db"


@contextmanager
def open_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """The file at `path`, which is only read, never made or mended. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def look_into(path: Path) -> tuple[int, int]:
    """The version of the file at `path`, and how many turns it holds; it is only read, never made or mended.

    Raises HistoryError for what is not a history, sqlite3.Error and OSError for one that cannot be read.
    """
    _check_ours(path)
    with open_to_read(path) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (turns,) = connection.execute("SELECT count(*) FROM turn").fetchone()
    return version, turns


class HistoryFile:
    """One file, which is opened at first use, and set aside if it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        """What a person should be told."""
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._close_connection: Callable[[], object] = lambda: None
        """Runs by itself for callers that drop it without `close`."""

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in one transaction; if the file turns out to be damaged, do it once more on a new one."""
        try:
            try:
                return self._attempt(work)
            except sqlite3.DatabaseError as error:
                if not _damaged(error) or not _is_marked(self.path):
                    raise
                self._set_aside()
                return self._attempt(work)
        except (sqlite3.Error, OSError) as error:
            self.close()
            reason = system_reason(error)
            if isinstance(error, OSError) and error.filename not in (None, str(self.path)):  # a folder on the way
                reason = about(error.filename, reason)
            raise HistoryError(
                tr("cannot use {path}: {error}", path=self.path, error=reason),
                hint=tr(_ELSEWHERE),
            ) from error

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._close_connection()  # forgets it, too
            self._connection = None

    def forget_log(self) -> None:
        """Leave nothing of what was deleted in the write-ahead log."""
        if self._connection is not None:
            with suppress(sqlite3.Error):  # somebody is reading: SQLite does it when the last process closes the file
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._open()
        with _transaction(self._connection):
            return work(self._connection)

    def _open(self) -> sqlite3.Connection:
        if not self.path.exists():
            _make(self.path)
        _check_ours(self.path)
        self._inode = self.path.stat().st_ino
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, self.path)
        except BaseException:
            connection.close()
            raise
        self._close_connection = weakref.finalize(self, connection.close)
        return connection

    def _set_aside(self) -> None:
        """Give the damaged file another name, unless another process has done so already."""
        self.close()
        with suppress(FileNotFoundError):
            if self.path.stat().st_ino != self._inode:
                return
            stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
            aside = self.path.with_name(f"{self.path.stem}.damaged-{stamp}{self.path.suffix}")
            for beside in ("-wal", "-shm", ""):  # the log first: it must never be read beside a new file
                with suppress(FileNotFoundError):
                    self.path.with_name(self.path.name + beside).replace(aside.with_name(aside.name + beside))
            self.notes.append(
                tr(
                    "{path} is damaged: it is kept as {aside}, and a new history begins",
                    path=self.path,
                    aside=aside.name,
                )
            )


def _make(path: Path) -> None:
    """Make an empty history, which has its name only once it is whole: an empty file is somebody else's."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = path.resolve()
    # What people say is private; SQLite gives the files beside this one the same rights.
    descriptor, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    try:
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection, _transaction(connection):
            _make_tables(connection, _TABLES)
        with suppress(FileExistsError):  # another process was faster
            try:
                os.link(unfinished, path)
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EACCES):
                    raise
                os.rename(unfinished, path)  # a file system without hard links
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)


def _make_tables(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _check_ours(path: Path) -> None:
    """Raise HistoryError for whatever is not a history: it is looked at, and stays as it is."""
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its other end
        what = (
            tr("cannot use {path} as the history: it is a folder", path=path)
            if path.is_dir()
            else tr("cannot use {path} as the history: it is not a file", path=path)
        )
        raise HistoryError(what, hint=tr(_ELSEWHERE))
    if _is_marked(path) or _is_marked_in_its_log(path):
        return
    what = (
        tr("{path} is empty, and not a history of voicebot: it stays as it is", path=path)
        if path.stat().st_size == 0
        else tr("{path} is not a history of voicebot: it stays as it is", path=path)
    )
    raise HistoryError(what, hint=tr(_ELSEWHERE))


def _is_marked(path: Path) -> bool:
    """Whether the header of the file says that it is ours (its form: sqlite.org/fileformat.html, 1.3)."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError:
        return False
    return header.startswith(_MAGIC) and int.from_bytes(header[68:72], "big") == _APPLICATION_ID


def _is_marked_in_its_log(path: Path) -> bool:
    """Whether it is an SQLite database that will be ours as soon as its log is written to it."""
    log = path.with_name(f"{path.name}-wal")
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC or not log.exists():
            return False
    with suppress(sqlite3.Error), open_to_read(path) as reading:
        (application,) = reading.execute("PRAGMA application_id").fetchone()
        return bool(application == _APPLICATION_ID)
    return False


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that the file is in the form we know, and is safe to write to."""
    connection.text_factory = _decoded
    with _transaction(connection, "DEFERRED"):  # one look at the file: another process may be making the tables
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise HistoryError(
            tr(
                "{path} was written by a newer voicebot (its form is {version}, this one knows {schema_version})",
                path=path,
                version=version,
                schema_version=SCHEMA_VERSION,
            ),
            hint=tr("update voicebot, or choose another file with memory.path"),
        )
    _use_write_ahead_log(connection)
    # What is written survives the end of this process; only a power failure may take the last seconds.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    if version < SCHEMA_VERSION:
        with _transaction(connection):
            (version,) = connection.execute("PRAGMA user_version").fetchone()  # another process may have been faster
            if version < SCHEMA_VERSION:
                steps = [_TABLES] if version == 0 else [_MIGRATIONS[v] for v in range(version, SCHEMA_VERSION)]
                _make_tables(connection, "".join(steps))


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # This is the one statement for which SQLite does not wait for another process by itself.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def _transaction(
    connection: sqlite3.Connection, kind: Literal["DEFERRED", "IMMEDIATE"] = "IMMEDIATE"
) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # it may have been rolled back already
            connection.execute("ROLLBACK")
        raise


def _damaged(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _decoded(text: bytes) -> str:
    """What SQLite holds as text, which need not be valid."""
    return text.decode("utf-8", "replace")
