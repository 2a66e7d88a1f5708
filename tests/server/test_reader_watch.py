"""An answer is given up when nobody reads it any more."""

from __future__ import annotations

import anyio
import pytest
from starlette.types import Message

from voicebot.server.patience import Patience
from voicebot.server.reader_watch import ReaderWatch

pytestmark = pytest.mark.anyio


class Reader:
    """Says what arrives of its request, and then nothing until it goes away."""

    def __init__(self) -> None:
        self.says: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]
        self.gone = anyio.Event()
        self.given_up = anyio.Event()
        self.left_alone = anyio.Event()

    async def receive(self) -> Message:
        if self.says:
            return self.says.pop()
        try:
            await self.gone.wait()
        finally:
            self.left_alone.set()
        return {"type": "http.disconnect"}


async def test_who_goes_away_is_given_up() -> None:
    reader = Reader()
    watch = ReaderWatch(reader.receive, Patience(60), reader.given_up.set)
    await anyio.wait_all_tasks_blocked()
    assert not reader.given_up.is_set()
    reader.gone.set()
    with anyio.fail_after(20):
        await reader.given_up.wait()
    assert not watch.exhausted
    await watch.end()


async def test_who_takes_nothing_is_given_up() -> None:
    reader, patience = Reader(), Patience(0.02)
    async with anyio.create_task_group() as tasks:
        watch = ReaderWatch(reader.receive, patience, reader.given_up.set)
        tasks.start_soon(patience.wait_for, anyio.sleep_forever())
        with anyio.fail_after(20):
            await reader.given_up.wait()
        assert watch.exhausted
        await watch.end()
        tasks.cancel_scope.cancel()


async def test_a_watch_that_has_ended_gives_nobody_up_and_leaves_nothing_behind() -> None:
    """Also where whoever ends it is being cancelled."""
    reader = Reader()
    with anyio.CancelScope() as scope:
        watch = ReaderWatch(reader.receive, Patience(60), reader.given_up.set)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        await watch.end()
    assert reader.left_alone.is_set()
    reader.gone.set()
    await anyio.wait_all_tasks_blocked()
    assert not reader.given_up.is_set()
