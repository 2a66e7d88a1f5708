"""How often each of many streams sends."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.server.running import running_server
from voicebot.server.pace import Pace
from voicebot.testing import ScriptedChat, typed


def test_few_streams_never_wait() -> None:
    pace = Pace()
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(pace.stream())
        assert pace.pause_seconds == 0


def test_the_more_streams_there_are_the_more_each_sends_at_once_within_limits() -> None:
    pace, pauses = Pace(), []
    with ExitStack() as stack:
        for _ in range(2000):
            stack.enter_context(pace.stream())
            pauses.append(pace.pause_seconds)
    assert pauses == sorted(pauses)
    assert 0.01 < pauses[200] < pauses[400] < pauses[-1] < 0.1
    assert pace.pause_seconds == 0


@pytest.mark.anyio
async def test_a_stream_that_waits_loses_nothing() -> None:
    reply = "One line of a reply, and another one. " * 20
    chat = ScriptedChat(typed(reply, first=0.0, rate=500))
    async with running_server(chat) as running:
        with ExitStack() as stack:
            for _ in range(1000):
                stack.enter_context(running.server.pace.stream())
            made = await running.client.post("/api/conversations", json={})
            path = f"/api/conversations/{made.json()['id']}/turns"
            async with running.client.stream("POST", path, json={"text": "?"}) as answer:
                parts = [part async for part in answer.aiter_raw()]
        whole = b"".join(parts)
        assert whole.count(b"event: delta\n") == len(chat.script)
        assert whole.rstrip().endswith(b"}")
        assert b"event: turn_ended\n" in whole
        assert 1 < len(parts) < len(chat.script) / 4
