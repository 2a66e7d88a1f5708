"""Which workers there are, and how long they usually take."""

from __future__ import annotations

import pytest

from voicebot.distributed.delays import Delays
from voicebot.distributed.messages import Voice, WorkerStatus
from voicebot.distributed.roster import Roster


def status(worker: str = "a", **changes: object) -> WorkerStatus:
    told = {"worker": worker, "voice_class": "tone", "concurrency": 1, "voice": {"name": "tone", "identity": "tone"}}
    return WorkerStatus.model_validate(told | changes)


def test_what_one_of_the_workers_cannot_do_is_not_counted_on() -> None:
    roster = Roster("tone")
    both = Voice(name="x", identity="x", streams=True, timings=True, languages=("en", "ja"), reads=("en", "ja"))
    roster.answer(status("a", concurrency=2, voice=both))
    assert roster.capabilities(ahead=3).streams
    roster.answer(status("b", concurrency=3, voice=both.model_copy(update={"streams": False, "reads": ("ja",)})))
    can = roster.capabilities(ahead=3)
    assert (can.streams, can.timings, can.parallel, can.ahead) == (False, True, 5, 3)
    assert (can.languages, can.reads) == (("en", "ja"), ("ja",))


def test_who_does_not_answer_any_more_is_forgotten() -> None:
    roster = Roster("tone")
    for _ in range(2):
        roster.ask()
        roster.answer(status("a"))
    roster.answer(status("b"))
    for _ in range(2):
        roster.ask()
        roster.answer(status("b"))
        assert roster.knows("b")
    roster.ask()
    assert [one.worker for one in roster.workers] == ["b"]


def test_others_and_those_that_end_do_not_count() -> None:
    roster = Roster("tone")
    assert not roster.answer(status(voice_class="other"))
    assert not roster.answer(status(v=2))
    roster.answer(status(draining=True))
    assert roster.knows("a")
    assert roster.voice is None
    assert roster.capabilities(ahead=2).parallel == 1


def test_what_is_usual_is_what_19_of_20_keep_to() -> None:
    delays = Delays(usual_seconds=1.0)
    for seconds in range(1, 20):
        delays.learn(seconds)
        assert delays.p95 == 1.0  # too few to tell
    delays.learn(1000)
    assert delays.p95 == 19
    for _ in range(200):
        delays.learn(0.1)
    assert delays.p95 == pytest.approx(0.1)
