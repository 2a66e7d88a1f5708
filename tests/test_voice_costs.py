"""What is remembered of a voice's cost between runs."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tests.virtual_time import in_virtual_time
from voicebot.errors import SynthesisError
from voicebot.pacing import Pacer, VoiceCost
from voicebot.speech import Boundary, RenderedSegment, Segment, Span, Utterance
from voicebot.testing import CostingSynthesizer
from voicebot.voice_costs import costs_path, remembered_cost, try_out


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_next_run_knows_what_a_voice_costs() -> None:
    with remembered_cost("slow") as cost:
        for speech in (0.5, 1.0, 2.0, 4.0):
            cost.learn(speech, 0.2 + 1.5 * speech)
        learned = cost.seconds(3.0)
    with remembered_cost("slow") as cost:
        assert cost.seconds(3.0) == pytest.approx(learned, rel=0.01)


def test_voices_are_told_apart() -> None:
    with remembered_cost("fast") as cost:
        unknown = cost.seconds(3.0)
        cost.learn(3.0, 0.01)
    with remembered_cost("ずんだもん") as cost:
        assert cost.seconds(3.0) == unknown
        cost.learn(3.0, 2.0)
    assert set(json.loads(costs_path().read_text(encoding="utf-8"))) == {"fast", "ずんだもん"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"slow": 3}', b'{"slow": [[1]]}', b'{"slow": [["a", 1]]}', b"\xff"]
)
def test_a_damaged_file_is_as_good_as_none(content: bytes) -> None:
    costs_path().parent.mkdir(parents=True, exist_ok=True)
    costs_path().write_bytes(content)
    with remembered_cost("slow") as cost:
        assert not cost.observed
        cost.learn(1.0, 0.1)
    with remembered_cost("slow") as cost:
        assert len(cost.observed) == 1


def costs_after_a_trial(voice: CostingSynthesizer, *observed: tuple[float, float]) -> VoiceCost:
    cost = VoiceCost()
    for speech, took in observed:
        cost.learn(speech, took)
    in_virtual_time(partial(try_out, voice, cost))
    return cost


def test_a_voice_never_measured_is_tried_before_a_sentence_is_broken_for_fear_of_it() -> None:
    """The first sentence was broken in two, though the engine would have had all of it in a tenth of a second."""
    sentence = "Before you call them again it might help to write down the dates and the order number."
    segment = Segment(sentence, 0, len(sentence), Boundary.SENTENCE, "test")

    def first(cost: VoiceCost) -> str:
        pacer = Pacer(cost=cost)
        pacer.feed(RenderedSegment(segment, (Span(sentence, sentence, sentence),)))
        said = pacer.decide(0.0)
        assert isinstance(said, Utterance)
        return said.text

    assert first(VoiceCost()) != sentence
    assert first(costs_after_a_trial(CostingSynthesizer(delay=0.05, rtf=0.02))) == sentence
    assert first(costs_after_a_trial(CostingSynthesizer(delay=0.5, rtf=1.0))) != sentence


def test_a_voice_is_tried_once() -> None:
    voice = CostingSynthesizer()
    costs_after_a_trial(voice, (1.0, 0.2))
    assert voice.said == []


def test_a_trial_that_takes_long_tells_that_the_voice_is_slow_and_one_that_fails_nothing() -> None:
    assert costs_after_a_trial(CostingSynthesizer(delay=60.0)).seconds(1.0) > 2.5
    failing = CostingSynthesizer(fails={"": SynthesisError("no")})
    assert not costs_after_a_trial(failing).observed


def test_a_folder_that_cannot_be_written_stops_nothing(state: Path) -> None:
    (state / "voicebot").write_text("a file where the folder should be")
    with remembered_cost("slow") as cost:
        cost.learn(1.0, 0.1)


def test_what_raises_within_the_block_is_not_swallowed_and_what_was_learned_is_kept() -> None:
    def learn_and_fail() -> None:
        with remembered_cost("slow") as cost:
            cost.learn(1.0, 0.1)
            raise KeyError

    with pytest.raises(KeyError):
        learn_and_fail()
    assert costs_path().exists()
