"""Decides how much is said in one synthesis call. Pure.

So far every segment is an utterance of its own: the chunking strategy alone decides. The place for joining segments by
the audio still queued and the engine's cost is here.
"""

from __future__ import annotations

from voicebot.speech import Segment, Utterance
from voicebot.text.chunking import SILENT_RULES
from voicebot.text.scripts import is_japanese
from voicebot.text.spoken import spoken_text


class PassThroughPacer:
    """Says each segment as soon as it is there."""

    def __init__(self) -> None:
        self._next = 0
        self._japanese = False
        """Whether the reply is in Japanese so far: a code block alone does not tell."""

    def feed(self, segment: Segment) -> list[Utterance]:
        """Take a segment; return the utterances that are to be said now."""
        self._japanese = self._japanese or is_japanese(segment.text)
        spoken = "" if segment.rule in SILENT_RULES else spoken_text(segment.text, japanese=self._japanese or None)
        utterance = Utterance(self._next, segment.text, spoken, segment.start, segment.end)
        self._next += 1
        return [utterance]
