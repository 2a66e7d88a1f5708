"""Cuts a reply while it comes, and says when a pause of the model is one to cut at."""

from __future__ import annotations

import math
from collections.abc import Callable

import anyio

from voicebot.pacing import Pacer
from voicebot.protocols import TurnChunker
from voicebot.speech import Segment
from voicebot.turn_account import TurnAccount

SHORTEST_SLEEP_SECONDS = 0.002
"""Event loops wake up a little early, and would again and again until it is time."""


class Cutter:
    """Cuts one reply into segments.

    It notes when the last delta came instead of setting a timer for each. A wait for a pause sleeps until the earliest
    moment at which there can be one, and then looks whether the model has gone on.
    """

    def __init__(
        self,
        chunker: TurnChunker,
        pacer: Pacer,
        account: TurnAccount,
        *,
        idle_seconds: float,
        patience_seconds: float,
        batch_until: Callable[[float], float] = lambda now: now,
    ) -> None:
        """`batch_until` tells until when deltas are put together before they are cut, given the time now."""
        self._chunker = chunker
        self._pacer = pacer
        self._account = account
        self._pauses = (idle_seconds, max(idle_seconds, patience_seconds))
        """After this long without a delta there is a first pause, and a second one."""
        self._passed = 0
        """How many of them there were since the last delta."""
        self._since = self._account.now()
        self.resumed: Callable[[], None] = _nothing
        """Called when the model goes on after a pause, as the next pause then comes sooner than expected."""
        self._cut_end = 0
        self._next_batch_until = batch_until
        self._batch = ""
        """Deltas that have come and are not cut yet."""
        self._batch_until = -math.inf
        """The first delta after this moment completes the batch."""

    @property
    def next_pause(self) -> float:
        """When the next pause is due unless a delta comes first, on the event loop's clock; infinite after the last."""
        return self._since + self._pauses[self._passed] if self._passed < len(self._pauses) else math.inf

    def feed(self, delta: str) -> list[Segment]:
        """Take the next delta and return what is cut.

        Deltas that come soon after a batch are the next one, which a later delta completes, or else a pause.
        """
        self._since = self._account.now()
        self._batch += delta
        if self._passed:
            self._passed = 0
            self.resumed()
        if self._since < self._batch_until:
            return []
        self._batch_until = self._next_batch_until(self._since)
        return self._cut_delta()

    def cut_batch(self) -> list[Segment]:
        """Return what is cut of the batch as it stands."""
        return self._cut_delta() if self._batch else []

    async def wait_for_pause(self) -> None:
        """Wait until the model has paused, or may have after a first pause: `pause` finds out."""
        if not self._passed:
            while (seconds := self.next_pause - self._account.now()) > 0:  # noqa: ASYNC110 - a delta wakes nobody
                await anyio.sleep(max(SHORTEST_SLEEP_SECONDS, seconds))
            return
        resumed = anyio.Event()
        self.resumed = resumed.set
        with anyio.CancelScope(deadline=self.next_pause):
            await resumed.wait()

    def pause(self) -> list[Segment]:
        """Return what needs not wait any longer, if the time for that has come."""
        if self.next_pause > self._account.now():
            return []
        if self._batch:
            return self.cut_batch()
        self._passed += 1
        return self._note(self._chunker.release()) or self._phrase(paused=self._passed == len(self._pauses))

    def end(self) -> list[Segment]:
        """Return what is left at the end of the reply."""
        return [*self.cut_batch(), *self._chunker.flush()]

    def _cut_delta(self) -> list[Segment]:
        text, self._batch = self._batch, ""
        self._account.wrote(text, self._since)
        return self._note(self._chunker.feed(text)) or self._phrase(paused=False)

    def _phrase(self, *, paused: bool) -> list[Segment]:
        """A part of an unfinished clause, if the voice has said all there is and the listener would wait too long."""
        account = self._account
        if account.synthesized_end != self._cut_end or (lead := account.lead()) == math.inf:
            return []
        count = self._pacer.phrase_end(self._chunker.unfinished, lead, account.silence(), paused=paused)
        return self._note([self._chunker.break_off(count)]) if count else []

    def _note(self, cut: list[Segment]) -> list[Segment]:
        if cut:
            self._cut_end = cut[-1].end
        return cut


def _nothing() -> None:
    pass
