"""Folds the events of a turn into what the listener noticed: TTFT, TTFA, RTF, gaps and what they waited for."""

from __future__ import annotations

from voicebot.events import (
    ChatUsage,
    ClipReady,
    Delta,
    Gap,
    PlaybackFinished,
    PlaybackStarted,
    TurnEvent,
    UtteranceReady,
)
from voicebot.speech import Metrics


class MetricsFold:
    """Feed it every event of a turn in order; `metrics()` is the account so far."""

    def __init__(self) -> None:
        self._ttft: float | None = None
        self._ttfa: float | None = None
        self._audio = 0.0
        self._synthesis = 0.0
        self._gaps: list[float] = []
        self._waited_for_chat = 0.0
        self._utterance_ready: dict[int, float] = {}
        """When each utterance was ready that has not begun to sound."""
        self._last_heard = 0.0
        self._prompt_tokens: int | None = None
        self._reply_tokens: int | None = None

    def feed(self, event: TurnEvent) -> None:
        """Take one event into account."""
        match event:
            case Delta():
                if self._ttft is None:
                    self._ttft = event.at
            case UtteranceReady():
                self._utterance_ready[event.index] = event.at
            case ClipReady():
                self._audio += event.audio_seconds
                self._synthesis += event.synthesis_seconds
            case ChatUsage():
                self._prompt_tokens = _sum(self._prompt_tokens, event.prompt_tokens)
                self._reply_tokens = _sum(self._reply_tokens, event.reply_tokens)
            case PlaybackStarted():
                self._utterance_ready.pop(event.index, None)
                if self._ttfa is None and event.audio_seconds:
                    self._ttfa = event.at
            case PlaybackFinished():
                self._last_heard = event.at
            case Gap():
                self._gaps.append(event.seconds)
                if event.within:
                    return  # the text was there
                ready = self._utterance_ready.get(event.index, event.at)
                self._waited_for_chat += min(max(ready - self._last_heard, 0.0), event.seconds)
            case _:
                pass

    def metrics(self) -> Metrics:
        """The turn so far."""
        return Metrics(
            ttft=self._ttft,
            ttfa=self._ttfa,
            audio_seconds=self._audio,
            synthesis_seconds=self._synthesis,
            gaps=len(self._gaps),
            gap_seconds=sum(self._gaps),
            longest_gap=max(self._gaps, default=0.0),
            waited_for_chat=self._waited_for_chat,
            waited_for_voice=sum(self._gaps) - self._waited_for_chat,
            prompt_tokens=self._prompt_tokens,
            reply_tokens=self._reply_tokens,
        )


def _sum(so_far: int | None, more: int | None) -> int | None:
    return so_far if more is None else (so_far or 0) + more
