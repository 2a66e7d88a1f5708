"""What a turn looks like on the terminal, or as JSON lines."""

from __future__ import annotations

import math
import sys
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from voicebot import events
from voicebot.cli.output import json_line, show_error, status, write_out
from voicebot.errors import VoicebotError
from voicebot.events import Broadcast, Event
from voicebot.speech import Metrics
from voicebot.text.safe_display import safe_display
from voicebot.translation import counted, named, tr

if TYPE_CHECKING:
    from voicebot.cli.wrapping import LineWrapper

PROMPT = "› "
_LONG_SECONDS = 2.0
"""A person who waits longer for the first sound is told what for. Many a model on a laptop needs a second or two."""
_LONG_AT_PROMPT_SECONDS = 1.0
"""The same where the line goes away again."""
_HEARD_COLUMNS = 48
"""How much of what was heard is shown of a turn that was interrupted: its end."""
_LONG_WORD = 15


class TextView:
    """The reply as it is spoken, on standard output; warnings on standard error."""

    patience_seconds = _LONG_SECONDS
    """How long a person waits before `waiting` is called."""

    def __init__(self, *, as_written: bool, quiet: bool, columns: Callable[[], int] | None = None) -> None:
        """`columns` tells how wide the lines may be; None leaves them as they come."""
        self.as_written = as_written
        """The reply appears as the model writes it, and not as it is heard."""
        self._quiet = quiet
        self._columns = columns
        self._last = ""
        """The last character of what is on the line; empty at its beginning."""
        self._wrapper: LineWrapper | None = None
        if columns is not None:
            from voicebot.cli.wrapping import LineWrapper

            self._wrapper = LineWrapper(columns)

    def show(self, event: Event) -> str:
        """What `event` adds to standard output."""
        match event:
            case events.TurnStarted():
                self._last = ""
            case events.Delta() if self.as_written:
                return self._text(event.text)
            case events.PlaybackStarted() if not self.as_written:
                return self._text(event.text) + self._rest()
            case events.TurnWarning():
                self._status(warning(event))
            case events.TurnEnded():
                return self._rest() + self.end_line()
            case _:
                pass
        return ""

    def account(self, event: events.TurnEnded) -> str:
        """The quiet line after a turn; empty for none."""
        if self._quiet or event.outcome == "failed":
            return ""
        if event.outcome == "interrupted":
            return self._broken(interruption(event.heard, spoken=not self.as_written))
        return self._broken(summary(event.metrics)) if event.metrics.ttfa is not None else ""

    def waiting(self, name: str) -> None:
        """Say that the first sound takes long because of `name`; empty when it does not any more."""
        if name and (text := self.still_waiting(name)):
            self._status(text)

    def still_waiting(self, name: str) -> str:
        """What is said then; nothing where the person wants no status."""
        return "" if self._quiet else tr("still waiting for {name} …", name=named(name))

    def end_line(self) -> str:
        """What lets something else begin on a line of its own; the reply goes on below it."""
        begun = self._wrapper.column > 0 if self._wrapper else self._last not in ("", "\n")
        self._last = ""
        if self._wrapper:
            self._wrapper.new_line()
        return "\n" if begun else ""

    def _broken(self, text: str) -> str:
        """A line of status as lines that fit."""
        if self._columns is None:
            return text
        from voicebot.cli.wrapping import LineWrapper

        wrapper = LineWrapper(self._columns)
        return wrapper.feed(text) + wrapper.flush()

    def _status(self, text: str) -> None:
        """A line of status; on a terminal not behind half a line of the reply."""
        if sys.stdout.isatty() and sys.stderr.isatty():
            text = self.end_line() + text
        status(text)

    def _text(self, text: str) -> str:
        text = safe_display(text)
        if not self._last:
            text = text.lstrip()
        self._last = text[-1:] or self._last
        return self._wrapper.feed(text) if self._wrapper else text

    def _rest(self) -> str:
        """The last word: what comes next is not a part of it."""
        return self._wrapper.flush() if self._wrapper else ""


def warning(event: events.TurnWarning) -> str:
    """What went wrong and did not end the turn, in one line."""
    return f"voicebot: {event.message}" + (f" → {event.hint}" if event.hint else "")


