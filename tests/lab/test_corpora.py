"""How well sentences are found in the marked texts: figures that must not get worse unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicebot.lab.corpus import read_corpus
from voicebot.lab.score import Score, groups, judge_all
from voicebot.text.chunking import Chunker

CORPORA = Path(__file__).parent.parent / "data" / "corpora"


def scores(name: str) -> dict[str, Score]:
    return dict(groups(judge_all(read_corpus(CORPORA / f"{name}.jsonl"), Chunker, "char")))


@pytest.mark.parametrize("name", ["llm", "replies-a", "replies-b"])
def test_replies_are_cut_where_a_reader_would_cut_them(name: str) -> None:
    of = scores(name)
    for group, least in (("all", 0.97), ("core", 0.97), ("lang:ja", 0.96), ("lang:en", 0.96)):
        assert of[group].f1 >= least, group
    assert of["all"].exact >= 0.92 * of["all"].items
    assert of["all"].hard_splits <= 5
    assert of["all"].lost == 0


def test_a_segment_comes_out_as_soon_as_its_end_is_certain() -> None:
    of = scores("llm")["all"]
    assert of.delay_mean <= 1.5
    assert of.delay_p95 <= 2


@pytest.mark.parametrize(("language", "least"), [("en", 40), ("ja", 4)])
def test_the_golden_rules_hold(language: str, least: int) -> None:
    assert scores("golden")[f"lang:{language}"].exact >= least
