"""What a character is."""

from __future__ import annotations

import pytest

from voicebot.text.characters import has_speech


@pytest.mark.parametrize("text", ["a", "7", "あ", "漢", "한", "ก", "ह", "ب", "é", "Ж", "½", "！a"])
def test_a_letter_or_digit_of_any_script_is_speech(text: str) -> None:
    assert has_speech(text)


@pytest.mark.parametrize("text", ["", " ", "...", "!?", "。", "🎉", "♪", "_", "***", "\n", "\ud800", "(^_^)", "\u0301"])
def test_marks_and_emoji_are_not_speech(text: str) -> None:
    assert not has_speech(text)
