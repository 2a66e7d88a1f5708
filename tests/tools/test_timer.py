"""A timer speaks when it is due and not before, in virtual time."""

from __future__ import annotations

import json

import anyio
import pytest

from tests.virtual_time import in_virtual_time
from voicebot.tools.timer import MAX_RUNNING, timer_tool
from voicebot.tools.toolbox import BadArguments


def test_each_timer_says_its_sentence_when_it_is_due() -> None:
    said: list[tuple[float, str]] = []

    async def body() -> None:
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            timer = timer_tool(tasks, lambda text: said.append((anyio.current_time() - began, text)))
            answer = await timer.run('{"say_when_due": "三分たちました。", "minutes": 3}')
            assert answer == "The timer is set: it is due in 180 seconds."
            await timer.run('{"say_when_due": "Tea.", "seconds": 30, "minutes": "1"}')

    in_virtual_time(body)
    assert [text for _, text in said] == ["Tea.", "三分たちました。"]
    assert [at for at, _ in said] == pytest.approx([90, 180])


def test_a_timer_ends_with_the_conversation() -> None:
    said: list[str] = []

    async def body() -> None:
        async with anyio.create_task_group() as tasks:
            await timer_tool(tasks, said.append).run('{"say_when_due": "Tea.", "hours": 1}')
            await anyio.sleep(10)
            tasks.cancel_scope.cancel()

    in_virtual_time(body)
    assert said == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"say_when_due": "x"}, "more than 0 seconds"),
        ({"say_when_due": "x", "seconds": -1}, "more than 0 seconds"),
        ({"say_when_due": "x", "hours": 25}, "at most 24 hours"),
        ({"say_when_due": "x", "hours": "nan"}, "more than 0 seconds"),
        ({"say_when_due": " ", "hours": 1}, "must not be empty"),
    ],
)
def test_a_timer_that_cannot_be_set_says_why(arguments: dict[str, object], complaint: str) -> None:
    async def body() -> None:
        async with anyio.create_task_group() as tasks:
            with pytest.raises(ValueError, match=complaint):
                await timer_tool(tasks, print).run(json.dumps(arguments))

    in_virtual_time(body)


def test_the_number_of_running_timers_is_limited() -> None:
    said: list[str] = []

    async def body() -> None:
        async with anyio.create_task_group() as tasks:
            timer = timer_tool(tasks, said.append)
            for _ in range(MAX_RUNNING):
                await timer.run('{"say_when_due": "x", "seconds": 1}')
            with pytest.raises(ValueError, match="running already"):
                await timer.run('{"say_when_due": "x", "seconds": 1}')
            await anyio.sleep(2)
            await timer.run('{"say_when_due": "x", "seconds": 1}')
            with pytest.raises(BadArguments, match="say_when_due"):
                await timer.run("{}")

    in_virtual_time(body)
    assert len(said) == MAX_RUNNING + 1
