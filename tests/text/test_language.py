"""Which language a text is in."""

from __future__ import annotations

import pytest

from voicebot.text.language import is_japanese


@pytest.mark.parametrize(
    ("text", "expected"),
    [("かな", True), ("カナ", True), ("漢字", True), ("ｶﾅ", True), ("a。", False), ("한국", False), ("", False)],
)
def test_kana_and_kanji_are_japanese(text: str, expected: bool) -> None:
    assert is_japanese(text) is expected
