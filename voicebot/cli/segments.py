"""A text through the chunker, one segment per line, as it arrives."""

from __future__ import annotations

from dataclasses import asdict

from anyio import CancelScope

from voicebot import events
from voicebot.app import build_pipeline
from voicebot.audio.silent import SilentOutput
from voicebot.cli.foreign_prints import foreign_prints_told
from voicebot.cli.output import json_line
from voicebot.cli.runner import FAILED, INTERRUPTED, OK, CommandContext
from voicebot.cli.view import JsonView, TextView, viewing
from voicebot.config.models import Config
from voicebot.events import Broadcast, Event
from voicebot.protocols import ChatModel
from voicebot.turn import speak_turn


class _Lines(TextView):
    """Each segment on a line of its own; the lines within it end in ⏎."""

    def show(self, event: Event) -> str:
        """The line for `event`."""
        if not isinstance(event, events.SegmentReady):
            return ""
        return "⏎".join(event.text.strip().splitlines()) + "\n"


class _Objects(JsonView):
    """Each segment as a JSON object on a line of its own."""

    def show(self, event: Event) -> str:
        """The line for `event`."""
        return json_line(asdict(event)) if isinstance(event, events.SegmentReady) else ""


async def print_segments(config: Config, context: CommandContext, source: ChatModel, *, as_json: bool) -> int:
    """Print the segments of what `source` gives as they are cut; return the exit code. Raises VoicebotError."""
    view = _Objects() if as_json else _Lines(as_written=False, quiet=True)
    broadcast, scope = Broadcast(), CancelScope()

    def interrupt() -> bool:
        scope.cancel()
        return True

    context.interrupt = interrupt
    with foreign_prints_told(config):
        pipeline = build_pipeline(config, chat=source, synthesizer=None, output=SilentOutput(realtime=False))
        async with viewing(broadcast, view, closed=lambda: context.leave(FAILED)):
            outcome = await speak_turn((), pipeline, emit=broadcast.emit, scope=scope)
    if outcome.error is not None:
        raise outcome.error
    return INTERRUPTED if outcome.kind == "interrupted" else OK
