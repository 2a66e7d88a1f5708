"""Conversations in an SQLite file: every turn with what was heard of it, found again by any part of a word.

Synchronous, and for one thread. Once `add` has returned, a turn survives the end of this process, however it ends (a
write-ahead log; the operating system writes it to the disk a little later). Several processes may use the same file.
"""

from __future__ import annotations

import dataclasses
import difflib
import errno
import json
import os
import sqlite3
import stat
import sys
import tempfile
import time
import unicodedata
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from voicebot.errors import HistoryError
from voicebot.memory.summary import NO_SUMMARY, Summary
from voicebot.memory.turns import Turn
from voicebot.messages import Message, ToolCall
from voicebot.speech import Metrics, OutcomeKind
from voicebot.translation import marked, tr

T = TypeVar("T")

SCHEMA_VERSION = 5
_APPLICATION_ID = 0x766F6963
"""Marks the file as ours, in its header."""
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_ELSEWHERE = marked("choose another file with memory.path, or keep nothing with memory.store = false")
_BUSY_SECONDS = 5.0
"""How long to wait for another process that is writing."""
_MOST_WORDS = 200
"""To search for at once."""
_LARGEST_INTEGER = 2**63 - 1
_FIRST_SURROGATE, _BEHIND_SURROGATES = 0xD800, 0xE000
"""Between them stands no character that a text in a file could have."""
_TRIGRAM = 3
"""Characters; the index finds nothing shorter, and Japanese words often are."""

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
_COLUMNS = "at, message, heard, unsaid, outcome, exact, error, exchanged, metrics, model, skipped"


@dataclass(frozen=True, slots=True)
class ConversationInfo:
    """A conversation in the store."""

    name: str
    turns: int
    started: str
    """ISO 8601, in UTC."""
    last: str
    """When its last turn ended, in the same form."""
    opening: str
    """The user's first message."""
    single: bool
    """A question that was asked alone, and not gone on with."""
    title: str = ""
    """What a person has called it."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A turn in which something was found."""

    conversation: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Resumed:
    """What is known of a conversation when it goes on."""

    name: str
    turns: tuple[Turn, ...]
    """The last ones that are not in the summary, oldest first."""
    summary: Summary


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Names that occur in a store, the latest first."""

    conversations: tuple[str, ...]
    models: tuple[str, ...]


def known_names(path: Path) -> KnownNames:
    """The names in the file at `path`, which is only read, never made or mended. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        conversations, models = (
            tuple(name for (name,) in connection.execute(question))
            for question in (
                "SELECT name FROM conversation JOIN turn ON turn.conversation = conversation.id WHERE NOT single "
                "GROUP BY conversation.id ORDER BY max(turn.id) DESC",
                "SELECT model FROM turn GROUP BY model ORDER BY max(id) DESC",
            )
        )
    return KnownNames(conversations, models)


def look_into(path: Path) -> tuple[int, int]:
    """The version of the file at `path`, and how many turns it holds; it is only read, never made or mended.

    Raises HistoryError for what is not a history, sqlite3.Error and OSError for one that cannot be read.
    """
    _check_ours(path)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (turns,) = connection.execute("SELECT count(*) FROM turn").fetchone()
    return version, turns


def history_path(configured: str) -> Path:
    """The file of the store: the configured one, else in the user's data folder."""
    if configured:
        return Path(configured).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("voicebot", appauthor=False)) / "history.db"


