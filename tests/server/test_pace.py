"""How often the text of each of many turns is cut and sent."""

from __future__ import annotations

import json
from contextlib import ExitStack
from itertools import pairwise

import pytest

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
