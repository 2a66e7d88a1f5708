"""What was typed in chats is kept, and no more than that."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from voicebot.cli.typed_history import add_line, read_lines


def test_lines_are_kept_in_order_whatever_they_hold(tmp_path: Path) -> None:
    file = tmp_path / "state" / "typed.jsonl"
    lines = ["What time is it?", "one\ntwo", "こんにちは", '"\\\u2028', "\udce9"]
    for line in lines:
        add_line(file, line)
    assert read_lines(file) == lines


@pytest.mark.skipif(sys.platform == "win32", reason="rights of Unix")
def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    file = tmp_path / "state" / "typed.jsonl"
    add_line(file, "a secret")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_file_does_not_grow_without_end(tmp_path: Path) -> None:
    file = tmp_path / "typed.jsonl"
    file.write_text("".join(f'"{number}"\n' for number in range(2001)))
    assert read_lines(file)[0] == "1001"
    assert len(file.read_text().splitlines()) == 1000
    assert read_lines(file)[-1] == "2000"
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_damaged_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "typed.jsonl"
    file.write_bytes(b'"one"\n{"no": "line"}\nnothing\n\xff\xfe\n' + b"[" * 100_000 + b'\n"two"\n"thr')
    assert read_lines(file) == ["one", "two"]


def test_a_place_that_cannot_be_used_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert read_lines(tmp_path) == read_lines(tmp_path / "nothing") == []
    add_line(tmp_path / "file" / "typed.jsonl", "lost")
