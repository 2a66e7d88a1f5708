"""What a turn looks like on the terminal, or as JSON lines."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
from anyio import to_thread

from voicebot import events
from voicebot.cli.output import json_line, status, write_out
from voicebot.events import Broadcast, Event
from voicebot.speech import Metrics
from voicebot.text.safe_display import safe_display

_LONG_SECONDS = 4.0
"""Who waits longer for the first sound is told what for."""


class TextView:
    """The reply as it is spoken, on standard output; warnings on standard error."""

    def __init__(self, *, as_written: bool, quiet: bool) -> None:
        self._as_written = as_written
        self._quiet = quiet
        self._line = ""
        """What is on the current line of the terminal."""

    def show(self, event: Event) -> str:
        """What `event` adds to standard output."""
        match event:
            case events.TurnStarted():
                self._line = ""
            case events.Delta() if self._as_written:
                return self._text(event.text)
            case events.PlaybackStarted() if not self._as_written:
                return self._text(event.text)
            case events.TurnWarning():
                self._status(f"voicebot: {event.message}" + (f" → {event.hint}" if event.hint else ""))
            case events.TurnEnded():
                return "\n" if self._line and not self._line.endswith("\n") else ""
            case _:
                pass
        return ""

    def account(self, event: events.TurnEnded) -> str:
        """The quiet line after a turn; empty for none."""
        worth_it = not self._quiet and event.outcome != "failed" and event.metrics.ttfa is not None
        return summary(event.metrics) if worth_it else ""

    def waiting(self, name: str) -> None:
        """Say that the first sound takes long."""
        if not self._quiet:
            self._status(f"still waiting for {name} …")

    def _status(self, text: str) -> None:
        """A line of status; on a terminal not behind half a line of the reply."""
        if self._line and sys.stdout.isatty() and sys.stderr.isatty():
            text = f"\n{text}"
        status(text)

    def _text(self, text: str) -> str:
        text = safe_display(text)
        if not self._line:
            text = text.lstrip()
        self._line = text[-1:] or self._line
        return text


class JsonView:
    """Every event as one JSON object a line, after one that says what form they have."""

    def __init__(self) -> None:
        self._head = json_line(events.stream_head())

    def show(self, event: Event) -> str:
        """The line for `event`; that nobody speaks any more is clear from `turn_ended` where only one person does."""
        if isinstance(event, events.FloorFree):
            return ""
        head, self._head = self._head, ""
        return head + json_line(events.as_dict(event))

    def account(self, event: events.TurnEnded) -> str:  # noqa: ARG002 - it is in the event itself
        """Nothing beside the events."""
        return ""

    def waiting(self, name: str) -> None:
        """Programs see for themselves."""


View = TextView | JsonView


def summary(metrics: Metrics) -> str:
    """What was slow, in one line."""
    parts = []
    if metrics.ttfa is not None:
        waited = f" (first text after {metrics.ttft:.2f} s)" if metrics.ttft and metrics.ttft > 0.05 else ""
        parts.append(f"first audio after {metrics.ttfa:.2f} s{waited}")
    if metrics.gaps:
        chat = metrics.waited_for_chat > metrics.waited_for_voice
        slow = "the chat model" if chat else "the voice"
        number = "1 gap" if metrics.gaps == 1 else f"{metrics.gaps} gaps"
        parts.append(f"{number}, {metrics.gap_seconds:.2f} s, waiting for {slow}")
    else:
        parts.append("no gaps")
    parts.append(f"{metrics.audio_seconds:.1f} s of speech")
    if metrics.rtf is not None and metrics.rtf >= 0.5:
        parts.append(f"the voice takes {metrics.rtf:.1f} s for each second of it")
    return " · ".join(parts)


@asynccontextmanager
async def viewing(broadcast: Broadcast, view: View, *, closed: Callable[[], object]) -> AsyncIterator[None]:
    """Show the events of `broadcast` until the block ends; call `closed` when nobody reads our output any more."""
    # unbounded: the reply must not lose a word because a pager holds us up
    with broadcast.subscribe(math.inf) as subscription:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_show, subscription, view, closed)
            yield
            subscription.end()


async def _show(subscription: events.Subscription, view: View, closed: Callable[[], object]) -> None:
    waiting_for, patience = "", math.inf
    while True:
        with anyio.move_on_after(patience) as wait:
            try:
                batch = [await subscription.events.receive()]
            except anyio.EndOfStream:
                return
        if wait.cancelled_caught:
            view.waiting(waiting_for)
            patience = math.inf
            continue
        with suppress(anyio.WouldBlock, anyio.EndOfStream):
            while True:  # what has come by now is written at once: a write costs more than all the rest
                batch.append(subscription.events.receive_nowait())
        for event in batch:
            match event:
                case events.TurnStarted():
                    waiting_for, patience = event.chat, _LONG_SECONDS
                    voice = event.voice
                case events.UtteranceReady():
                    waiting_for = voice
                case events.PlaybackStarted() | events.TurnEnded():
                    patience = math.inf
                case _:
                    pass
        try:
            await _show_batch(batch, view)
        except BrokenPipeError:
            closed()
            return


async def _show_batch(batch: Sequence[Event], view: View) -> None:
    """Write what `batch` adds to standard output, in one piece up to each line of status."""
    text = ""
    for event in batch:
        if isinstance(event, events.TurnWarning):  # the view prints it
            await _write(text)
            text = ""
        text += view.show(event)
        if isinstance(event, events.TurnEnded) and (account := view.account(event)):
            await _write(text)
            text = ""
            status(account)
    await _write(text)


async def _write(text: str) -> None:
    if text:
        await to_thread.run_sync(write_out, text, abandon_on_cancel=True)
