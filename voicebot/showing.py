"""What becomes of the segments of a reply: they are rendered, and where there is no voice they are shown at once."""

from __future__ import annotations

import math

from anyio.lowlevel import checkpoint

from voicebot import events
from voicebot.pacing import Pacer
from voicebot.speech import RenderedSegment, Segment, Utterance
from voicebot.text.rendering import Renderer
from voicebot.turn_account import TurnAccount
from voicebot.utterance_queue import without_audio


def render(segment: Segment, renderer: Renderer, account: TurnAccount) -> RenderedSegment:
    """Tell of a segment that was cut, and return it as it is read and spoken."""
    account.emit(
        events.SegmentReady(
            *account.stamp(), segment.text, segment.start, segment.end, segment.boundary.value, segment.rule
        )
    )
    return RenderedSegment(segment, renderer.feed(segment).spans)


class Screen:
    """Shows what is cut; nobody waits for a sound, so there is nothing to be made or played meanwhile."""

    def __init__(self, renderer: Renderer, pacer: Pacer, account: TurnAccount) -> None:
        self._renderer = renderer
        self._pacer = pacer
        self._account = account

    async def show(self, cut: list[Segment]) -> None:
        """Show it."""
        self.show_now(cut)
        await checkpoint()  # where a model has all at hand, others have their turn

    def show_now(self, cut: list[Segment]) -> None:
        """The same without giving way to others."""
        for segment in cut:
            self._pacer.feed(render(segment, self._renderer, self._account))
        self._show_what_is_ready()

    def end(self) -> None:
        """Show what is left."""
        self._pacer.end()
        self._show_what_is_ready()

    def _show_what_is_ready(self) -> None:
        while isinstance(utterance := self._pacer.decide(math.inf), Utterance):
            announce(utterance, math.inf, self._account)
            queued = self._account.made(without_audio(utterance))
            self._account.queued(queued)
            stamp = self._account.stamp()
            self._account.emit(events.PlaybackStarted(*stamp, utterance.index, utterance.shown, 0.0))
            self._account.finished(queued, None)


def announce(utterance: Utterance, lead: float, account: TurnAccount) -> None:
    """Tell what comes next, with `lead` seconds of audio before it."""
    account.emit(
        events.UtteranceReady(
            *account.stamp(),
            utterance.index,
            utterance.text,
            utterance.shown,
            utterance.spoken,
            utterance.rule,
            lead if math.isfinite(lead) else None,
        )
    )