class Store:
    """The conversations in one file, which is opened at first use.

    Every method raises HistoryError. A history that is damaged is set aside, and the method works on a new one; a file
    that is not a history is never touched.
    """

    def __init__(self, path: Path, *, redact: Callable[[str], str] = str) -> None:
        """`redact` takes out of every text what must not be kept."""
        self.path = path
        self._redact = redact
        self.notes: list[str] = []
        """What a person should be told; whoever tells them empties the list."""
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._damage_told = False
        self._close_connection: Callable[[], object] = lambda: None
        """Runs by itself for callers that drop a store without `close`."""

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._close_connection()  # forgets it, too
            self._connection = None

    # ---------------------------------------------------------------- conversations

    def add(self, conversation: str, turns: Sequence[Turn], *, single: bool = False) -> str:
        """Keep `turns` in the conversation `conversation`, or in a new one if that is empty; return its name.

        `single`: it is a question asked alone, for now.
        """
        return self._run(lambda connection: _add(connection, conversation, turns, self._redact, single=single))

    def summarize(self, conversation: str, summary: Summary) -> None:
        """Keep the running summary of a conversation."""
        values = (_clean(self._redact(summary.text)), summary.until, conversation)
        self._run(lambda c: c.execute("UPDATE conversation SET summary = ?, until = ? WHERE name = ?", values))

    def resume(self, conversation: str, turns: int) -> Resumed | None:
        """The last `turns` turns of a conversation, or of the latest if the name is empty; None if there is none."""

        def read(connection: sqlite3.Connection) -> Resumed | None:
            name = conversation or _latest(connection)
            row = connection.execute("SELECT id, summary, until FROM conversation WHERE name = ?", (name,)).fetchone()
            if row is None:
                return None
            number, text, until = row
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM turn WHERE conversation = ? AND at > ? AND (heard <> '' OR exchanged <> '[]') "
                "ORDER BY id DESC LIMIT ?",
                (number, until, turns),
            ).fetchall()
            summary = Summary(text, until) if text else NO_SUMMARY
            return Resumed(name, tuple(self._readable(map(_turn, reversed(rows)))), summary)

        return self._run(read)

    def rename(self, conversation: str, title: str) -> None:
        """Call a conversation `title`. Raises HistoryError if there is no such conversation."""

        def write(connection: sqlite3.Connection) -> None:
            number = _conversation_id(connection, conversation)
            title_kept = _clean(self._redact(title))
            connection.execute("UPDATE conversation SET title = ? WHERE id = ?", (title_kept, number))

        self._run(write)

    def conversations(self, beginning: str = "") -> list[ConversationInfo]:
        """All conversations whose names begin like this, the latest last."""
        if not beginning:
            return self._listed("true")
        # grouped by their ids, all would be gone through for the names; so the index is asked apart
        ids = "SELECT id FROM conversation WHERE name >= ? AND name < ?"
        return self._listed(f"conversation.id IN ({ids})", beginning, _behind(beginning))

    def conversation(self, name: str) -> ConversationInfo | None:
        """The conversation with this name, or None."""
        return next(iter(self._listed("name = ?", name)), None)

    def count(self, beginning: str) -> int:
        """How many conversations have names that begin like this."""
        ((found,),) = self._run(
            lambda connection: connection.execute(
                "SELECT count(*) FROM conversation WHERE substr(name, 1, ?) = ?", (len(beginning), beginning)
            ).fetchall()
        )
        return int(found)

    def turns(self, conversation: str) -> list[Turn]:
        """Every turn of a conversation, oldest first. Raises HistoryError if there is no such conversation."""

        def read(connection: sqlite3.Connection) -> list[Turn]:
            number = _conversation_id(connection, conversation)
            rows = connection.execute(f"SELECT {_COLUMNS} FROM turn WHERE conversation = ? ORDER BY id", (number,))
            return list(self._readable(map(_turn, rows)))

        return self._run(read)

    def latest(self) -> str:
        """The name of the conversation that was spoken in last; empty if there is none.

        One in which every turn failed before anything was heard is no conversation.
        """
        return self._run(_latest)

    def search(self, words: str, *, conversation: str = "", limit: int = 20) -> list[SearchHit]:
        """The turns in which each of `words` was said, heard, skipped or left unsaid, the latest first.

        Capitals make no difference, nor does full or half width.
        """
        hits = self._run(lambda connection: _search(connection, words, conversation, limit))
        return list(self._readable(hits))

    def delete(self, conversations: Iterable[str]) -> int:
        """Delete conversations so that nothing of their text is left in the file; return how many turns those were.

        Raises HistoryError, with nothing deleted, if one of them does not exist.
        """

        def remove(connection: sqlite3.Connection) -> int:
            numbers = [_conversation_id(connection, conversation) for conversation in conversations]
            gone = 0
            for number in numbers:
                connection.execute(
                    "DELETE FROM words WHERE rowid IN (SELECT id FROM turn WHERE conversation = ?)", (number,)
                )
                gone += connection.execute("DELETE FROM turn WHERE conversation = ?", (number,)).rowcount
                connection.execute("DELETE FROM conversation WHERE id = ?", (number,))
            connection.execute("INSERT INTO words (words) VALUES ('optimize')")  # the index forgets it too
            return gone

        gone = self._run(remove)
        if self._connection is not None:
            with suppress(sqlite3.Error):  # somebody is reading: SQLite does it when the last process closes the file
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def _listed(self, condition: str, *values: str | bytes) -> list[ConversationInfo]:
        rows = self._run(
            lambda connection: connection.execute(
                "SELECT name, count(turn.id), started, coalesce(max(at), started), "
                "coalesce((SELECT message FROM turn WHERE conversation = conversation.id ORDER BY id LIMIT 1), ''), "
                "single, title FROM conversation LEFT JOIN turn ON turn.conversation = conversation.id "
                f"WHERE {condition} GROUP BY conversation.id ORDER BY max(turn.id), conversation.id",
                values,
            ).fetchall()
        )
        return list(self._readable(map(_conversation, rows)))

    def _readable(self, rows: Iterable[T | None]) -> Iterator[T]:
        """The rows that can be read; that some cannot is told once."""
        for row in rows:
            if row is not None:
                yield row
            elif not self._damage_told:
                self._damage_told = True
                self.notes.append(tr("{path}: some of what it holds is damaged, and is left out", path=self.path))

    # ---------------------------------------------------------------- the file

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
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
            raise HistoryError(
                tr("cannot use {path}: {error}", path=self.path, error=error),
                hint=tr(_ELSEWHERE),
            ) from error

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
    # What people say is nobody else's business; SQLite gives the files beside this one the same rights.
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
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as reading:
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


