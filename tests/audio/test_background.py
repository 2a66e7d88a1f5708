"""What goes on beside a block does not change how the block ends."""

from __future__ import annotations

import anyio
import pytest

from voicebot.audio.background import in_background
from voicebot.errors import AudioError

pytestmark = pytest.mark.anyio


async def test_tasks_end_with_the_block() -> None:
    ended: list[bool] = []

    async def forever() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    async with in_background(forever, forever):
        await anyio.wait_all_tasks_blocked()
        assert ended == []
    assert ended == [True, True]


async def test_an_error_of_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        async with in_background(anyio.sleep_forever):
            raise ZeroDivisionError from KeyError()
    assert isinstance(raised.value.__cause__, KeyError)


async def test_an_error_of_a_task_ends_the_block() -> None:
    async def fails() -> None:
        raise AudioError("gone")

    with pytest.raises(AudioError, match="gone"):
        async with in_background(fails):
            await anyio.sleep_forever()
