"""`voicebot history`, `-c` and `--conversation`, as a person uses them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from anyio import to_thread

from tests.chat.dialects import OPENAI
from tests.cli.command import json_lines, start, voicebot
from tests.fake_voicevox import nobody_there
from tests.fault_server import serve

QUIET = ("--tts", "tone", "--set", "audio.kind=silent")
DEMO = ("--chat", "demo", "--set", "chat.deltas_per_second=1000", *QUIET)


@pytest.fixture
def anyio_backend() -> str:
    """The command runs elsewhere; the server here may run on either event loop."""
    return "asyncio"


def history(home: Path, *arguments: str) -> str:
    done = voicebot(home, "history", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who has talked to the demo twice."""
    home = tmp_path_factory.mktemp("home")
    english = voicebot(home, "chat", *DEMO, "--conversation", "kitchen", input="My name is Taro\nWhat is my name?\n")
    assert english.returncode == 0, english.stderr
    assert voicebot(home, "chat", *DEMO, input="私の名前は太郎です\n").returncode == 0
    return home


def test_conversations_are_listed_the_latest_last(home: Path) -> None:
    kitchen, other = json_lines(history(home, "list", "--json"))
    assert (kitchen["conversation"], kitchen["turns"], kitchen["opening"]) == ("kitchen", 2, "My name is Taro")
    assert (other["turns"], other["opening"]) == (1, "私の名前は太郎です")
    assert [line.split("\t")[0] for line in history(home, "list").splitlines()] == [
        "kitchen",
        other["conversation"],
    ]


def test_a_conversation_is_shown_with_what_was_heard(home: Path) -> None:
    shown = history(home, "show", "kitchen")
    assert "› My name is Taro\nNice to meet you, Taro." in shown
    assert "私の名前は太郎です" in history(home, "show")
    first, _ = json_lines(history(home, "show", "kitchen", "--json"))
    assert (first["outcome"], first["model"], first["unsaid"]) == ("completed", "demo", "")
    assert first["metrics"]["ttft"] > 0


def test_part_of_a_word_is_found_in_both_languages(home: Path) -> None:
    (row,) = json_lines(history(home, "search", "太郎", "--json"))
    assert row["message"] == "私の名前は太郎です"
    assert [row["conversation"] for row in json_lines(history(home, "search", "taro", "--json"))] == [
        "kitchen",
        "kitchen",
    ]
    assert len(json_lines(history(home, "search", "taro", "-n", "1", "--json"))) == 1
    assert history(home, "search", "taro", "nobody") == ""


def test_everything_can_be_taken_along(home: Path) -> None:
    assert len(json_lines(history(home, "export"))) == 3
    markdown = history(home, "export", "kitchen", "--format", "md")
    assert markdown.startswith("# kitchen\n\n## ")
    assert "> My name is Taro\n\nNice to meet you, Taro." in markdown
    history(home, "export", "kitchen", "-o", "kitchen.md")
    assert (home / "kitchen.md").read_text(encoding="utf-8") == markdown


def test_what_is_not_there_is_told_with_the_nearest(home: Path) -> None:
    done = voicebot(home, "history", "show", "kitchn")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean 'kitchen'?" in done.stderr
    assert "voicebot history list" in done.stderr


