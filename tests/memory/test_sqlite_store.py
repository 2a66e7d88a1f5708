"""What the history file promises: nothing is lost, everything is found, and nothing blocks a start."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.memory.builders import call, outcome, result, turn
from voicebot.errors import ChatError, HistoryError
from voicebot.memory.sqlite_file import SCHEMA_VERSION, history_path
from voicebot.memory.sqlite_store import Store, known_names
from voicebot.memory.summary import Summary
from voicebot.memory.turns import finished_turn


def names(store: Store) -> list[str]:
    return [conversation.name for conversation in store.conversations()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.db"


def test_a_turn_comes_back_with_everything_that_is_known_of_it(path: Path) -> None:
    ended = outcome(
        "十二時です。",
        kind="failed",
        unsaid="それから",
        exchanged=(call("1", content="調べます。"), result("1")),
        prompt_tokens=12,
        error=ChatError("the reply broke off"),
    )
    kept = finished_turn("何時？", ended, model="ollama llama3.2")
    Store(path).add("kitchen", [kept])
    assert Store(path).turns("kitchen") == [kept]


def test_conversations_are_listed_with_the_latest_last(path: Path) -> None:
    store = Store(path)
    store.add("a", [turn("first"), turn("second")])
    store.add("b", [turn("other")])
    store.add("a", [turn("third")])
    assert [(c.name, c.turns, c.opening) for c in store.conversations()] == [("b", 1, "other"), ("a", 3, "first")]
    assert store.latest() == "a"


def test_a_new_conversation_gets_a_name_of_its_own(path: Path) -> None:
    store = Store(path)
    given = {store.add("", [turn("x")]) for _ in range(3)}
    assert len(given) == 3
    assert set(names(store)) == given


def test_a_conversation_goes_on_with_its_last_turns_and_its_summary(path: Path) -> None:
    store = Store(path)
    turns = [turn(f"question {number}") for number in range(6)]
    store.add("a", turns)
    store.summarize("a", Summary("要約", until=turns[1].at))
    store.add("a", [turn("nothing heard", "", kind="interrupted", unsaid="all of it")])
    found = store.resume("a", 10)
    assert found
    assert (found.turns, found.summary) == (tuple(turns[2:]), Summary("要約", turns[1].at))
    latest = store.resume("", 2)
    assert latest
    assert (latest.name, latest.turns) == ("a", tuple(turns[4:]))
    assert store.resume("unknown", 2) is None
    assert Store(path.with_name("empty.db")).resume("", 2) is None


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("天気", [1]),
        ("明日の天気", [1]),
        ("雨", [1]),
        ("weather", [2]),
        ("WEATHER paris", [2]),
        ("paris 天気", []),
        ("カタカナ", [3]),
        ("ｶﾀｶﾅ", [3]),
        ("ＰＡＲＩＳ", [2]),
        ("残り", [3]),
        ('"quoted" OR *', []),
        ("100%", [3]),
        ("_", []),
        ("  ", []),
    ],
)
def test_any_part_of_a_word_is_found(path: Path, words: str, found: list[int]) -> None:
    """Japanese has no spaces between words, and many of its words are shorter than what the index finds."""
    store = Store(path)
    texts = [
        ("明日の天気は？", "雨でしょう。", ""),
        ("Weather in Paris?", "Rain.", ""),
        ("ｶﾀｶﾅで100%", "はい", "残りです"),
    ]
    store.add("a", [turn(message, heard, unsaid=unsaid) for message, heard, unsaid in texts])
    messages = [texts[number - 1][0] for number in found]
    assert [one.turn.message for one in store.search(words)] == messages


def test_a_search_can_be_about_one_conversation_and_shows_the_latest_first(path: Path) -> None:
    store = Store(path)
    for name in ("a", "b"):
        store.add(name, [turn(f"{name} cats {number}") for number in range(3)])
    assert [one.turn.message for one in store.search("cats", conversation="a")] == ["a cats 2", "a cats 1", "a cats 0"]
    assert [one.conversation for one in store.search("cats", limit=4)] == ["b", "b", "b", "a"]


@given(text=st.text(max_size=40), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_every_part_of_every_text_is_found(text: str, data: st.DataObject, tmp_path: Path) -> None:
    words = text.split()
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    start = data.draw(st.integers(0, len(word) - 1))
    part = word[start : data.draw(st.integers(start + 1, len(word)))]
    if not part.isalnum() or not part.isascii():
        return  # a combining mark alone is not the character that it makes with its letter
    with closing(Store(tmp_path / "history.db")) as store:
        store.add("a", [turn(text)])
        assert text.encode("utf-8", "replace").decode() in [
            one.turn.message for one in store.search(part, limit=10_000)
        ]


def test_what_is_deleted_is_gone_from_the_files(path: Path) -> None:
    store = Store(path)
    store.add("kept", [turn("harmless")])
    store.add("gone", [turn(f"secret word {number}", "秘密の言葉") for number in range(200)])
    assert store.delete(["gone"]) == 200
    contents = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"harmless" in contents
    assert b"secret word" not in contents
    assert "秘密の言葉".encode() not in contents
    assert store.search("secret") == []
    assert names(store) == ["kept"]


def test_deleting_what_is_not_there_deletes_nothing(path: Path) -> None:
    store = Store(path)
    store.add("kitchen", [turn("x")])
    with pytest.raises(HistoryError, match="did you mean 'kitchen'"):
        store.delete(["kitchen", "kitchn"])
    assert names(store) == ["kitchen"]


def test_what_cannot_be_encoded_is_replaced_and_the_rest_is_kept(path: Path) -> None:
    """A terminal that does not speak UTF-8 passes on lone surrogates."""
    store = Store(path)
    store.add("a", [turn("caf\udce9", "\0")])
    assert [(t.message, t.heard) for t in store.turns("a")] == [("caf?", "\0")]


# ---------------------------------------------------------------- the file


@pytest.mark.skipif(sys.platform == "win32", reason="file permissions of Unix")
def test_nobody_else_may_read_it(path: Path) -> None:
    store = Store(path)
    store.add("a", [turn("x")])
    assert {file.stat().st_mode & 0o077 for file in [path.parent, *path.parent.iterdir()]} == {0}


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:100] + b"\xff" * (len(content) - 100),
        lambda content: content[: len(content) // 2],
        lambda content: content[:4096] + bytes(len(content) - 4096),
    ],
    ids=["garbage behind the header", "cut off", "emptied"],
)
def test_a_damaged_file_is_set_aside_and_the_person_is_told_once(path: Path, damage: object) -> None:
    store = Store(path)
    store.add("a", [turn(f"question {number} " + "x" * 100) for number in range(100)])
    store.close()
    assert callable(damage)
    broken = damage(path.read_bytes())
    path.write_bytes(broken)

    store = Store(path)
    store.add("b", [turn("y")])
    assert names(store) == ["b"]
    assert store.search("question") == []
    store.add("b", [turn("z")])
    assert len(store.notes) == 1
    assert "is damaged" in store.notes[0]
    (aside,) = path.parent.glob("history.damaged-*.db")
    assert aside.read_bytes() == broken
    again = Store(path)
    assert names(again) == ["b"]
    assert again.notes == []


def test_a_file_that_another_process_has_set_aside_is_left_alone(path: Path) -> None:
    first, second = Store(path), Store(path)
    first.add("a", [turn("x")])
    second.add("a", [turn("x")])
    first.close()
    second.close()
    path.write_bytes(path.read_bytes()[:100] + b"garbage" * 1000)
    first.add("b", [turn("y")])
    second.add("c", [turn("z")])
    assert names(first) == ["b", "c"]
    assert (len(first.notes), second.notes) == (1, [])


def another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA application_id = 7")
        connection.execute("CREATE TABLE diary (day)")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text("Dear diary"),
        lambda path: path.write_bytes(b"\0" * 5000),
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"x" * 5000),
        another_database,
        lambda path: path.touch(),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("/dev/null"),
    ],
    ids=["text", "zeros", "half a database", "another database", "empty", "folder", "pipe", "zero", "null"],
)
def test_a_file_that_is_not_a_history_is_refused_and_never_touched(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    """A diary that memory.path named was renamed, as a damaged history."""
    path = tmp_path / "diary"
    make(path)
    before = path.lstat(), path.is_file() and path.read_bytes()
    store = Store(path)
    for work in (lambda: store.add("a", [turn("x")]), store.conversations):
        with pytest.raises(HistoryError, match=r"a history|as the history") as caught:
            work()
        assert "memory.path" in caught.value.hint
    assert store.notes == []
    assert (path.lstat().st_ino, path.lstat().st_mtime) == (before[0].st_ino, before[0].st_mtime)
    assert (path.is_file() and path.read_bytes()) == before[1]
    assert list(tmp_path.iterdir()) == [path]


def test_a_history_whose_mark_is_still_in_its_log_is_ours(path: Path) -> None:
    """Its process was killed before SQLite had moved the first pages from the log to the file."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA application_id = {0x766F6963}")
        copies = [file.read_bytes() for file in (path, path.with_name("history.db-wal"))]
    for file, content in zip((path, path.with_name("history.db-wal")), copies, strict=True):
        file.write_bytes(content)
    store = Store(path)
    store.add("a", [turn("x")])
    assert names(store) == ["a"]


