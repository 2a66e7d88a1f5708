"""Conversations in an SQLite file: every turn with what was heard of it, found again by any part of a word.

Synchronous, and for one thread. Once `add` has returned, a turn survives the end of this process, however it ends (a
write-ahead log; the operating system writes it to the disk a little later). Several processes may use the same file.
"""

from __future__ import annotations

import difflib
import sqlite3
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from voicebot.errors import HistoryError
from voicebot.memory.sqlite_file import HistoryFile, open_to_read
from voicebot.memory.sqlite_rows import TURN_COLUMNS, ConversationInfo, clean, conversation_of, turn_of, turn_values
from voicebot.memory.summary import NO_SUMMARY, Summary
from voicebot.memory.turns import Turn
from voicebot.translation import tr

T = TypeVar("T")

_MOST_WORDS = 200
"""To search for at once."""
_LARGEST_INTEGER = 2**63 - 1
_FIRST_SURROGATE, _BEHIND_SURROGATES = 0xD800, 0xE000
"""Between them stands no character that a text in a file could have."""
_TRIGRAM = 3
"""Characters; the index finds nothing shorter, and Japanese words often are."""


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
    with open_to_read(path) as connection:
        conversations, models = (
            tuple(name for (name,) in connection.execute(question))
            for question in (
                "SELECT name FROM conversation JOIN turn ON turn.conversation = conversation.id WHERE NOT single "
                "GROUP BY conversation.id ORDER BY max(turn.id) DESC",
                "SELECT model FROM turn GROUP BY model ORDER BY max(id) DESC",
            )
        )
    return KnownNames(conversations, models)


class Store:
    """The conversations in one file, which is opened at first use.

    Every method raises HistoryError. A history that is damaged is set aside, and the method works on a new one; a file
    that is not a history is never touched.
    """

    def __init__(self, path: Path, *, redact: Callable[[str], str] = str) -> None:
        """`redact` takes out of every text what must not be kept."""
        self.path = path
        self._redact = redact
        self._file = HistoryFile(path)
        self._damage_told = False

    @property
    def notes(self) -> list[str]:
        """What a person should be told; the caller who does so empties the list."""
        return self._file.notes

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        self._file.close()

    def add(self, conversation: str, turns: Sequence[Turn], *, single: bool = False) -> str:
        """Keep `turns` in the conversation `conversation`, or in a new one if that is empty; return its name.

        `single`: it is a question asked alone, for now.
        """
        return self._file.run(lambda connection: _add(connection, conversation, turns, self._redact, single=single))

    def summarize(self, conversation: str, summary: Summary) -> None:
        """Keep the running summary of a conversation."""
        values = (clean(self._redact(summary.text)), summary.until, conversation)
        self._file.run(lambda c: c.execute("UPDATE conversation SET summary = ?, until = ? WHERE name = ?", values))

    def resume(self, conversation: str, turns: int) -> Resumed | None:
        """The last `turns` turns of a conversation, or of the latest if the name is empty; None if there is none."""

        def read(connection: sqlite3.Connection) -> Resumed | None:
            name = conversation or _latest(connection)
            row = connection.execute("SELECT id, summary, until FROM conversation WHERE name = ?", (name,)).fetchone()
            if row is None:
                return None
            number, text, until = row
            rows = connection.execute(
                f"SELECT {TURN_COLUMNS} FROM turn WHERE conversation = ? AND at > ? "
                "AND (heard <> '' OR exchanged <> '[]') ORDER BY id DESC LIMIT ?",
                (number, until, turns),
            ).fetchall()
            summary = Summary(text, until) if text else NO_SUMMARY
            return Resumed(name, tuple(self._readable(map(turn_of, reversed(rows)))), summary)

        return self._file.run(read)

    def rename(self, conversation: str, title: str) -> None:
        """Call a conversation `title`. Raises HistoryError if there is no such conversation."""

        def write(connection: sqlite3.Connection) -> None:
            number = _conversation_id(connection, conversation)
            title_kept = clean(self._redact(title))
            connection.execute("UPDATE conversation SET title = ? WHERE id = ?", (title_kept, number))

        self._file.run(write)

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
        ((found,),) = self._file.run(
            lambda connection: connection.execute(
                "SELECT count(*) FROM conversation WHERE substr(name, 1, ?) = ?", (len(beginning), beginning)
            ).fetchall()
        )
        return int(found)

    def turns(self, conversation: str) -> list[Turn]:
        """Every turn of a conversation, oldest first. Raises HistoryError if there is no such conversation."""

        def read(connection: sqlite3.Connection) -> list[Turn]:
            number = _conversation_id(connection, conversation)
            rows = connection.execute(f"SELECT {TURN_COLUMNS} FROM turn WHERE conversation = ? ORDER BY id", (number,))
            return list(self._readable(map(turn_of, rows)))

        return self._file.run(read)

    def latest(self) -> str:
        """The name of the conversation that was spoken in last; empty if there is none.

        One in which every turn failed before anything was heard does not count.
        """
        return self._file.run(_latest)

    def search(self, words: str, *, conversation: str = "", limit: int = 20) -> list[SearchHit]:
        """The turns in which each of `words` was said, heard, skipped or left unsaid, the latest first.

        Capitals make no difference, nor does full or half width.
        """
        hits = self._file.run(lambda connection: _search(connection, words, conversation, limit))
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

        gone = self._file.run(remove)
        self._file.forget_log()
        return gone

    def _listed(self, condition: str, *values: str | bytes) -> list[ConversationInfo]:
        rows = self._file.run(
            lambda connection: connection.execute(
                "SELECT name, count(turn.id), started, coalesce(max(at), started), "
                "coalesce((SELECT message FROM turn WHERE conversation = conversation.id ORDER BY id LIMIT 1), ''), "
                "single, title FROM conversation LEFT JOIN turn ON turn.conversation = conversation.id "
                f"WHERE {condition} GROUP BY conversation.id ORDER BY max(turn.id), conversation.id",
                values,
            ).fetchall()
        )
        return list(self._readable(map(conversation_of, rows)))

    def _readable(self, rows: Iterable[T | None]) -> Iterator[T]:
        """The rows that can be read; if some cannot, that is reported once."""
        for row in rows:
            if row is not None:
                yield row
            elif not self._damage_told:
                self._damage_told = True
                self.notes.append(tr("{path}: some of what it holds is damaged, and is left out", path=self.path))


