"""The chunker and the pacer behind the interface of bench scripts: text in, text out, on the script's own clock.

`Class(lang="ja")` is built once a reply. `feed(delta)`, `flush()` and `poll(now, ahead, backlog)` return the texts that
are to be said now; `hint` tells the clock before a feed; all times in seconds.
"""

from __future__ import annotations

import math

from voicebot.budoux_phrases import split_japanese
from voicebot.config.models import ChunkingConfig
from voicebot.pacing import Pacer
from voicebot.speech import RenderedSegment, Segment, Utterance
from voicebot.text.chunking import Chunker
from voicebot.text.rendering import Renderer

_IDLE_SECONDS = ChunkingConfig().idle_seconds


class Sentences:
    """The chunker alone, strategy `sentence`."""

    def __init__(self, lang: str = "") -> None:  # noqa: ARG002 - voicebot goes by the script of the text
        self._chunker = Chunker(strategy="sentence")
        self._quiet_since = math.inf

    def feed(self, delta: str) -> list[str]:
        """The segments that are ready."""
        self._quiet_since = math.inf
        return [segment.text for segment in self._chunker.feed(delta)]

    def poll(self, now: float, ahead: float, backlog: float) -> list[str]:  # noqa: ARG002 - all chunkers take it
        """A sentence that is finished and held back for what comes next, once the stream has paused."""
        self._quiet_since = min(self._quiet_since, now)
        if now - self._quiet_since < _IDLE_SECONDS:
            return []
        return [segment.text for segment in self._chunker.release()]

    def flush(self) -> list[str]:
        """What is left."""
        return [segment.text for segment in self._chunker.flush()]


class Adaptive:
    """The chunker with strategy `adaptive` and its pacer; without a clock it says whole sentences."""

    def __init__(self, lang: str = "") -> None:  # noqa: ARG002 - all chunkers take it
        self._chunker = Chunker(strategy="adaptive")
        self._renderer = Renderer()
        self._pacer = Pacer(split_japanese=split_japanese)
        self._quiet_since = math.inf
        self._lead = math.inf
        self._backlog = self._silence = 0.0
        self._silent_since = math.inf

    def hint(self, now: float, ahead: float, backlog: float) -> None:
        """Take note of the state of playback and engine."""
        self._lead, self._backlog = ahead, backlog
        self._silent_since = now + ahead if ahead > 0 else min(self._silent_since, now)
        self._silence = max(0.0, now - self._silent_since)

    def feed(self, delta: str) -> list[str]:
        """What is to be said now."""
        self._quiet_since = math.inf
        return self._take(self._chunker.feed(delta))

    def poll(self, now: float, ahead: float, backlog: float) -> list[str]:
        """What is to be said now, though nothing has come."""
        self.hint(now, ahead, backlog)
        self._quiet_since = min(self._quiet_since, now)
        return self._take(self._chunker.release() if now - self._quiet_since >= _IDLE_SECONDS else [])

    def flush(self) -> list[str]:
        """What is to be said now that the reply has ended; `poll` gives the rest."""
        segments = self._chunker.flush()
        self._pacer.end()
        return self._take(segments)

    def pending(self) -> bool:
        """Whether `poll` has more to give after `flush`."""
        return self._pacer.pending

    def _rendered(self, segment: Segment) -> RenderedSegment:
        return RenderedSegment(segment, self._renderer.feed(segment).spans)

    def _take(self, segments: list[Segment]) -> list[str]:
        if self._lead is math.inf and not segments:
            return []
        for segment in segments:
            self._pacer.feed(self._rendered(segment))
        if self._backlog <= 0 and not segments:
            count = self._pacer.phrase_end(self._chunker.unfinished, self._lead, self._silence)
            if count:
                self._pacer.feed(self._rendered(self._chunker.break_off(count)))
        texts = []
        while self._backlog <= 0 and isinstance(utterance := self._pacer.decide(self._lead), Utterance):
            texts.append(utterance.text)
            if self._lead is not math.inf and utterance.spoken:
                break  # one at a time: the engine is busy now
        return texts