@pytest.mark.parametrize(
    "damage",
    [
        "metrics = '[]'",
        'metrics = \'{"ttfa": "soon"}\'',
        "metrics = 'no JSON'",
        "exchanged = '{\"a\": 1}'",
        "exchanged = '[1]'",
        'exchanged = \'[{"role": "tool", "content": 1, "tool_calls": []}]\'',
        "exchanged = '" + "[" * 100_000 + "'",
        "at = 'yesterday'",
        "at = x'00ff'",
        "heard = x'00ff'",
        "message = 7.5",
        "outcome = 'nothing'",
        "model = x'ff'",
    ],
    ids=lambda damage: damage[:40],
)
def test_a_damaged_row_is_left_out_and_that_is_told_once(path: Path, damage: str) -> None:
    """One such row ended list, show, search and export as "a bug in voicebot"."""
    Store(path).add("a", [turn("good one"), turn("bad one"), turn("good too")])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(f"UPDATE turn SET {damage} WHERE id = 2")
    store = Store(path)
    left = [kept.message for kept in store.turns("a")]
    assert left in (["good one", "good too"], ["good one", "7.5", "good too"])  # a number is text in such a column
    assert [hit.turn.message for hit in store.search("one")][-1] == "good one"
    resumed = store.resume("a", 5)
    assert resumed
    assert resumed.turns[-1].message == "good too"
    store.conversations()
    assert len(store.notes) == (len(left) == 2)


