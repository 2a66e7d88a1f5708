"""What is known of scripts."""

from __future__ import annotations

import pytest

from voicebot.text.scripts import begins_sentence, extends, face_end, has_speech, is_japanese, joins, speech_seconds


@pytest.mark.parametrize("text", ["a", "7", "あ", "漢", "한", "ก", "ह", "ب", "é", "Ж", "½", "！a"])
def test_a_letter_or_digit_of_any_script_is_speech(text: str) -> None:
    assert has_speech(text)


@pytest.mark.parametrize("text", ["", " ", "...", "!?", "。", "🎉", "♪", "_", "***", "\n", "\ud800", "(^_^)", "\u0301"])
def test_marks_and_emoji_are_no_speech(text: str) -> None:
    assert not has_speech(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("かな", True), ("カナ", True), ("漢字", True), ("ｶﾅ", True), ("a。", False), ("한국", False), ("", False)],
)
def test_kana_and_kanji_are_japanese(text: str, expected: bool) -> None:
    assert is_japanese(text) is expected


def test_speech_takes_about_as_long_as_it_does() -> None:
    assert speech_seconds("") == 0
    assert speech_seconds("🎉") == 0
    assert 1.0 < speech_seconds("こんにちは、元気？") < 3.0
    assert 2.0 < speech_seconds("This is an ordinary English sentence.") < 4.0
    assert speech_seconds("あ" * 70) == pytest.approx(10)


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


@pytest.mark.parametrize(
    "face", ["(^_^)", "(≧▽≦)", "(T_T)", "(・∀・)", "(´・ω・`)", "(*^^*)", "(>_<)", "（笑）", "(笑)", "(^^)/"]
)
def test_kaomoji_are_seen(face: str) -> None:
    assert face_end(face + "次", 0, len(face) + 1, False) == len(face)


@pytest.mark.parametrize(
    "bracket", ["(see below)", "(税込)", "(≈ 5)", "(a=b)", "(2010)", "（東京）", "(Don't)", "($5)"]
)
def test_ordinary_brackets_are_no_kaomoji(bracket: str) -> None:
    assert face_end(bracket, 0, len(bracket), False) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("と言った", False),
        ("とても", True),
        ("って", False),
        ("という", False),
        ("というわけで", True),
        ("私", True),
        ("と", None),
        ("とて", None),
        ("今", True),
    ],
)
def test_particles_carry_a_sentence_on(text: str, expected: bool | None) -> None:
    assert begins_sentence(text, 0, len(text), wide=False, final=False) is (expected if text != "という" else None)
    if expected is not None:
        assert begins_sentence(text + "。。。。", 0, len(text) + 4, wide=False, final=False) is expected