# ---------------------------------------------------------------- what is in it


def _add(
    connection: sqlite3.Connection,
    conversation: str,
    turns: Sequence[Turn],
    redact: Callable[[str], str],
    *,
    single: bool,
) -> str:
    name = _clean(conversation) or _free_name(connection)
    connection.execute("INSERT OR IGNORE INTO conversation (name, started) VALUES (?, ?)", (name, turns[0].at))
    number = _conversation_id(connection, name)
    connection.execute("UPDATE conversation SET single = ? WHERE id = ?", (single, number))
    for turn in turns:
        row = connection.execute(
            f"INSERT INTO turn (conversation, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, *(redact(value) if isinstance(value, str) else value for value in _values(turn))),
        )
        said = _folded(redact("\n".join((turn.message, turn.heard, turn.unsaid, turn.skipped))))
        connection.execute("INSERT INTO words (rowid, said) VALUES (?, ?)", (row.lastrowid, said))
    return name


def _free_name(connection: sqlite3.Connection) -> str:
    """The time, with a number after it if that name is taken."""
    name = now = datetime.now().strftime("%Y-%m-%d-%H%M")
    number = 1
    while connection.execute("SELECT 1 FROM conversation WHERE name = ?", (name,)).fetchone():
        number += 1
        name = f"{now}-{number}"
    return name


def _conversation_id(connection: sqlite3.Connection, conversation: str) -> int:
    row = connection.execute("SELECT id FROM conversation WHERE name = ?", (_clean(conversation),)).fetchone()
    if row is None:
        names = [name for (name,) in connection.execute("SELECT name FROM conversation")]
        near = difflib.get_close_matches(conversation, names, 1, 0.5)
        raise HistoryError(
            tr("there is no conversation {name!r}; did you mean {near!r}?", name=conversation, near=near[0])
            if near
            else tr("there is no conversation {name!r}", name=conversation),
            hint=tr("voicebot history list shows all"),
        )
    number: int = row[0]
    return number


def _latest(connection: sqlite3.Connection) -> str:
    row = connection.execute(
        "SELECT name FROM turn JOIN conversation ON conversation.id = turn.conversation WHERE EXISTS ("
        "SELECT 1 FROM turn AS known WHERE known.conversation = conversation.id "
        "AND (known.outcome <> 'failed' OR known.heard <> '' OR known.exchanged <> '[]')) ORDER BY turn.id DESC LIMIT 1"
    ).fetchone()
    return row[0] if row else ""


