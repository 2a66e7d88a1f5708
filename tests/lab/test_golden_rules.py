"""The golden rules of pySBD, read out of a checkout of its repository."""

from __future__ import annotations

from pathlib import Path

from benchmarks.golden import measure_golden
from benchmarks.peers import ADAPTIVE, SENTENCE

RULES = """
import pytest
GOLDEN_IT_RULES_TEST_CASES = [
    ("Ciao Sig. Neri! Come va?", ["Ciao Sig. Neri!", "Come va?"]),
    pytest.param("È qui. Bene.", ["È qui. Bene."], marks=pytest.mark.xfail),
]
IT_CLEAN_RULES_TEST_CASES = [("Un  test. Sì.", ["Un test.", "Sì."])]
HY_MORE_TEST_CASES = [("Բարև: Լավ եմ:", ["Բարև:", "Լավ եմ:"]), ("Մեկ: Երկու", ["Մեկ:"])]
"""


def test_the_rules_of_each_language_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "lang"
    folder.mkdir(parents=True)
    (folder / "test_some.py").write_text(RULES, encoding="utf-8")
    rows = measure_golden([SENTENCE, ADAPTIVE], tmp_path)
    assert [(row.name, dict(row.values)) for row in rows] == [
        ("golden rules exact, hy (of 1)", {SENTENCE.name: 1.0}),
        ("golden rules exact, it (of 2)", {SENTENCE.name: 1.0}),
    ]


def test_without_a_checkout_the_rules_that_are_here_are_measured() -> None:
    rows = measure_golden([SENTENCE], None)
    assert {row.name.split(", ")[1][:2] for row in rows} == {"de", "en", "es", "fr", "ja", "zh"}
    assert not any(row.missed for row in rows)
