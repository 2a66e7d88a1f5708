"""Medians, percentiles, and when a difference is more than chance."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.test_report import run
from voicebot.cli.lab.figures import interval
from voicebot.lab.comparison import Comparison, changes
from voicebot.lab.spread import by_reply, difference, spread
from voicebot.lab.summary import against_first, summarize


def paired(*changes_: float) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    before = {str(n): [10.0 + n] for n in range(len(changes_))}
    return before, {str(n): [10.0 + n + change] for n, change in enumerate(changes_)}


def test_nineteen_of_twenty_are_not_greater_than_p95() -> None:
    found = spread([float(n) for n in range(1, 21)])
    assert (found.mean, found.median, found.p95) == (10.5, 10.5, 19.0)
    assert spread([3.0]) == spread([3.0, 3.0])


@pytest.mark.parametrize(("replies", "quantile"), [(2, 12.706), (5, 2.776), (6, 2.571), (11, 2.228), (121, 1.980)])
def test_the_interval_is_students(replies: int, quantile: float) -> None:
    """Quantiles as tables of Student's t have them."""
    values = [1.0 if n % 2 else -1.0 for n in range(replies)]
    found = difference(*paired(*values))
    mean = fmean(values)
    deviation = (sum((value - mean) ** 2 for value in values) / (replies - 1)) ** 0.5
    assert found.high is not None
    assert found.high - found.mean == pytest.approx(quantile * deviation / replies**0.5, rel=2e-3)


def test_a_steady_difference_is_shown_and_a_wavering_one_is_not() -> None:
    assert difference(*paired(-0.5, -0.4, -0.6, -0.5)).is_shown
    assert not difference(*paired(-0.5, 0.6, -0.4, 0.5)).is_shown
    assert not difference(*paired(0.0, 0.0, 0.0)).is_shown


def test_one_reply_shows_nothing_however_large_the_difference() -> None:
    found = difference(*paired(-9.0))
    assert (found.mean, found.low, found.is_shown) == (-9.0, None, False)


def test_the_rates_of_one_reply_count_once() -> None:
    """Three traces of one text are not three replies: the interval would be too narrow."""
    grouped = by_reply([("a@10", 1.0), ("a@30", 2.0), ("a@100", 3.0), ("b@10", 4.0)])
    assert grouped == {"a": [1.0, 2.0, 3.0], "b": [4.0]}
    assert difference(grouped, grouped).replies == 2


@given(st.integers(0, 10_000))
def test_the_interval_holds_the_truth_about_nineteen_times_in_twenty(seed: int) -> None:
    source = random.Random(seed)
    held = 0
    for _ in range(100):
        found = difference(*paired(*(source.gauss(0.0, 1.0) for _ in range(6))))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.0 <= found.high
    assert held >= 80


def test_a_difference_within_chance_is_reported_as_none() -> None:
    assert interval(difference(*paired(0.5, -0.5)), "{:+.1f}".format) == "[-6.4, +6.4] no difference shown"
    assert interval(difference(*paired(0.5, 0.5)), "{:+.1f}".format) == "[+0.5, +0.5]"
    assert "may be chance" in interval(difference(*paired(0.5)), "{:+.1f}".format)


def test_a_comparison_has_the_spread_of_both_sides_and_their_difference() -> None:
    compared = [
        Comparison(run(trace=f"t{n}", ttfa=1.0 + n), run(trace=f"t{n}", ttfa=0.5 + n + 0.01 * n)) for n in range(4)
    ]
    ttfa = changes(compared)[0]
    assert [ttfa.a.median, ttfa.b.median] == pytest.approx([2.5, 2.015])
    assert ttfa.difference.mean == pytest.approx(-0.485)
    assert ttfa.difference.is_shown


def test_settings_are_compared_with_the_first_engine_by_engine() -> None:
    runs = [
        run(engine=engine, setting=setting, trace=f"t{n}@{rate}", ttfa=n + 1.0 + 0.1 * faster)
        for engine in ("gpu", "cpu-slow")
        for setting, faster in (("a", 0), ("b", -5), ("c", 0))
        for n in range(5)
        for rate in (10, 30)
    ]
    found = against_first(runs)
    assert [(one.engine, one.setting, one.against) for one in found] == [
        ("gpu", "b", "a"), ("gpu", "c", "a"), ("cpu-slow", "b", "a"), ("cpu-slow", "c", "a")
    ]  # fmt: skip
    assert [one.silence_seconds.is_shown for one in found] == [True, False, True, False]
    assert {one.ttfa.replies for one in found} == {5}
    assert summarize(runs)[0].silence_median == 3.25
    assert against_first([]) == []
