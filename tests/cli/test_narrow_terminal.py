"""What the commands print on a phone, and in a narrow part of a window: each line fits, and nothing is lost."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from wcwidth import width

from tests.cli.command import voicebot

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal of Unix is needed", allow_module_level=True)

from tests.cli.terminal import Terminal

ENGLISH, JAPANESE = "C.UTF-8", "ja_JP.UTF-8"
NARROW = pytest.mark.parametrize(("language", "columns"), [(ENGLISH, 30), (JAPANESE, 30), (JAPANESE, 40)])


def printed(home: Path, *arguments: str, columns: int, language: str) -> list[str]:
    """The lines on a terminal, where each of them fits."""
    terminal = Terminal(home, *arguments, columns=columns, LANG=language)
    try:
        terminal.exit_code()
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.raw).replace("\r\n", "\n")
    finally:
        terminal.close()
    lines = [line.rpartition("\r")[2] for line in text.split("\n")]
    too_long = [line for line in lines if width(line) > columns]
    assert [line for line in too_long if str(home) not in line] == []  # a path stays in one piece
    return lines


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two recorded replies: to record them takes as long as to read them."""
    folder = tmp_path_factory.mktemp("traces")
    for name, question in (("story", "tell me a short story"), ("話", "お話をして")):
        voicebot(folder, "lab", "record", "-o", f"{name}.jsonl", question, "--chat", "demo")
    return folder


@pytest.fixture
def laboratory(tmp_path: Path, traces: Path) -> Path:
    """A home with two replies for the lab, two configurations, an experiment and a corpus."""
    for trace in traces.glob("*.jsonl"):
        shutil.copy(trace, tmp_path)
    for strategy in ("sentence", "adaptive"):
        (tmp_path / f"{strategy}.toml").write_text(f"[chunking]\nstrategy = '{strategy}'\n")
    (tmp_path / "e.toml").write_text(
        "traces = ['story.jsonl', '話.jsonl']\nengines = ['cpu-fast']\n"
        "[settings.'一文ごと']\n'chunking.strategy' = 'sentence'\n"
        "[settings.adaptive]\n'chunking.strategy' = 'adaptive'\n[matrix]\n'chunking.max_seconds' = [5, 10]\n"
    )
    text = ["「行こう！」と彼は言った。", "雨だった。"]
    marked = {"id": "ja-1", "lang": "ja", "category": "quote", "text": "".join(text), "segments": text}
    (tmp_path / "corpus.jsonl").write_text(json.dumps(marked))
    return tmp_path


def test_a_line_that_is_broken_behind_its_label_loses_nothing(tmp_path: Path) -> None:
    """In twenty columns `doctor` wrote "guration" and "nciation"."""
    shown = printed(tmp_path, "doctor", "-q", "--set", "audio.kind=silent", columns=20, language=ENGLISH)
    assert {"configuration  no", "pronunciation  there"} <= set(shown)


@NARROW
def test_the_tables_of_the_lab_fit(laboratory: Path, language: str, columns: int) -> None:
    """Lines of up to 120 columns were broken by the terminal: no figure could be told from another."""
    colon = ": " if language == ENGLISH else "："
    for arguments, known in (
        (("replay", "story.jsonl"), "TTFA"),
        (("explain", "話.jsonl"), f"{'text' if language == ENGLISH else '文'}{colon}むかし、"),
        (("compare", "sentence.toml", "adaptive.toml", "story.jsonl", "話.jsonl"), f"TTFA{colon}2."),
        (("score", "corpus.jsonl", "--against", "newline", "--errors"), f"adaptive{colon}all"),
        (("sweep", "e.toml"), f"p95{colon}"),
        (("tune", "e.toml", "--budget", "2"), f"TTFA{colon}"),
    ):
        lines = printed(laboratory, "lab", *arguments, columns=columns, language=language)
        assert any(line.startswith(known) for line in lines), lines


def test_the_rows_of_a_narrow_timeline_are_told_apart(laboratory: Path) -> None:
    lines = printed(laboratory, "lab", "replay", "story.jsonl", columns=30, language=ENGLISH)
    begin = lines.index("#: 1")
    assert lines[begin - 1] == ""
    shown = " ".join(lines[begin : lines.index("", begin)])
    assert re.fullmatch(
        r"#: 1 written: \S+ asked: \S+ ready: \S+ heard: \S+ ended: \S+ gap: \S+ "
        r"text: there was a small lighthouse at the end of a very long pier. └ sentence: dot",
        shown,
    )


@NARROW
def test_what_other_commands_list_fits(tmp_path: Path, language: str, columns: int) -> None:
    given = ("--chat", "demo", "--tts", "tone", "--set", "audio.kind=silent", "--set", "chat.deltas_per_second=10000")
    name = "台所の会話 about the kitchen"
    voicebot(tmp_path, "ask", "東京はどんな街ですか", *given, "--conversation", name)
    voicebot(tmp_path, "ask", "tell me a short story", *given, "--conversation", name)
    for arguments, known in (
        (("history", "list"), "台所"),
        (("history", "search", "lighthouse"), "台所"),
        (("voices", "--tts", "tone"), "tone"),
        (("models", "--chat", "demo"), "demo"),
        (("devices",), ""),
        (("doctor", "-q", "--set", "chat.kind=demo", "--set", "audio.kind=silent"), "pyttsx3"),
        (("paths",), "cache"),
        (("plugins",), ""),
        (("config", "check"), "config.toml"),
        (("histori",), "histori"),
    ):
        lines = printed(tmp_path, *arguments, columns=columns, language=language)
        assert any(known in line for line in lines), lines