def test_text_that_is_not_valid_is_read_as_far_as_it_goes(path: Path) -> None:
    Store(path).add("a", [turn("good one")])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE turn SET heard = CAST(x'6f6bff' AS TEXT)")
    assert [kept.heard for kept in Store(path).turns("a")] == ["ok\ufffd"]


def test_a_conversation_with_a_damaged_row_is_left_out_of_the_list(path: Path) -> None:
    store = Store(path)
    store.add("a", [turn("x")])
    store.add("b", [turn("y")])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE conversation SET started = 'x', name = x'ff' WHERE name = 'b'")
    store = Store(path)
    assert names(store) == ["a"]
    assert len(store.notes) == 1


def test_a_search_has_an_answer_whatever_is_asked(path: Path) -> None:
    """The same two letters over and over, and a limit of more than 64 bits, ended in errors of SQLite."""
    store = Store(path)
    store.add("a", [turn("abc ab")])
    for words in ("ab " * 7, "ab " * 5000, "abc " * 5000):
        assert len(store.search(words, limit=10**30)) == 1
    with pytest.raises(HistoryError, match="words to search for"):
        store.search(" ".join(map(str, range(10_000))))


def test_a_file_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    """Its conversations were called sessions; an update of voicebot keeps them."""
    Store(path).add("kitchen", [turn("Is it done?")])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "DROP INDEX turn_of_conversation;"
            "ALTER TABLE turn DROP COLUMN skipped;"
            "ALTER TABLE conversation RENAME TO session;"
            "ALTER TABLE turn RENAME COLUMN conversation TO session;"
            "CREATE INDEX turn_of_session ON turn (session, id);"
            "ALTER TABLE session DROP COLUMN single;"
            "ALTER TABLE session DROP COLUMN title;"
            "PRAGMA user_version = 1;"
        )
    store = Store(path)
    store.add("kitchen", [turn("And now?")])
    assert [one.message for one in store.turns("kitchen")] == ["Is it done?", "And now?"]
    assert [hit.conversation for hit in store.search("done")] == ["kitchen"]


