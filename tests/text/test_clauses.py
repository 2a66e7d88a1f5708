"""Whether a clause ends at a mark within the sentence."""

from __future__ import annotations

import pytest

from voicebot.text.clauses import clause_end


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        ("If so, go", ",", (6, "")),
        ("はい、そう", "、", (3, "")),
        ("1,980 yen", ",", (2, "within a word or number")),
        ("10:30 is", ":", (3, "within a word or number")),
        ("二、三日", "、", (2, "within a number or date")),
        ("She said 'Well, maybe", ",", (15, "within a quotation")),
        ("Note:\n", ":", None),
        ("Note:\n\n", ":", (5, "the line ends")),
        ("late — too", "—", (6, "")),
        ("9–5 is", "–", (2, "within a word or number")),
        ("late —", "—", None),
        ("10:", ":", None),
    ],
)
def test_a_clause_ends_where_a_voice_may_pause(text: str, mark: str, expected: tuple[int, str] | None) -> None:
    assert clause_end(text, 0, text.index(mark), len(text), False) == expected
