"""The bounds: right by exhaustion for short texts, and never beaten by a turn that cuts at clauses."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.samples import TRACES
from voicebot.config.models import ChunkingConfig, Config
from voicebot.lab.bounds import Bound, bound, cut_places
from voicebot.lab.engines import ENGINES, SynthesisCost, audio_seconds
from voicebot.lab.replay import replay
from voicebot.lab.traces import read_trace
from voicebot.text.spoken import spoken_text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("はい。今日は、晴れです。", ["はい。", "今日は、", "晴れです。"]),
        ("Yes, it is: 10:30, or 1,980 yen.", ["Yes,", " it is:", " 10:30,", " or 1,980 yen."]),
        ("See https://example.com/a, then go.", ["See https://example.com/a,", " then go."]),
        ("２、３日かかります。１０：３０です。", ["２、３日かかります。", "１０：３０です。"]),
        ("（税込）で1,980円、送料は別です。", ["（税込）で1,980円、", "送料は別です。"]),
        ("「はい、そうです。」と言った。", ["「はい、", "そうです。」と言った。"]),
        ("well…maybe — if (and only if) so", ["well…", "maybe —", " if (and only if)", " so"]),
        ("a person(s) I'm", ["a person(s)", " I'm"]),
        ("- one\n- two\n", ["- one", "\n- two"]),
        ("Dr. Smith, M.D.", ["Dr. Smith,", " M.D."]),
        ("", []),
    ],
)
def test_cuts_are_allowed_behind_sentences_and_clauses_and_tear_nothing(text: str, pieces: list[str]) -> None:
    ends = [end for end, _ in cut_places(text)]
    assert [text[start:end] for start, end in zip([0, *ends], ends, strict=False)] == pieces


def test_one_sentence_is_heard_when_it_is_written_and_synthesized() -> None:
    engine = SynthesisCost("", 0.2, 0.5)
    expected = 1.5 + 0.2 + 0.5 * audio_seconds("今日は晴れです。") + 0.1
    best = bound([(1.0, "今日は"), (1.5, "晴れです。")], engine, audio_latency_seconds=0.1)
    assert (best.ttfa, best.silence_seconds) == pytest.approx((expected, expected))


def test_the_earliest_first_sound_and_the_least_silence_may_need_different_cuts() -> None:
    """A short first clause is heard early, and over before the slow rest is there."""
    best = bound([(0.1, "はい、"), (1.0, "今日はとてもいい天気ですね。")], SynthesisCost("", 0.5, 0.5))
    assert best.ttfa == pytest.approx(0.1 + 0.5 + 0.5 * audio_seconds("はい、"))
    assert best.silence_seconds > best.ttfa


def test_where_nothing_is_said_there_is_no_silence_either() -> None:
    assert bound([(0.5, "🎉")], ENGINES[0]) == bound([], ENGINES[0]) == Bound(0.0, 0.0)


TEXTS = [
    "はい、そうです。今日は、とてもいい天気ですね。散歩に、行きましょう。",
    "Yes, it is. If you want to, go for a walk, or (better) a swim. Bye!",
    "Okay. 了解です、すぐにやります。Then, we rest.",
]


@given(
    text=st.sampled_from(TEXTS),
    waits=st.lists(st.floats(0, 0.4), min_size=60, max_size=70),
    fixed=st.floats(0, 0.6),
    rtf=st.floats(0, 1.5),
    latency=st.sampled_from([0.0, 0.1]),
)
def test_no_other_choice_of_cuts_is_better_and_one_is_as_good(
    text: str, waits: list[float], fixed: float, rtf: float, latency: float
) -> None:
    engine = SynthesisCost("", fixed, rtf)
    deltas, now = [], 0.0
    for wait, at in zip(waits, range(0, len(text), 2), strict=False):
        now += wait
        deltas.append((now, text[at : at + 2]))
    text = "".join(delta for _, delta in deltas)
    places = [end for end, _ in cut_places(text)]
    every = [
        by_hand(deltas, [*chosen, places[-1]], engine, latency)
        for count in range(len(places))
        for chosen in combinations(places[:-1], count)
    ]
    best = bound(deltas, engine, audio_latency_seconds=latency)
    assert best.ttfa == pytest.approx(min(ttfa for ttfa, _ in every), abs=1e-6)
    assert best.silence_seconds == pytest.approx(min(wait for _, wait in every), abs=1e-6)


def by_hand(
    deltas: list[tuple[float, str]], ends: list[int], engine: SynthesisCost, latency: float
) -> tuple[float, float]:
    """TTFA and all silence of the utterances that end at `ends`."""
    text = "".join(delta for _, delta in deltas)
    free = heard = silence = 0.0
    ttfa = None
    for start, end in zip([0, *ends], ends, strict=False):
        seconds = audio_seconds(spoken_text(text[start:end]))
        written = next(at for i, (at, _) in enumerate(deltas) if sum(len(d) for _, d in deltas[: i + 1]) >= end)
        free = max(free, written) + engine.fixed_seconds + engine.rtf * seconds
        begins = max(free + latency, heard)
        ttfa = begins if ttfa is None else ttfa
        silence += begins - heard
        heard = begins + seconds
    assert ttfa is not None
    return ttfa, silence


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize("name", ["tr-en-chat@30", "tr-ja-chat@30", "tr-ja-story@10", "tr-mix@30"])
@pytest.mark.parametrize("strategy", ["sentence", "newline"])
def test_no_turn_that_cuts_at_sentences_beats_the_bound(name: str, engine: SynthesisCost, strategy: str) -> None:
    config = Config.model_validate({"chunking": ChunkingConfig.model_validate({"strategy": strategy})})
    run = replay(read_trace(TRACES / f"{name}.jsonl"), config, engine)
    assert run.ttfa >= run.bound_ttfa - 1e-3
    assert run.silence_seconds >= run.bound_silence_seconds - 1e-3
