"""Whoever waits is woken by each ring, however others leave."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from voicebot.server.bell import Bell

pytestmark = pytest.mark.anyio


async def test_it_wakes_all_who_wait_and_nobody_who_waits_again() -> None:
    bell, woken = Bell(), list[str]()

    async def wait_twice(name: str) -> None:
        await bell.wait()
        woken.append(name)
        await bell.wait()
        woken.append(f"{name} again")

    async with anyio.create_task_group() as tasks:
        for name in ("first", "second"):
            tasks.start_soon(wait_twice, name)
        await anyio.wait_all_tasks_blocked()
        bell.ring()
        await anyio.wait_all_tasks_blocked()
        assert woken == ["first", "second"]
        bell.ring()
    assert woken == ["first", "second", "first again", "second again"]


async def test_who_leaves_is_forgotten_and_wakes_nobody_else() -> None:
    bell, woken = Bell(), list[str]()

    async def wait() -> None:
        await bell.wait()
        woken.append("who stayed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        for _ in range(100):
            with anyio.CancelScope() as leaving:
                leaving.cancel()
                await bell.wait()
        await anyio.wait_all_tasks_blocked()
        assert len(bell._waiting) == 1
        assert not woken
        bell.ring()
    assert woken == ["who stayed"]


async def test_who_leaves_in_the_moment_of_a_ring_leaves() -> None:
    bell = Bell()
    with anyio.CancelScope() as leaving:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bell.wait)
            await anyio.wait_all_tasks_blocked()
            bell.ring()
            leaving.cancel()
    bell.ring()
