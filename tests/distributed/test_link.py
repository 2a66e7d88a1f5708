"""A cancellation that nobody asked for is a lost connection."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from voicebot.distributed.link import LinkLost, uncancelled

pytestmark = pytest.mark.anyio


async def test_what_is_waited_for_may_be_cancelled_and_who_waits_is_told() -> None:
    """Of a thousand texts at once nearly all ended without a sound and without an error."""
    cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    cancelled.cancel()
    with pytest.raises(LinkLost):
        await uncancelled(cancelled)


async def test_who_waits_may_be_cancelled() -> None:
    for shielded in (False, True):
        with anyio.move_on_after(0.01) as patience:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await uncancelled(asyncio.shield(waiting) if shielded else waiting)
        assert patience.cancelled_caught
