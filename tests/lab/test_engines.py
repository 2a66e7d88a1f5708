"""Engine cost models: their names, their costs, their seeds."""

from __future__ import annotations

import anyio
import pytest
import trio
from trio.testing import MockClock

from tests.tts.said import only_clip
from voicebot.errors import LabError
from voicebot.lab.engines import ENGINES, ReplayedSynthesizer, SynthesisCost, parse_engine
from voicebot.text.speech_length import speech_seconds

SENTENCE = "今日は晴れです。"
SECONDS = speech_seconds(SENTENCE)


def synthesis_seconds(synthesizer: ReplayedSynthesizer) -> float:
    async def body() -> float:
        began = anyio.current_time()
        await only_clip(synthesizer, SENTENCE)
        return anyio.current_time() - began

    return trio.run(body, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_synthesis_takes_what_the_model_says(engine: SynthesisCost) -> None:
    assert parse_engine(engine.name) == engine
    expected = engine.fixed_seconds + engine.rtf * SECONDS
    assert synthesis_seconds(ReplayedSynthesizer(engine)) == pytest.approx(expected, abs=1e-9)


def test_your_own_costs_are_two_numbers() -> None:
    assert parse_engine(" 0.2+0.4 ") == SynthesisCost("0.2+0.4", 0.2, 0.4)


@pytest.mark.parametrize("text", ["", "gpuu", "0.2", "0.2+", "+", "-1+0", "0+nan", "inf+0", "a+b"])
def test_what_is_not_a_cost_model_is_an_error_that_lists_those_that_are(text: str) -> None:
    with pytest.raises(LabError) as raised:
        parse_engine(text)
    assert repr(text) in raised.value.message
    assert "cpu-slow" in raised.value.hint
    assert "0.2+0.4" in raised.value.hint


def test_the_audio_is_as_long_as_the_text_takes_to_say() -> None:
    async def body() -> float:
        return (await only_clip(ReplayedSynthesizer(parse_engine("instant")), SENTENCE)).seconds

    assert trio.run(body) == pytest.approx(SECONDS, abs=1e-3)


def test_a_seed_varies_the_costs_the_same_way_every_time() -> None:
    engine = parse_engine("cpu-slow")
    first, again, other = (synthesis_seconds(ReplayedSynthesizer(engine, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert first == pytest.approx(engine.seconds(SECONDS), rel=0.8)
