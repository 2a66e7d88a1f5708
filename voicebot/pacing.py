"""Decides how much is said in one synthesis call. Pure.

So far every segment is an utterance of its own: the chunking strategy alone decides. The place for joining segments by
the audio still queued and the engine's cost is here.
"""

from __future__ import annotations

from voicebot.speech import Segment, Utterance
from voicebot.text.spoken import spoken_text


class PassThroughPacer:
    """Says each segment as soon as it is there."""

    def __init__(self) -> None:
        self._next = 0

    def feed(self, segment: Segment) -> list[Utterance]:
        """Take a segment; return the utterances that are to be said now."""
        utterance = Utterance(self._next, segment.text, spoken_text(segment.text), segment.start, segment.end)
        self._next += 1
        return [utterance]