def _add(
    connection: sqlite3.Connection,
    conversation: str,
    turns: Sequence[Turn],
    redact: Callable[[str], str],
    *,
    single: bool,
) -> str:
    name = clean(conversation) or _free_name(connection)
    connection.execute("INSERT OR IGNORE INTO conversation (name, started) VALUES (?, ?)", (name, turns[0].at))
    number = _conversation_id(connection, name)
    connection.execute("UPDATE conversation SET single = ? WHERE id = ?", (single, number))
    for turn in turns:
        row = connection.execute(
            f"INSERT INTO turn (conversation, {TURN_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, *(redact(value) if isinstance(value, str) else value for value in turn_values(turn))),
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
    row = connection.execute("SELECT id FROM conversation WHERE name = ?", (clean(conversation),)).fetchone()
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
        f"SELECT name, {TURN_COLUMNS} FROM words JOIN turn ON turn.id = words.rowid "
        "JOIN conversation ON conversation.id = turn.conversation "
        f"WHERE {' AND '.join(conditions)} ORDER BY turn.id DESC LIMIT ?",
        (*values, min(limit, _LARGEST_INTEGER)),
    )
    return [SearchHit(str(name), turn) if (turn := turn_of(row)) else None for name, *row in rows]


def _folded(text: str) -> str:
    """What two spellings of the same text have in common: without capitals, full width and half width."""
    return clean(unicodedata.normalize("NFKC", text)).casefold().replace("\0", " ")


def _behind(beginning: str) -> str | bytes:
    """What comes behind all texts that begin like this, as SQLite sorts: by code point, and bytes behind all texts."""
    stem = beginning.rstrip(chr(sys.maxunicode))
    if not stem:
        return b""
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(_BEHIND_SURROGATES if following == _FIRST_SURROGATE else following)
