"""How often the text of each of many turns is cut and sent."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from tests.fakes import ByTheClock
from tests.server.running import running_server
from voicebot.server.pace import Pace


def test_few_turns_take_what_comes() -> None:
    pace = Pace()
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(pace.turn())
        assert pace.batch_seconds == 0


def test_the_more_turns_there_are_the_more_each_takes_at_once_within_limits() -> None:
    pace, batches = Pace(), []
    with ExitStack() as stack:
        for _ in range(2000):
            stack.enter_context(pace.turn())
            batches.append(pace.batch_seconds)
    assert batches == sorted(batches)
    assert 0.01 < batches[200] < batches[400] < batches[-1] < 0.1
    assert pace.batch_seconds == 0


def test_what_comes_late_together_does_not_end_together_ever_after() -> None:
    """Once the processor had been busy for a moment, all who had waited were cut in the same moment from then on."""
    pace = Pace()
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(pace.turn())
        turns = [pace.batches() for _ in range(1000)]
        first = [end(100.0) for end in turns]
        second = [end(until) for end, until in zip(turns, first, strict=True)]
        tenths = Counter(int(until / pace.batch_seconds * 10) % 10 for until in second)
    assert len(tenths) == 10
    assert max(tenths.values()) < 1.1 * min(tenths.values())


@for_any(st.integers(101, 3000), st.lists(st.floats(0.0001, 0.2), min_size=2, max_size=50))
def test_a_batch_is_neither_too_short_to_save_anything_nor_longer_than_the_window(
    others: int, waits: list[float]
) -> None:
    pace, now = Pace(), 1000.0
    with ExitStack() as stack:
        for _ in range(others):
            stack.enter_context(pace.turn())
        end = pace.batches()
        for seconds in waits:
            now += seconds
            assert pace.batch_seconds / 2 <= end(now) - now + 1e-9 <= pace.batch_seconds + 2e-9


def test_with_few_turns_nothing_is_put_together() -> None:
    assert Pace().batches()(5.0) == 5.0


@pytest.mark.anyio
async def test_a_reply_in_batches_loses_nothing() -> None:
    reply = "One line of a reply, and another one. " * 20
    chat = ByTheClock([(place / 1500, reply[place : place + 3]) for place in range(0, len(reply), 3)])
    async with running_server(chat) as running:
        with ExitStack() as stack:
            for _ in range(1000):
                stack.enter_context(running.server.pace.turn())
            made = await running.client.post("/api/conversations", json={})
            path = f"/api/conversations/{made.json()['id']}/turns"
            async with running.client.stream("POST", path, json={"text": "?"}) as answer:
                parts = [part async for part in answer.aiter_raw()]
        lines = b"".join(parts).splitlines()
        told = [json.loads(data.removeprefix(b"data: ")) for kind, data in pairwise(lines) if kind == b"event: delta"]
        assert "".join(delta["text"] for delta in told) == reply
        assert 1 < len(told) < len(chat.parts) / 4
        assert b"event: turn_ended" in lines
