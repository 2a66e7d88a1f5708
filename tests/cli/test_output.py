"""What tables look like: calm, aligned in both languages, nothing cut off."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.command import voicebot
from voicebot.cli.output import table

LONG = "もう一度電話する前に、日付と注文番号、それから担当者の名前をメモしておくといいと思います。"


def test_columns_stand_below_each_other_in_japanese_too() -> None:
    lines = table([["はい", "1"], ["yes!", "20"], ["é", "300"]], width=80)
    assert lines == ["はい  1", "yes!  20", "é     300"]
    assert [cell_len(line[: line.rindex(" ")]) for line in lines] == [5, 5, 5]


def test_figures_are_aligned_to_the_right() -> None:
    assert table([["n", "text"], ["1", "a"], ["20", "b"]], width=80, right={0}) == [" n  text", " 1  a", "20  b"]


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_long_text_is_folded_to_the_width_and_stays_in_its_column(width: int) -> None:
    lines = table([["n", "text"], ["1", LONG]], width=width, fold={1})
    assert max(map(cell_len, lines)) <= width
    assert "".join(line[3:] for line in lines[1:]) == LONG
    assert all(line.startswith("   ") for line in lines[2:])


def test_no_cell_is_cut_off_however_narrow_the_terminal() -> None:
    lines = table([["first sound", "text"], ["1234567.89", "ab " * 20]], width=10, right={0}, fold={1})
    assert "1234567.89" in lines[1]
    assert " ".join(" ".join(line[13:] for line in lines[1:]).split()) == ("ab " * 20).strip()


def test_a_row_stays_one_row_whatever_its_cells_hold() -> None:
    assert table([["a"], ["one\ntwo\x1b[31m"]], width=80) == ["a", "one⏎two·[31m"]


def test_brackets_and_colons_in_a_table_are_text(tmp_path: Path) -> None:
    """A message such as "[red] :smile:" was taken for rich's markup: the brackets vanished from the list."""
    if sys.platform == "win32":
        pytest.skip("a pseudo-terminal of Unix is needed")
    from tests.cli.terminal import Terminal

    said = "[red]hello[/red] :smile:"
    done = voicebot(tmp_path, "ask", said, "--chat", "demo", "--tts", "tone", "--set", "audio.kind=silent")
    assert done.returncode == 0, done.stderr
    terminal = Terminal(tmp_path, "history", "list")
    try:
        assert terminal.exit_code() == 0
        assert said in terminal.seen
    finally:
        terminal.close()


def test_a_list_without_rows_is_nothing(tmp_path: Path) -> None:
    """`voicebot devices` printed an empty line on a terminal where there is no device."""
    if sys.platform == "win32":
        pytest.skip("a pseudo-terminal of Unix is needed")
    from tests.cli.terminal import Terminal

    terminal = Terminal(tmp_path, "devices", NO_COLOR="1")
    try:
        assert terminal.exit_code() in {0, 6}
        assert terminal.seen.strip()
        assert not terminal.seen.startswith("\r\n")
    finally:
        terminal.close()
