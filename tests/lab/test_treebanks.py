"""Paragraphs with their sentences, read out of the treebanks of Universal Dependencies."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers import ADAPTIVE, SENTENCE
from benchmarks.treebanks import measure_treebanks

_WORD = "1\tw\tw\tX\t_\t_\t0\troot\t_\t_\n\n"
_GERMAN = "".join(
    f"# text = {sentence}\n{_WORD}"
    for sentence in ["Er kommt.", "Dr. Lee geht.", "Eine Überschrift", "Sie sagte:", "„Gut.“", "Ja.", "Kurz. Knapp."]
)
_ARMENIAN = f"# newdoc id = 1\n# text = Լավ եմ:\n{_WORD}# text = Գալիս եմ:\n{_WORD}"


def test_paragraphs_are_made_of_sentences_that_end_in_a_mark(tmp_path: Path) -> None:
    """What stands before and behind a heading, or an introduction, is not joined."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "de_some-ud-test.conllu").write_text(_GERMAN, encoding="utf-8")
    (tmp_path / "hy_some-ud-dev.conllu").write_text(_ARMENIAN, encoding="utf-8")
    rows = measure_treebanks([SENTENCE, ADAPTIVE], tmp_path)
    assert [(row.name, dict(row.values)) for row in rows] == [
        ("F1, de_some-ud-test (5 sentences)", {SENTENCE.name: 6 / 7}),
        ("F1, hy_some-ud-dev (2 sentences)", {SENTENCE.name: 1.0}),
    ]
