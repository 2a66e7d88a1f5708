"""Which jobs nobody waits for any more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicebot.distributed.cancellations import KEPT_SECONDS, Cancellations

STEPS = st.lists(st.tuples(st.floats(0, KEPT_SECONDS), st.lists(st.sampled_from("abcdef"), max_size=4)), max_size=30)


@given(STEPS)
def test_a_job_is_cancelled_for_a_minute_after_the_last_time_that_somebody_said_so(
    steps: list[tuple[float, list[str]]],
) -> None:
    cancellations, now, last = Cancellations(), 0.0, dict[str, float]()
    for seconds, job_ids in steps:
        now += seconds
        cancellations.add(job_ids, now)
        last |= dict.fromkeys(job_ids, now)
        for job_id in "abcdef":
            assert cancellations.has(job_id, now) == (job_id in last and now < last[job_id] + KEPT_SECONDS)
        assert len(cancellations) == sum(now < said + KEPT_SECONDS for said in last.values())


def test_no_flood_of_cancellations_fills_the_memory() -> None:
    cancellations = Cancellations()
    for start in range(0, 300_000, 10_000):
        cancellations.add((str(number) for number in range(start, start + 10_000)), 0.0)
    assert len(cancellations) == 100_000
    assert cancellations.has("299999", 1.0)
    assert not cancellations.has("0", 1.0)