class ChatView:
    """What happens in a chat, above its prompt: what was asked, the replies, and why one is missing."""

    patience_seconds = _LONG_AT_PROMPT_SECONDS

    def __init__(self, replies: TextView, remark: Callable[[str], None]) -> None:
        """`remark` shows a line just above the prompt, instead of the last one; an empty text removes it."""
        self.as_written = replies.as_written
        self._replies = replies
        self._remark = remark
        self._is_reply = True
        """The turn answers somebody; other texts are shown by the caller who has them said."""
        self._shown = anyio.Event()
        """Nothing is left to show of the last turn."""
        self._shown.set()

    def show(self, event: Event) -> str:
        """Show `event`; the prompt takes what is printed at once, so nothing is left for others to print."""
        match event:
            case events.TurnStarted():
                self._shown = anyio.Event()
                self._is_reply = bool(event.message)
                self._replies.show(event)
                if self._is_reply:
                    self.print(quoted(event.message))
            case events.TurnWarning():
                self.print("")
                status(warning(event))
            case events.TurnEnded():
                write_out(self._replies.show(event))
            case _ if self._is_reply and (text := self._replies.show(event)):
                write_out(text)
        return ""

    def account(self, event: events.TurnEnded) -> str:
        """The quiet line after a turn; empty for none. An error is shown at once."""
        self._shown.set()
        if event.error:
            show_error(VoicebotError(event.error, hint=event.hint))
        return self._replies.account(event) if self._is_reply else ""

    def waiting(self, name: str) -> None:
        """Say that the first sound takes long because of `name`; empty when it does not any more."""
        self._remark(name and self._replies.still_waiting(name))

    def print(self, lines: str) -> None:
        """Print whole lines, not behind half a line of the reply."""
        write_out(self._replies.end_line() + lines)

    async def settled(self) -> None:
        """Return when the turn that has ended is shown."""
        await self._shown.wait()


def quoted(message: str) -> str:
    """What somebody has typed, as it stood behind the prompt."""
    return PROMPT + message.replace("\n", "\n" + " " * len(PROMPT)) + "\n"


class JsonView:
    """Every event as one JSON object a line, after one that says what form they have."""

    patience_seconds = math.inf
    as_written = True

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


View = TextView | ChatView | JsonView


def interruption(heard: str, *, spoken: bool) -> str:
    """How far a turn came that was interrupted, in one line."""
    heard = " ".join(heard.split())
    if not spoken:
        return tr("interrupted")
    if not heard:
        return tr("interrupted before anything was heard")
    begin, left = len(heard), _HEARD_COLUMNS
    while begin and left > 0:
        begin -= 1
        left -= 2 if unicodedata.east_asian_width(heard[begin]) in "WF" else 1
    if begin:  # with a whole word, where there are spaces between words
        begin += heard[begin : begin + _LONG_WORD].find(" ") + 1
        heard = "…" + heard[begin:]
    return tr("interrupted after: {heard}", heard=heard)


def summary(metrics: Metrics) -> str:
    """What was slow, in one line."""
    parts = []
    if metrics.ttfa is not None:
        parts.append(
            tr("first audio after {ttfa:.2f} s (first text after {ttft:.2f} s)", ttfa=metrics.ttfa, ttft=metrics.ttft)
            if metrics.ttft and metrics.ttft > 0.05
            else tr("first audio after {ttfa:.2f} s", ttfa=metrics.ttfa)
        )
    if metrics.gaps:
        chat = metrics.waited_for_chat > metrics.waited_for_voice
        slow = tr("the chat model") if chat else tr("the voice")
        parts.append(
            counted(
                metrics.gaps,
                "{count} gap, {seconds:.2f} s, waiting for {slow}",
                "{count} gaps, {seconds:.2f} s, waiting for {slow}",
                seconds=metrics.gap_seconds,
                slow=slow,
            )
        )
    else:
        parts.append(tr("no gaps"))
    parts.append(tr("{seconds:.1f} s of speech", seconds=metrics.audio_seconds))
    if metrics.rtf is not None and metrics.rtf >= 0.5:
        parts.append(tr("the voice takes {rtf:.1f} s for each second of it", rtf=metrics.rtf))
    return " · ".join(parts)


@asynccontextmanager
async def viewing(broadcast: Broadcast, view: View, *, closed: Callable[[], object]) -> AsyncIterator[None]:
    """Show the events of `broadcast` until the block ends; call `closed` when nobody reads our output any more."""
    # unbounded: the reply must not lose a word because a pager makes us wait
    with broadcast.subscribe(math.inf) as subscription:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_show, subscription, view, closed)
            yield
            subscription.end()


async def _show(subscription: events.Subscription, view: View, closed: Callable[[], object]) -> None:
    waiting_for, voice, told = "", "", ""
    while True:
        patience = view.patience_seconds if waiting_for and waiting_for != told else math.inf
        with anyio.move_on_after(patience) as wait:
            try:
                batch = [await subscription.events.receive()]
            except anyio.EndOfStream:
                return
        if wait.cancelled_caught:
            view.waiting(told := waiting_for)
            continue
        with suppress(anyio.WouldBlock, anyio.EndOfStream):
            while True:  # what has come by now is written at once: a write costs more than all the rest
                batch.append(subscription.events.receive_nowait())
        for event in batch:
            match event:
                case events.TurnStarted():
                    waiting_for, voice = event.chat, event.voice
                case events.UtteranceReady() if waiting_for:
                    waiting_for = voice
                case events.Delta() if view.as_written:
                    waiting_for = ""
                case events.PlaybackStarted() | events.TurnEnded():
                    waiting_for = ""
                case _:
                    pass
        if told and told != waiting_for:
            view.waiting(told := "")
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
