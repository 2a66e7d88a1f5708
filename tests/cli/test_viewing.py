"""How events reach the terminal: in their order, and many at once."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import anyio
import pytest

from voicebot import events
from voicebot.cli.view import TextView, viewing
from voicebot.events import Broadcast
from voicebot.speech import Metrics

pytestmark = pytest.mark.anyio


def ended() -> events.TurnEnded:
    return events.TurnEnded("t", 1.0, "completed", "", "", True, Metrics())


async def show(*shown: events.Event) -> None:
    broadcast = Broadcast()
    async with viewing(broadcast, TextView(as_written=True, quiet=True), closed=lambda: None):
        await anyio.lowlevel.checkpoint()
        for event in shown:
            broadcast.emit(event)


async def test_a_warning_stands_behind_what_came_before_it(capfd: pytest.CaptureFixture[str]) -> None:
    await show(
        events.Delta("t", 0.1, "one "), events.TurnWarning("t", 0.2, "careful"), events.Delta("t", 0.3, "two"), ended()
    )
    out, err = capfd.readouterr()
    assert out == "one two\n"
    assert "careful" in err


class CountingOutput(io.StringIO):
    """Standard output that counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


async def test_very_many_deltas_take_a_few_writes() -> None:
    """Each delta was a hop to a thread and back: 100,000 of them took 27 s."""
    with redirect_stdout(CountingOutput()) as output:
        await show(*(events.Delta("t", 0.1, "a") for _ in range(100_000)), ended())
    assert output.getvalue() == "a" * 100_000 + "\n"
    assert output.writes < 100