def test_a_file_of_the_second_version_is_brought_up_to_date(path: Path) -> None:
    """It knows nothing of what was skipped."""
    Store(path).add("kitchen", [turn("Is it done?")])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE turn DROP COLUMN skipped;"
            "ALTER TABLE conversation DROP COLUMN single;"
            "ALTER TABLE conversation DROP COLUMN title;"
            "PRAGMA user_version = 2;"
        )
    store = Store(path)
    said = replace(turn("And now?"), skipped="It is burnt.")
    store.add("kitchen", [said])
    assert [one.skipped for one in store.turns("kitchen")] == ["", "It is burnt."]
    assert [hit.turn for hit in store.search("burnt")] == [said]


def test_a_file_of_the_third_version_is_brought_up_to_date(path: Path) -> None:
    """It did not know which questions were asked alone: whatever it holds stays a conversation."""
    Store(path).add("2026-05-01-1200", [turn("Is it done?")])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE conversation DROP COLUMN single;"
            "ALTER TABLE conversation DROP COLUMN title;"
            "PRAGMA user_version = 3;"
        )
    store = Store(path)
    store.add("", [turn("And this?")], single=True)
    assert [(one.opening, one.single) for one in store.conversations()] == [("Is it done?", False), ("And this?", True)]


def test_a_file_of_the_fourth_version_is_brought_up_to_date(path: Path) -> None:
    """Its conversations have no titles."""
    Store(path).add("kitchen", [turn("Is it done?")])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("ALTER TABLE conversation DROP COLUMN title; PRAGMA user_version = 4;")
    assert [one.title for one in Store(path).conversations()] == [""]


def test_a_conversation_has_the_title_that_it_was_given_last(path: Path) -> None:
    store = Store(path, redact=lambda text: text.replace("hunter2", "…"))
    store.add("kitchen", [turn("Is it done?")])
    store.rename("kitchen", "料理")
    assert [one.title for one in store.conversations()] == ["料理"]
    store.rename("kitchen", "hunter2 cakes")
    assert [one.title for one in store.conversations()] == ["… cakes"]
    with pytest.raises(HistoryError, match="no conversation"):
        store.rename("garden", "x")


def test_conversations_are_listed_by_how_their_names_begin(path: Path) -> None:
    store = Store(path)
    for name in ("a/1", "a_/1", "A/1", "a/2"):
        store.add(name, [turn("x")])
    assert [one.name for one in store.conversations("a/")] == ["a/1", "a/2"]
    assert [one.name for one in store.conversations("%")] == []


NAMES = st.text(st.sampled_from("a%_\\*\0Z é\ud7ff\ue000\uffff、\U0010fffe\U0010ffff"), min_size=1, max_size=4)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known=st.sets(NAMES, max_size=8), beginning=NAMES)
def test_names_begin_with_what_they_begin_with_whatever_the_characters(
    tmp_path_factory: pytest.TempPathFactory, known: set[str], beginning: str
) -> None:
    with closing(Store(tmp_path_factory.mktemp("history") / "history.db")) as store:
        for name in known:
            store.add(name, [turn("x")])
        assert {one.name for one in store.conversations(beginning)} == {
            name for name in known if name.startswith(beginning)
        }
        assert {one.name for one in store.conversations()} == known
        for name in (*known, beginning):
            assert (store.conversation(name) is not None) == (name in known)


