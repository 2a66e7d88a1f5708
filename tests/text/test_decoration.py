"""What is never spoken."""

from __future__ import annotations

import pytest

from voicebot.text.decoration import face_end


@pytest.mark.parametrize(
    "face", ["(^_^)", "(≧▽≦)", "(T_T)", "(・∀・)", "(´・ω・`)", "(*^^*)", "(>_<)", "（笑）", "(笑)", "(^^)/"]
)
def test_kaomoji_are_seen(face: str) -> None:
    assert face_end(face + "次", 0, len(face) + 1, False) == len(face)


@pytest.mark.parametrize(
    "bracket", ["(see below)", "(税込)", "(≈ 5)", "(a=b)", "(2010)", "（東京）", "(Don't)", "($5)"]
)
def test_ordinary_brackets_are_not_kaomoji(bracket: str) -> None:
    assert face_end(bracket, 0, len(bracket), False) == 0
