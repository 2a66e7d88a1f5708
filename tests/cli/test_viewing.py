"""How events reach the terminal: in their order, and many at once."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import anyio
import pytest

from voicebot import events
from voicebot.cli.view import JsonView, TextView, viewing
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


class WaitingView(JsonView):
    """Keeps what it is told of waiting; it writes nothing, which takes a thread and some time."""

    patience_seconds = 0.0

    def __init__(self, *, as_written: bool = False) -> None:
        super().__init__()
        self.as_written = as_written
        self.waits: list[str] = []

    def show(self, event: events.Event) -> str:  # noqa: ARG002 - a view has it
        return ""

    def waiting(self, name: str) -> None:
        self.waits.append(name)


def started() -> events.TurnStarted:
    return events.TurnStarted("t", 0.0, "Hi", "the chat", "the voice", "silent")


def ready() -> events.UtteranceReady:
    return events.UtteranceReady("t", 0.1, 0, "Hi.", "Hi.", "Hi.", "", 0.0)


async def test_who_waits_is_told_once_for_whom_and_when_it_is_over() -> None:
    """The line that says so stayed below each slow reply."""
    view, broadcast = WaitingView(), Broadcast()
    async with viewing(broadcast, view, closed=lambda: None):
        for event in (started(), events.Delta("t", 0.1, "H"), ready(), events.PlaybackStarted("t", 1.0, 0, "Hi.", 1.0)):
            broadcast.emit(event)
            await anyio.wait_all_tasks_blocked()
    assert view.waits == ["the chat", "", "the voice", ""]


async def test_nobody_who_reads_already_is_told_that_the_reply_takes_long() -> None:
    """In the middle of a slow first sentence without a voice stood that it was still waited for."""
    view, broadcast = WaitingView(as_written=True), Broadcast()
    async with viewing(broadcast, view, closed=lambda: None):
        broadcast.emit(started())
        broadcast.emit(events.Delta("t", 0.1, "Once upon a"))
        for _ in range(3):
            await anyio.wait_all_tasks_blocked()
    assert view.waits == []


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
