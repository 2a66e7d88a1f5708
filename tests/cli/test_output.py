"""What tables look like: calm, aligned in both languages, nothing cut off."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

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
