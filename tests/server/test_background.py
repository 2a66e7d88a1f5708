"""What conversations do between their turns ends with them, and fails alone."""

from __future__ import annotations

import anyio
import pytest

from voicebot.errors import HistoryError, VoicebotError
from voicebot.server.background import ConversationTasks

pytestmark = pytest.mark.anyio


async def test_a_failure_is_told_and_ends_nothing_of_another_conversation() -> None:
    told, done = list[VoicebotError](), list[str]()

    async def fail() -> None:
        async with anyio.create_task_group():
            raise HistoryError("the disk is full")

    async def go_on() -> None:
        await anyio.wait_all_tasks_blocked()
        done.append("went on")

    async with anyio.create_task_group() as tasks:
        one, other = ConversationTasks(tasks, told.append), ConversationTasks(tasks, told.append)
        other.start_soon(go_on)
        one.start_soon(fail)
    assert [error.message for error in told] == ["the disk is full"]
    assert done == ["went on"]


async def test_what_is_closed_ends_and_starts_nothing_more() -> None:
    begun = list[str]()

    async def wait(name: str) -> None:
        begun.append(name)
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        one = ConversationTasks(tasks, lambda _: None)
        one.start_soon(wait, "before")
        await anyio.wait_all_tasks_blocked()
        one.close()
        one.start_soon(wait, "behind")
    assert begun == ["before"]
