"""What is listened to: a voice, and every silence as long as a listener would sit through it."""

from __future__ import annotations

import array

import pytest

from tests.lab.samples import TRACES
from voicebot.audio.pcm import read_wav
from voicebot.config.models import Config, TtsTone
from voicebot.lab.engines import SynthesisCost, parse_engine
from voicebot.lab.listening import listen, open_lent_voice
from voicebot.lab.replay import replay
from voicebot.lab.traces import Trace, read_trace

SLOW = SynthesisCost("slow", 0.5, 0.5)
TWO = Trace("two", "ja", ((0.5, "はい。"), (4.0, "今日はいい天気です。")))
SENTENCES = Config.model_validate({"chunking": {"strategy": "sentence"}})


def heard(trace: Trace, config: Config, engine: SynthesisCost) -> tuple[bytes, int]:
    with open_lent_voice(TtsTone(kind="tone"), engine) as voice:
        pcm, format = read_wav(listen(trace, config, engine, voice))
    return pcm, format.sample_rate


def silences(pcm: bytes, rate: int) -> list[tuple[float, float]]:
    """Where there is nothing to hear for a tenth of a second or more: beginning and end in seconds."""
    found, since = [], None
    samples = [abs(sample) > 5 for sample in array.array("h", pcm)]
    step = rate // 100
    loud = [any(samples[at : at + step]) for at in range(0, len(samples), step)]
    for at, is_loud in enumerate([*loud, True]):
        if not is_loud and since is None:
            since = at
        elif is_loud and since is not None:
            if at - since >= 10:
                found.append((since / 100, at / 100))
            since = None
    return found


def test_the_silences_are_those_of_the_turn() -> None:
    pcm, rate = heard(TWO, SENTENCES, SLOW)
    run = replay(TWO, SENTENCES, SLOW)
    [before, between] = silences(pcm, rate)
    assert [*before] == pytest.approx([0.0, run.ttfa], abs=0.03)
    assert between[1] - between[0] == pytest.approx(run.gap_seconds, abs=0.05)
    assert len(pcm) / 2 / rate == pytest.approx(run.finish, abs=0.05)


def test_the_same_reply_is_heard_the_same_way_every_time() -> None:
    trace = read_trace(TRACES / "tr-ja-short@30.jsonl")
    assert heard(trace, Config(), parse_engine("gpu")) == heard(trace, Config(), parse_engine("gpu"))


def test_a_reply_without_anything_to_hear_is_an_empty_file() -> None:
    assert heard(Trace("t", "ja", ((0.1, "🎉"),)), Config(), SLOW)[0] == b""
