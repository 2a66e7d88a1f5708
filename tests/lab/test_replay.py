"""A replay is the real turn in virtual time: the same answer every time, nothing lost, every second accounted for."""

from __future__ import annotations

import json

import pytest

from tests.lab.samples import TRACES
from voicebot.config.models import ChunkingConfig, Config
from voicebot.lab.engines import parse_engine
from voicebot.lab.replay import replay
from voicebot.lab.runs import Run, as_dict, from_dict
from voicebot.lab.traces import Trace, read_trace

NAMES = ["tr-en-chat@30", "tr-ja-chat@30", "tr-ja-story@10", "tr-mix@30"]
SENTENCES = Config(chunking=ChunkingConfig(strategy="sentence"))
INSTANT, SLOW = parse_engine("instant"), parse_engine("cpu-slow")


def trace(name: str) -> Trace:
    return read_trace(TRACES / f"{name}.jsonl")


def typed(text: str, *, first: float = 0.5, rate: float = 30.0) -> Trace:
    """A character at a time."""
    return Trace("typed", "en", tuple((first + i / rate, character) for i, character in enumerate(text)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("config", [Config(), SENTENCES], ids=["default", "sentence"])
def test_the_same_answer_every_time(name: str, config: Config) -> None:
    assert replay(trace(name), config, SLOW, seed=3) == replay(trace(name), config, SLOW, seed=3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("engine", ["instant", "cpu-slow"])
def test_the_account_holds_the_whole_reply_and_every_second(name: str, engine: str) -> None:
    run = replay(trace(name), Config(), parse_engine(engine))
    assert run.reply == trace(name).text
    assert "".join(utterance.text for utterance in run.utterances) == run.reply.rstrip()
    end = run.ttfa
    for utterance in run.utterances:
        assert utterance.text == run.reply[utterance.start : utterance.end]
        assert all(utterance.start < place <= utterance.end for place, _, _ in utterance.cuts)
        times = [utterance.written, utterance.asked, utterance.ready, utterance.heard, utterance.ended]
        assert times == pytest.approx(sorted(times), abs=1e-9)
        assert utterance.heard - end == pytest.approx(dict(run.gaps).get(utterance.index, 0.0), abs=1e-9)
        end = utterance.ended
    assert end == run.finish
    audio_seconds = sum(utterance.audio_seconds for utterance in run.utterances)
    assert run.silence_seconds == pytest.approx(run.finish - audio_seconds)


def test_the_first_sound_is_the_first_sentence_and_its_synthesis() -> None:
    run = replay(typed("はい。今日は晴れです。"), SENTENCES, parse_engine("0.2+0"))
    assert run.ttft == 0.5
    assert run.utterances[0].text == "はい。"
    assert run.utterances[0].written == pytest.approx(0.5 + 2 / 30)
    assert run.ttfa == pytest.approx(0.5 + 2 / 30 + 0.2)


def test_the_latency_of_the_output_is_heard() -> None:
    plain = replay(typed("Yes. It is."), SENTENCES, INSTANT)
    late = replay(typed("Yes. It is."), SENTENCES, INSTANT, audio_latency_seconds=0.1)
    assert late.ttfa == pytest.approx(plain.ttfa + 0.1)
    assert late.bound_ttfa == pytest.approx(plain.bound_ttfa + 0.1)


def test_a_seed_moves_the_deltas_and_the_costs() -> None:
    runs = [replay(trace("tr-ja-chat@30"), SENTENCES, SLOW, seed=seed) for seed in (0, 1, 2)]
    assert len({run.ttft for run in runs}) == len({run.ttfa for run in runs}) == 3
    assert {run.reply for run in runs} == {trace("tr-ja-chat@30").text}


def test_a_reply_that_is_only_shown_has_no_sound_and_no_silence() -> None:
    run = replay(typed("🎉"), SENTENCES, SLOW)
    [utterance] = run.utterances
    assert (utterance.text, utterance.spoken, utterance.audio_seconds) == ("🎉", "", 0.0)
    assert (run.ttfa, run.silence_seconds, run.bound_silence_seconds, run.finish) == (0.0, 0.0, 0.0, 0.0)


def test_the_account_names_what_was_run() -> None:
    run = replay(trace("tr-mix@30"), SENTENCES, SLOW, setting="mine", seed=1)
    assert (run.trace, run.language, run.setting, run.engine, run.seed) == ("tr-mix@30", "ja", "mine", "cpu-slow", 1)


def test_the_account_survives_json() -> None:
    run: Run = replay(trace("tr-ja-chat@30"), Config(), SLOW)
    assert from_dict(json.loads(json.dumps(as_dict(run)))) == run


def test_an_account_that_an_earlier_voicebot_wrote_is_still_read() -> None:
    run = replay(trace("tr-ja-chat@30"), Config(), SLOW)
    old = as_dict(run)
    old["pieces"], old["bound_wait"] = old.pop("utterances"), old.pop("bound_silence_seconds")
    assert from_dict(json.loads(json.dumps(old))) == run
