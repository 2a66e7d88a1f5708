"""`voicebot dict`, as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import json_lines, voicebot
from voicebot.cli.runner import FAILED, USAGE


def dictionary(home: Path, *arguments: str, input: str = "") -> str:
    done = voicebot(home, "dict", *arguments, input=input)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_words_are_added_listed_and_removed(tmp_path: Path) -> None:
    assert dictionary(tmp_path, "list", "--json") == "[]\n"
    dictionary(tmp_path, "add", "四国めたん", "しこくめたん", "--accent", "5")
    added = json.loads(dictionary(tmp_path, "add", "Nguyen", "win", "--json"))
    assert (added["surface"], added["pronunciation"]) == ("Nguyen", "win")
    first, second = json_lines(dictionary(tmp_path, "list", "--json"))
    assert (first["surface"], first["pronunciation"], first["accent_type"]) == ("四国めたん", "シコクメタン", 5)
    assert second == added
    dictionary(tmp_path, "remove", "nguyen")
    assert [word["surface"] for word in json_lines(dictionary(tmp_path, "list", "--json"))] == ["四国めたん"]


def test_what_is_exported_can_be_imported_again(tmp_path: Path) -> None:
    dictionary(tmp_path, "add", "OpenJTalk", "オープンジェイトーク")
    dictionary(tmp_path, "add", "Nguyen", "win")
    dictionary(tmp_path, "export", "-o", "words.json")
    assert voicebot(tmp_path, "dict", "export", "-o", "words.json").returncode == USAGE, "it is there already"
    exported = dictionary(tmp_path, "export")
    assert exported == (tmp_path / "words.json").read_text(encoding="utf-8")
    [entry] = json.loads(exported).values()
    assert entry["pronunciation"] == "オープンジェイトーク"
    dictionary(tmp_path, "remove", "OpenJTalk")
    counts = json.loads(dictionary(tmp_path, "import", "-", "--json", input=exported))
    assert counts == {"imported": 1, "new": 1, "words": 2}


def test_what_a_word_does_not_have_is_left_empty(tmp_path: Path) -> None:
    """Its accent was "None"."""
    dictionary(tmp_path, "add", "猫", "ネコ")
    assert dictionary(tmp_path, "list") == "猫\tネコ\t\tPROPER_NOUN\t5\n"


def test_a_hostile_file_is_refused_in_words_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    good = {"surface": "猫", "pronunciation": "ネコ"}
    hostile = {"surface": "\x1b]0;title\x07", "pronunciation": "ネコ"}
    (tmp_path / "words.json").write_text(json.dumps({"a": good, "b": hostile}), encoding="utf-8")
    done = voicebot(tmp_path, "dict", "import", "words.json")
    assert done.returncode == FAILED
    assert "word 2:" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    assert dictionary(tmp_path, "list", "--json") == "[]\n"


def test_a_wrong_pronunciation_is_refused_with_what_is_right(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "dict", "add", "猫", "猫")
    assert done.returncode == USAGE
    assert "katakana" in done.stderr
    assert voicebot(tmp_path, "dict", "remove", "犬").returncode == USAGE


def test_a_damaged_dictionary_is_told_and_the_reply_is_spoken(tmp_path: Path) -> None:
    folder = tmp_path / ".local" / "share" / "voicebot"
    folder.mkdir(parents=True)
    (folder / "dictionary.json").write_text("{")
    done = voicebot(tmp_path, "say", "Hello.", "--tts", "tone", "--set", "audio.kind=silent")
    assert done.returncode == 0
    assert "your dictionary is not used" in done.stderr