@pytest.mark.parametrize("name", ["kitchen.md", "backup.jsonl"])
def test_who_exports_to_a_file_without_o_is_told_how(home: Path, name: str) -> None:
    """It was only told that there is no such conversation."""
    done = voicebot(home, "history", "export", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"-o {name} writes to that file" in done.stderr


def test_what_is_not_there_needs_no_confirmation(home: Path) -> None:
    """A mistyped name got "add --yes" first, and only then "there is no such conversation"."""
    done = voicebot(home, "history", "delete", "kitchen", "kitchn")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no conversation 'kitchn'" in done.stderr
    assert len(json_lines(history(home, "list", "--json"))) == 2


def test_deleting_is_for_good_and_needs_to_be_confirmed(tmp_path: Path) -> None:
    voicebot(tmp_path, "ask", "Hello secretword", *DEMO, "--conversation", "kitchen")
    for arguments in (["kitchen"], ["--all"], [], ["kitchen", "--all", "--yes"]):
        assert voicebot(tmp_path, "history", "delete", *arguments).returncode == 2
    assert len(json_lines(history(tmp_path, "list", "--json"))) == 1
    (deleted,) = json_lines(history(tmp_path, "delete", "kitchen", "--yes", "--json"))
    assert deleted == {"deleted": ["kitchen"], "turns": 1}
    assert history(tmp_path, "list") == ""
    (folder,) = tmp_path.rglob("history.db")
    assert all(b"secretword" not in file.read_bytes() for file in folder.parent.iterdir())


def test_looking_for_conversations_makes_no_file(tmp_path: Path) -> None:
    for arguments in (["list"], ["show"], ["search", "x"], ["export"]):
        done = voicebot(tmp_path, "history", *arguments)
        assert (done.returncode, done.stdout) == (0, "")
        assert "there are no conversations yet" in done.stderr
    assert list(tmp_path.rglob("*.db")) == []


@pytest.mark.parametrize("how", [["-c"], ["--conversation", "台所"], ["-c", "--conversation", "台所"]])
def test_a_conversation_goes_on(tmp_path: Path, how: list[str]) -> None:
    assert voicebot(tmp_path, "chat", *DEMO, "--conversation", "台所", input="私の名前は太郎です\n").returncode == 0
    done = voicebot(tmp_path, "chat", *DEMO, *how, input="私の名前は？\n")
    assert "太郎さんですね" in done.stdout
    assert "continuing the conversation 台所" in done.stderr
    assert "太郎さんですね" in voicebot(tmp_path, "ask", *DEMO, *how, "私の名前は？").stdout
    (kept,) = json_lines(history(tmp_path, "list", "--json"))
    assert kept["turns"] == 3


def test_without_a_command_it_is_a_chat_that_goes_on(tmp_path: Path) -> None:
    voicebot(tmp_path, *DEMO, "--conversation", "a", input="My name is Taro\n")
    assert "Taro" in voicebot(tmp_path, "-c", *DEMO, input="What is my name?\n").stdout


def test_a_new_conversation_knows_nothing_of_the_last_one(tmp_path: Path) -> None:
    voicebot(tmp_path, "chat", *DEMO, input="My name is Taro\n")
    assert "Taro" not in voicebot(tmp_path, "chat", *DEMO, input="What is my name?\n").stdout
    assert len(json_lines(history(tmp_path, "list", "--json"))) == 2


@pytest.mark.parametrize("name", ["", " ", "a\nb"])
def test_a_conversation_needs_a_readable_name(tmp_path: Path, name: str) -> None:
    assert voicebot(tmp_path, "chat", *DEMO, "--conversation", name, input="").returncode == 2


def test_memory_store_false_keeps_nothing(tmp_path: Path) -> None:
    off = ("--set", "memory.store=false")
    done = voicebot(tmp_path, "chat", *DEMO, *off, input="My name is Taro\nWhat is my name?\n")
    assert "Your name is Taro" in done.stdout
    done = voicebot(tmp_path, "chat", *DEMO, *off, "-c", input="Hello\n")
    assert done.returncode == 0
    assert "nothing is kept" in done.stderr
    assert list(tmp_path.rglob("*.db*")) == []


def test_what_is_only_read_aloud_is_not_kept(tmp_path: Path) -> None:
    assert voicebot(tmp_path, "say", "Hello.", *QUIET).returncode == 0
    assert list(tmp_path.rglob("*.db*")) == []


@pytest.mark.parametrize("how", [[], ["-c"]], ids=["new", "continue"])
def test_a_damaged_history_is_set_aside_and_never_blocks_a_start(tmp_path: Path, how: list[str]) -> None:
    broken = tmp_path / "h.db"
    here = ("--set", f"memory.path={broken}")
    voicebot(tmp_path, "ask", "Hello", *DEMO, *here)
    broken.write_bytes(broken.read_bytes()[:100] + b"garbage" * 1000)
    done = voicebot(tmp_path, "ask", "Hello", *DEMO, *here, *how)
    assert done.returncode == 0
    assert "voicebot demo" in done.stdout
    assert done.stderr.count("is damaged") == 1
    assert len(list(tmp_path.glob("h.damaged-*.db"))) == 1
    assert len(json_lines(history(tmp_path, "list", "--all", "--json", *here))) == 1
    assert "damaged" not in voicebot(tmp_path, "ask", "Hello", *DEMO, *here).stderr


def test_a_diary_is_not_a_history_and_never_blocks_a_start(tmp_path: Path) -> None:
    """It was renamed as a damaged history."""
    here = ("--set", "memory.path=diary")
    (tmp_path / "diary").write_text("Dear diary")
    done = voicebot(tmp_path, "ask", "Hello", *DEMO, *here)
    assert (done.returncode, done.stderr.count("is not a history of voicebot")) == (0, 1)
    done = voicebot(tmp_path, "history", "list", *here)
    assert (done.returncode, done.stderr.count("is not a history of voicebot")) == (1, 1)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["diary"]
    assert (tmp_path / "diary").read_text() == "Dear diary"


def test_why_nothing_can_be_kept_is_told_in_words(tmp_path: Path) -> None:
    """It was "[Errno 17] File exists: '/…'", for Japanese too."""
    (tmp_path / "file").touch()
    done = voicebot(tmp_path, "ask", "Hello", *DEMO, "--set", "memory.path=file/h.db", LANG="ja_JP.UTF-8")
    assert done.returncode == 0
    assert "file/h.dbを使えません：file：ファイルがすでにあります" in done.stderr


def test_damaged_turns_are_left_out_and_that_is_told_once(tmp_path: Path) -> None:
    here = ("--set", "memory.path=h.db")
    voicebot(tmp_path, "chat", *DEMO, *here, "--conversation", "a", input="one\ntwo\nthree\n")
    with closing(sqlite3.connect(tmp_path / "h.db")) as connection, connection:
        connection.execute("UPDATE turn SET at = 'yesterday' WHERE id = 1")
        connection.execute("UPDATE turn SET metrics = '[1]' WHERE id = 2")
    for arguments in (["list"], ["show"], ["search", "three", "-n", str(2**64)], ["export"], ["export", "-f", "md"]):
        done = voicebot(tmp_path, "history", *arguments, *here)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("damaged") == (arguments[0] not in ("list", "search")), arguments
        assert "three" in done.stdout or arguments == ["list"]


def test_a_history_of_a_newer_version_is_refused_kindly(tmp_path: Path) -> None:
    here = ("--set", "memory.path=h.db")
    voicebot(tmp_path, "ask", "Hello", *DEMO, *here)
    with closing(sqlite3.connect(tmp_path / "h.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    done = voicebot(tmp_path, "chat", *DEMO, *here, input="Hello\nHello\n")
    assert (done.returncode, done.stderr.count("newer voicebot")) == (0, 1)
    done = voicebot(tmp_path, "ask", "Hello", *DEMO, *here, "-c")
    assert done.returncode == 1
    assert "update voicebot" in done.stderr


def test_a_turn_that_was_answered_survives_kill_9(tmp_path: Path) -> None:
    process = start(tmp_path, "chat", *DEMO, "--json", "--conversation", "a")
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"My name is Taro\nWhat is my name?\n")
    process.stdin.flush()
    started = 0
    while started < 2:  # the first turn is kept before the second one begins
        (event,) = json_lines(process.stdout.readline().decode())
        started += event["type"] == "turn_started"
    process.kill()
    process.communicate()
    turns = json_lines(history(tmp_path, "show", "a", "--json"))
    assert turns[0]["heard"].startswith("Nice to meet you, Taro.")
    assert "Taro" in voicebot(tmp_path, "ask", *DEMO, "-c", "What is my name?").stdout


@pytest.mark.anyio
async def test_two_conversations_at_once_are_both_kept(tmp_path: Path) -> None:
    first, second = (start(tmp_path, "chat", *DEMO, "--conversation", name) for name in ("a", "b"))
    for process in (first, second):
        assert process.stdin
        process.stdin.write(b"Hello\n" * 3)
        process.stdin.close()
    for process in (first, second):
        assert await to_thread.run_sync(process.wait, 30) == 0
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stderr.close()
    kept = json_lines(history(tmp_path, "list", "--json"))
    assert sorted((row["conversation"], row["turns"]) for row in kept) == [("a", 3), ("b", 3)]


@pytest.mark.anyio
async def test_the_chat_server_is_told_what_was_said_in_an_earlier_process(tmp_path: Path) -> None:
    async with serve() as server:
        server.answer(OPENAI.path, OPENAI.reply("Fine", "."))
        chat = ("--chat", "openai", "--model", "m", "--base-url", OPENAI.base_url(server), *QUIET)
        for arguments in (["How are you?"], ["-c", "And now?"]):
            done = await to_thread.run_sync(voicebot, tmp_path, "ask", *chat, *arguments)
            assert done.returncode == 0, done.stderr
        messages = json.loads(server.requests[-1].body)["messages"]
    assert [message["content"] for message in messages[1:]] == ["How are you?", "Fine.", "And now?"]


def test_questions_asked_alone_are_kept_apart_from_conversations(home: Path, tmp_path: Path) -> None:
    """They filled the list, one conversation each."""
    home = shutil.copytree(home, tmp_path / "home")  # other tests count what is in that one
    before = json_lines(history(home, "list", "--json"))
    assert voicebot(home, "ask", "What is 6 * 7?", *DEMO).returncode == 0
    assert json_lines(history(home, "list", "--json")) == before
    assert "1 question asked alone → voicebot history list --all" in voicebot(home, "history", "list").stderr
    exported = voicebot(home, "history", "export", "-o", "all.pdf")
    assert exported.stderr == "wrote all.pdf as JSON lines\n"  # it said nothing, not even that this is no PDF
    *conversations, question = json_lines(history(home, "list", "--all", "--json"))
    assert (conversations, question["opening"], question["single"]) == (before, "What is 6 * 7?", True)
    assert len(json_lines(history(home, "search", "42", "--json"))) == 1


def test_a_question_that_is_gone_on_with_is_a_conversation(tmp_path: Path) -> None:
    assert voicebot(tmp_path, "ask", "My name is Taro", *DEMO).returncode == 0
    assert history(tmp_path, "list") == ""
    assert "Taro" in voicebot(tmp_path, "ask", "-c", "What is my name?", *DEMO).stdout
    (kept,) = json_lines(history(tmp_path, "list", "--json"))
    assert kept["turns"] == 2


def test_a_question_that_nobody_answered_is_not_what_goes_on(tmp_path: Path) -> None:
    assert voicebot(tmp_path, "chat", *DEMO, "--conversation", "a", input="My name is Taro\n").returncode == 0
    with nobody_there() as url:
        lost = voicebot(tmp_path, "ask", "Hello?", "--chat", "ollama", "--model", "m", "--base-url", url, *QUIET)
    assert lost.returncode == 4
    assert "continuing the conversation a" in voicebot(tmp_path, "ask", "-c", "What is my name?", *DEMO).stderr


def test_a_run_without_log_leaves_nothing(tmp_path: Path) -> None:
    assert voicebot(tmp_path, "ask", "Hello", *DEMO, "--no-log").returncode == 0
    assert voicebot(tmp_path, "chat", *DEMO, "--no-log", input="Hello\n").returncode == 0
    assert list(tmp_path.rglob("*.db*")) == []


def test_a_past_reply_is_said_again(home: Path) -> None:
    said = voicebot(home, "history", "replay", "kitchen", "--turn", "1", *QUIET)
    assert (said.returncode, said.stdout.startswith("Nice to meet you, Taro.")) == (0, True), said.stderr
    assert "Your name is Taro" in history(home, "replay", "kitchen", "--tts", "tone", "-o", "said.wav")
    assert (home / "said.wav").exists()
    for wrong in (["kitchen", "-n", "3"], ["kitchen", "-n", "0"]):
        assert voicebot(home, "history", "replay", *wrong, *QUIET).returncode == 2


def test_the_history_can_be_found_and_turned_off_and_on(tmp_path: Path) -> None:
    settings = tmp_path / ".config" / "voicebot" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('# mine\n[memory]\nmax_tokens = 900  # small model\n\n[tts]\nkind = "tone"\n')
    assert history(tmp_path, "path").strip().endswith("history.db")
    assert json.loads(history(tmp_path, "status", "--json"))["store"] is True
    assert history(tmp_path, "off") == ""
    assert "max_tokens = 900  # small model" in settings.read_text()
    assert history(tmp_path, "status").startswith("off: nothing is kept")
    voicebot(tmp_path, "ask", "Hello", *DEMO)
    assert list(tmp_path.rglob("*.db*")) == []
    history(tmp_path, "on")
    assert settings.read_text().count("store") == 1
    voicebot(tmp_path, "ask", "Hello", *DEMO)
    status = json.loads(history(tmp_path, "status", "--json"))
    assert (status["conversations"], status["single_questions"], status["turns"]) == (0, 1, 1)
    assert status["path"] == history(tmp_path, "path").strip()


def test_an_export_is_not_written_over_a_file_unasked(home: Path) -> None:
    (home / "diary.md").write_text("precious")
    assert voicebot(home, "history", "export", "-o", "diary.md").returncode == 2
    assert (home / "diary.md").read_text() == "precious"
    history(home, "export", "-o", "diary.md", "--force")
    assert (home / "diary.md").read_text().startswith("# kitchen")
