"""How well sentences are found in the marked texts: exactly as well as docs/benchmarks.md says."""

from __future__ import annotations

import pytest

from benchmarks.chunking import measure_faults, measure_held_back, measure_quality
from benchmarks.peers import ADAPTIVE, SENTENCE
from tests.lab.samples import CORPORA
from tests.markdown import read, table
from voicebot.lab.corpus import read_corpus
from voicebot.lab.score import groups, judge_all
from voicebot.text.chunking import Chunker

OURS = [SENTENCE, ADAPTIVE]


def published(first_header: str) -> dict[str, dict[str, str]]:
    """The table of docs/benchmarks.md whose first column is called `first_header`: row → column → cell."""
    (_, *columns), rows = table(read("docs/benchmarks.md"), first_header)
    return {name: dict(zip(columns, cells, strict=True)) for name, *cells in rows}


def test_the_marked_texts_are_cut_as_well_as_is_published() -> None:
    table = published("what | voicebot sentence")
    measured = [*measure_quality(OURS), *measure_held_back(OURS), *measure_faults(OURS)]
    ours = [contender.name for contender in OURS]
    assert {row.name: {who: row.cell(who) for who in ours} for row in measured} == {
        row.name: {who: table[row.name][who] for who in ours} for row in measured
    }


@pytest.mark.parametrize("name", ["replies-a.jsonl", "replies-b.jsonl"])
def test_replies_by_other_authors_are_cut_as_well_as_is_published(name: str) -> None:
    score = groups(judge_all(read_corpus(CORPORA / name), Chunker))["all"]
    row = published("replies")[f"`{name}`"]
    assert (f"{score.f1:.3f}", f"{score.exact} of {score.items}") == (row["F1"], row["exactly right"])
    assert score.lost == 0