def _search(connection: sqlite3.Connection, words: str, conversation: str, limit: int) -> list[SearchHit | None]:
    """The turns that hold all the words; None for one that is damaged."""
    conditions: list[str] = []
    values: list[object] = []
    terms = list(dict.fromkeys(_folded(words).split()))
    if len(terms) > _MOST_WORDS:  # SQLite's own limits are not far beyond
        raise HistoryError(
            tr("that are {count} words to search for", count=len(terms)),
            hint=tr("at most {count} at once", count=_MOST_WORDS),
        )
    if indexed := [term for term in terms if len(term) >= _TRIGRAM]:
        conditions.append("words MATCH ?")
        values.append(" AND ".join('"' + term.replace('"', '""') + '"' for term in indexed))
    for term in terms:
        if len(term) < _TRIGRAM:
            conditions.append("instr(said, ?) > 0")
            values.append(term)
    if conversation:
        conditions.append("turn.conversation = ?")
        values.append(_conversation_id(connection, conversation))
    if not terms:
        return []
    rows = connection.execute(
        f"SELECT name, {_COLUMNS} FROM words JOIN turn ON turn.id = words.rowid "
        "JOIN conversation ON conversation.id = turn.conversation "
        f"WHERE {' AND '.join(conditions)} ORDER BY turn.id DESC LIMIT ?",
        (*values, min(limit, _LARGEST_INTEGER)),
    )
    return [SearchHit(str(name), turn) if (turn := _turn(row)) else None for name, *row in rows]


def _folded(text: str) -> str:
    """What two spellings of the same text have in common: without capitals, full width and half width."""
    return _clean(unicodedata.normalize("NFKC", text)).casefold().replace("\0", " ")


def _clean(text: str) -> str:
    """`text` with what cannot be encoded replaced: a terminal may have passed on bytes that are not text."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _values(turn: Turn) -> tuple[str | bool, ...]:
    """A turn as a row, in the order of _COLUMNS."""
    texts = (turn.at, turn.message, turn.heard, turn.unsaid, turn.outcome)
    exchanged = json.dumps([dataclasses.asdict(message) for message in turn.exchanged])
    metrics = json.dumps(dataclasses.asdict(turn.metrics))
    return (
        *map(_clean, texts),
        turn.exact,
        _clean(turn.error),
        exchanged,
        metrics,
        _clean(turn.model),
        _clean(turn.skipped),
    )


def _behind(beginning: str) -> str | bytes:
    """What comes behind all texts that begin like this, as SQLite sorts: by code point, and bytes behind all texts."""
    stem = beginning.rstrip(chr(sys.maxunicode))
    if not stem:
        return b""
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(_BEHIND_SURROGATES if following == _FIRST_SURROGATE else following)


def _conversation(row: Sequence[Any]) -> ConversationInfo | None:  # Any: a row of SQLite
    """A conversation as the list shows it, whatever its turns hold; None if its own row is damaged."""
    name, turns, started, last, opening, single, title = row
    if not isinstance(name, str) or not _is_moment(started):
        return None
    last = last if _is_moment(last) else started
    opening, title = (text if isinstance(text, str) else "" for text in (opening, title))
    return ConversationInfo(name, turns, started, last, opening, bool(single), title)


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _turn(row: Sequence[Any]) -> Turn | None:  # Any: a row of SQLite, in the order of _COLUMNS
    """A turn; None if the row is damaged."""
    at, message, heard, unsaid, outcome, exact, error, exchanged, metrics, model, skipped = row
    try:
        _check_texts(message, heard, unsaid, error, exchanged, metrics, model, skipped)
        if not _is_moment(at) or outcome not in get_args(OutcomeKind):
            return None
        return Turn(
            at=at,
            message=message,
            heard=heard,
            unsaid=unsaid,
            outcome=outcome,
            exact=bool(exact),
            error=error,
            exchanged=tuple(_message(fields) for fields in json.loads(exchanged)),
            metrics=_metrics(json.loads(metrics)),
            model=model,
            skipped=skipped,
        )
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return None


def _message(fields: dict[str, Any]) -> Message:  # Any: JSON that _values wrote
    message = Message(**{**fields, "tool_calls": tuple(ToolCall(**call) for call in fields["tool_calls"])})
    _check_texts(message.role, message.content, message.tool_name, message.tool_call_id)
    for call in message.tool_calls:
        _check_texts(call.id, call.name, call.arguments)
    return message


def _metrics(values: dict[str, Any]) -> Metrics:  # Any: JSON that _values wrote, by this version or another
    known = {field.name for field in dataclasses.fields(Metrics)}
    if not all(value is None or isinstance(value, int | float) for value in values.values()):
        raise TypeError("a figure that is not a number")
    return Metrics(**{name: value for name, value in values.items() if name in known})


def _check_texts(*values: object) -> None:
    if not all(isinstance(value, str) for value in values):
        raise TypeError("a text that is not text")


def _decoded(text: bytes) -> str:
    """What SQLite holds as text, which need not be valid."""
    return text.decode("utf-8", "replace")
