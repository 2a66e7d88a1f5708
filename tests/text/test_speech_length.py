"""How long a text takes to say."""

from __future__ import annotations

import pytest

from voicebot.text.speech_length import speech_seconds


def test_speech_takes_about_as_long_as_it_does() -> None:
    assert speech_seconds("") == 0
    assert speech_seconds("🎉") == 0
    assert 1.0 < speech_seconds("こんにちは、元気？") < 3.0
    assert 2.0 < speech_seconds("This is an ordinary English sentence.") < 4.0
    assert speech_seconds("あ" * 70) == pytest.approx(10)
