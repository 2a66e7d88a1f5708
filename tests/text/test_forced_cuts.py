"""Where text is cut that is too long for one segment."""

from __future__ import annotations

import pytest

from voicebot.text.forced_cuts import forced_end


@pytest.mark.parametrize(
    ("marked", "longest"),
    [
        ("aaa bbb,| ccc ddd eee", 16),
        ("「すごい。」|と言ったのは私だ", 10),
        ("I will tell you| and them more", 26),
        ("aaa bbb| ccc ddd", 9),
        ("aaaaaaaaa|aaaaaa", 9),
        ("    aaaaa|aaaaaa", 9),
        ("aaaaaaa|👨‍👩‍👧b", 9),
    ],
)
def test_text_is_cut_at_the_best_place_that_is_near_enough(marked: str, longest: int) -> None:
    assert forced_end(marked.replace("|", ""), 0, longest, between_lines=False) == marked.index("|")


@pytest.mark.parametrize(("marked", "longest"), [("x = 1, y\nz = 2, w|\nv = 3", 20), ("xxxxxxxxx|xxxxxx", 9)])
def test_code_is_cut_between_its_lines(marked: str, longest: int) -> None:
    assert forced_end(marked.replace("|", ""), 0, longest, between_lines=True) == marked.index("|")


def test_a_grapheme_that_is_longer_than_a_segment_is_torn() -> None:
    assert forced_end("a" + "\u0301" * 30, 0, 9, between_lines=False) == 9
