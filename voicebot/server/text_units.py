"""How much text one event carries: as the chat model sends it, or a whole line or sentence at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from voicebot.events import Delta, Event, SegmentReady, TurnEnded, TurnStarted

Unit = Literal["token", "line", "sentence"]
_SENTENCE_ENDS = {"sentence", "line", "paragraph", "end", "forced", "timeout"}
"""The boundaries behind which a reader has something whole."""


class TextUnits:
    """Groups the deltas of each turn; whatever is left comes before its end. Other events pass."""

    def __init__(self, unit: Unit) -> None:
        self._unit: Unit = unit
        self._text = ""
        """What has come and has not been passed on."""
        self._passed = 0
        """How many characters of the reply were passed on."""
        self._last: Delta | None = None

    def feed(self, event: Event) -> list[Event]:
        """Take the next event and return those that are to be sent now."""
        match event:
            case TurnStarted():
                self._text, self._passed, self._last = "", 0, None
                return [event]
            case Delta() if self._unit != "token":
                self._text += event.text
                self._last = event
                return self._take(self._text.rfind("\n") + 1) if self._unit == "line" else []
            case SegmentReady(end=end, boundary=boundary) if self._unit == "sentence" and boundary in _SENTENCE_ENDS:
                return [*self._take(end - self._passed), event]
            case TurnEnded():
                return [*self._take(len(self._text)), event]
            case _:
                return [event]

    def _take(self, count: int) -> list[Event]:
        """The next `count` characters as one delta."""
        text, self._text = self._text[: max(0, count)], self._text[max(0, count) :]
        self._passed += len(text)
        if not text or self._last is None:
            return []
        return [replace(self._last, text=text)]
