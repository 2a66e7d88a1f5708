"""A check is watched from outside: whatever happens to it is a finding."""

from __future__ import annotations

import threading

import anyio
import pytest

from tests.machine import PATIENCE_SECONDS
from voicebot.doctor.checkup import Check, Finding, State, fine, run_check
from voicebot.errors import VoicebotError

pytestmark = pytest.mark.anyio


async def test_what_a_check_finds_is_returned() -> None:
    async def work() -> Finding:
        return fine("all is well")

    assert await run_check(Check("x", work, 5, "run this")) == Finding(State.OK, "all is well")


async def test_a_check_that_waits_for_ever_is_given_up_and_cleans_up() -> None:
    cleaned = threading.Event()

    async def work() -> Finding:
        try:
            await anyio.sleep(60)
            return fine("too late")
        finally:
            cleaned.set()

    found = await run_check(Check("x", work, 0.05, "run this"))
    assert (found.state, found.text, found.command) == (State.FAILED, "no answer within 0.05 s", "run this")
    assert cleaned.is_set()


async def test_a_check_that_blocks_its_thread_is_left_behind() -> None:
    """A sound server, or a daemon, that hangs: cancelling reaches no thread that waits in the system."""
    over = threading.Event()

    async def work() -> Finding:
        over.wait(PATIENCE_SECONDS)
        return fine("too late")

    found = await run_check(Check("x", work, 0.05, "run this"))
    assert found.state is State.FAILED
    assert not over.is_set()
    over.set()


@pytest.mark.parametrize("error", [VoicebotError("it broke"), RuntimeError("it broke")])
async def test_a_check_that_breaks_is_a_finding(error: Exception) -> None:
    async def work() -> Finding:
        raise error

    found = await run_check(Check("x", work, 5, "run this"))
    assert (found.state, found.command) == (State.FAILED, "run this")
    assert "it broke" in found.text
