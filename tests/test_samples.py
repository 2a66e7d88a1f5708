"""What the pages show is what the commands print: each sample is run anew, with the demo and the test tone."""

from __future__ import annotations

import json
import re

import pytest

from tests.markdown import blocks, read
from tools.diagrams import PICTURES, diagrams, picture_of
from tools.samples import EVENTS, Sample, events, example, matches, run, samples, with_events

ALL = [*samples()]


def test_there_are_samples_in_both_languages() -> None:
    pages = {sample.page for sample in ALL}
    assert {"docs/chunking.md", "docs/memory.md", "docs/operations.md"} <= pages
    assert {"docs/chunking.ja.md", "docs/memory.ja.md", "docs/operations.ja.md"} <= pages


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: f"{sample.page}: {sample.command}")
def test_a_sample_prints_what_is_shown(sample: Sample) -> None:
    """`utterance_ready` had lost fields and the messages their words: nobody ran the samples again."""
    printed = sample.printed()
    assert matches(sample.shown, printed), printed


@pytest.mark.parametrize("page", EVENTS)
def test_the_examples_of_the_events_are_those_of_one_turn(page: str) -> None:
    """`python -m tools.samples` writes them anew."""
    printed = run(EVENTS[page], japanese=page.endswith(".ja.md"))
    shown, now = read(page), with_events(read(page), printed)
    kinds = {event["type"] for event in events(printed)}
    assert {"stream", "delta", "utterance_ready", "clip_ready", "turn_ended"} <= kinds
    for before, after in zip(blocks(shown, "json"), blocks(now, "json"), strict=True):
        assert matches(before, after), after
    in_one_turn = {
        event["turn"] for block in blocks(shown, "json") if (event := json.loads(block))["type"] in kinds - {"stream"}
    }
    assert len(in_one_turn) == 1


def test_what_is_left_out_and_what_differs_from_run_to_run_may_differ() -> None:
    shown = 'ready: demo → pyttsx3 espeak → x\n{"turn": "01-…", "at": 0.3}\n…\nit took 1.2 s …\n'
    assert matches(shown, 'ready: demo → tone → x\n{"turn": "ab", "at": 12}\na\nb\nit took 3 s in all\n')
    assert matches(shown, 'ready: demo → tone → x\n{"turn": "ab", "at": 12}\nit took 3 s in all\n')
    assert not matches(shown, 'ready: demo → tone → x\n{"turn": "ab", "at": 12}\nit takes 3 s in all\n')
    assert not matches("a\n", "a\nb\n")


def test_an_example_is_json_as_it_is_printed() -> None:
    line = '{"type": "delta", "text": "こん\\u001b"}'
    assert re.sub(r"\s+", " ", example(json.loads(line))) == line


def test_every_diagram_has_its_picture() -> None:
    """`python -m tools.diagrams` draws what has changed."""
    assert {path.name for path in PICTURES.glob("diagram-*")} == {picture_of(source) for source in diagrams()}
