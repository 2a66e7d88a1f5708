"""Which characters belong together."""

from __future__ import annotations

import pytest

from voicebot.text.graphemes import extends, joins


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("e", "\u0301"),
        ("👍", "🏽"),
        ("👩\u200d", "💻"),
        ("🇯", "🇵"),
        ("\r", "\n"),
        ("❤", "\ufe0f"),
        ("か", "\u3099"),
        ("\u1100", "\u1161"),
        ("가", "\u11a8"),
        ("ก", "ำ"),
        ("\ud83d", "\ude00"),
        ("क्", "ष"),
    ],
)
def test_graphemes_hold_together(left: str, right: str) -> None:
    assert joins(left + right, len(left))


@pytest.mark.parametrize(
    ("left", "right"), [("a", "b"), ("🇯🇵", "🇺"), ("\n", "\u0301"), ("👍", "👍"), ("가", "나"), ("", "")]
)
def test_graphemes_end(left: str, right: str) -> None:
    assert not left or not joins(left + right, len(left))


def test_ordinary_letters_extend_nothing() -> None:
    assert not any(extends(character) for character in "aあ漢한🎉。")
