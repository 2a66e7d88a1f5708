"""Is a text Japanese?"""

from __future__ import annotations

import pytest

from voicebot.text.language import has_japanese, reads_as_japanese


@pytest.mark.parametrize(
    ("text", "expected"),
    [("かな", True), ("カナ", True), ("漢字", True), ("ｶﾅ", True), ("a。", False), ("한국", False), ("", False)],
)
def test_kana_and_kanji_are_japanese(text: str, expected: bool) -> None:
    assert has_japanese(text) is expected


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("Pythonで書きます。", "", True),
        ("FastAPI", "Pythonで書きます。", True),
        ("The word 猫 (ねこ) means cat.", "", False),
        ("This is a sentence.", "日本語です。", False),
        ("今天天气很好我们去公园散步吧", "", False),
        ("`猫` <犬> https://a.io", "", False),
        ("", "はい。", True),
        ("", "", False),
    ],
)
def test_a_text_reads_as_japanese_when_a_japanese_voice_would_read_it(text: str, before: str, expected: bool) -> None:
    assert reads_as_japanese(text, before) is expected