def test_one_conversation_is_found_by_its_whole_name(path: Path) -> None:
    store = Store(path)
    for name in ("a/1", "a/12"):
        store.add(name, [turn("x")])
    found = store.conversation("a/1")
    assert found is not None
    assert (found.name, found.turns, found.opening) == ("a/1", 1, "x")
    assert store.conversation("a/") is None


def test_a_question_asked_alone_becomes_a_conversation_when_it_goes_on(path: Path) -> None:
    store = Store(path)
    name = store.add("", [turn("What is tea?")], single=True)
    assert [one.single for one in store.conversations()] == [True]
    assert store.latest() == name
    store.add(name, [turn("And coffee?")])
    assert [one.single for one in store.conversations()] == [False]


def test_a_question_that_failed_is_not_the_latest_conversation(path: Path) -> None:
    """After a question to a server that was down, `-c` went on with that and not with what was talked about before."""
    store = Store(path)
    store.add("kitchen", [turn("first")])
    failed = finished_turn("lost", outcome("", kind="failed", error=ChatError("down")), model="m")
    store.add("", [failed], single=True)
    assert store.latest() == "kitchen"
    resumed = store.resume("", 5)
    assert resumed
    assert resumed.name == "kitchen"
    store.add("other", [turn("x")])
    store.add("kitchen", [failed])  # a conversation that went wrong at last is still the latest
    assert store.latest() == "kitchen"


def test_a_question_asked_alone_is_not_offered_as_a_conversation(path: Path) -> None:
    store = Store(path)
    store.add("kitchen", [turn("first")])
    store.add("", [turn("alone")], single=True)
    assert known_names(path).conversations == ("kitchen",)


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    Store(path).add("a", [turn("x")])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="newer voicebot") as caught:
        Store(path).add("a", [turn("y")])
    assert "update voicebot" in caught.value.hint
    assert path.read_bytes() == before


def test_a_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="not a history of voicebot"):
        Store(path).conversations()
    assert path.read_bytes() == before


def test_where_no_file_can_be_made_the_error_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(HistoryError, match="cannot use") as caught:
        Store(tmp_path / "file" / "history.db").add("a", [turn("x")])
    assert "memory.path" in caught.value.hint
    (tmp_path / "folder").mkdir()
    with pytest.raises(HistoryError, match="it is a folder"):
        Store(tmp_path / "folder").add("a", [turn("x")])


def test_the_configured_path_may_begin_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert history_path("~/talks.db") == tmp_path / "talks.db"
    assert history_path("").name == "history.db"


WRITER = """
import sys
from pathlib import Path
from tests.memory.builders import turn
from voicebot.memory.sqlite_store import Store

for line in sys.stdin:
    store = Store(Path(line.rstrip()))
    for number in range(5):
        store.add(sys.argv[1], [turn(f"question {number}")])
    store.close()
    print("note" if store.notes else "done", flush=True)
"""


def test_several_processes_write_to_one_new_file(path: Path) -> None:
    """Even if all of them create it at the same moment.

    One that looked at the file while another one was making its tables took it for that of another program.
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, name],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environment,
                    text=True,
                )
            )
            for name in "aabb"
        ]
        for number in range(20):
            file = path.with_name(f"{number}.db")
            for process in processes:
                assert process.stdin
                print(file, file=process.stdin, flush=True)
            for process in processes:
                assert process.stdout
                assert process.stdout.readline() == "done\n"
            store = Store(file)
            assert [len(store.turns(name)) for name in "ab"] == [10, 10]
            assert len(store.search("question 4", limit=100)) == 4
            store.close()
