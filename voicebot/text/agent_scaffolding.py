"""What a model writes into its reply for a program, not for the ear, taken out while it streams."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from voicebot.text.call_filter import ToolCallFilter
from voicebot.text.thinking_aloud import ReActFilter
from voicebot.text.written_values import Answer, Part


class AgentFilter:
    """Passes on what a reply says to its listener, and the calls and the data in it.

    That is all of its text but calls, other JSON and thoughts; of an agent that writes down what it does, the answer.
    """

    def __init__(
        self, tools: Collection[str] = (), *, spoken_field: str = "", for_the_ear: bool = True, labels: bool = True
    ) -> None:
        """The first three are those of `ToolCallFilter`; with `labels` it does what `ReActFilter` does too."""
        self._written = ToolCallFilter(tools, spoken_field=spoken_field, for_the_ear=for_the_ear)
        self._react = ReActFilter() if labels else None

    @property
    def hid(self) -> bool:
        """Whether any thought was kept from the listener."""
        return self._react is not None and self._react.hid

    def feed(self, delta: str) -> list[Part]:
        """Return what can be passed on now."""
        return _joined(self._heard(self._written.feed(delta)))

    def flush(self) -> list[Part]:
        """Return what was held."""
        parts = self._heard(self._written.flush())
        return _joined([*parts, self._react.flush() if self._react else ""])

    def _heard(self, parts: Iterable[Part | Answer]) -> list[Part]:
        heard: list[Part] = []
        for part in parts:
            match part:
                case str():
                    heard.append(self._react.feed(part) if self._react else part)
                case Answer():
                    heard += [self._react.answered() if self._react else "", part.text]
                case _:
                    heard.append(part)
        return heard


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Return `parts` with texts that follow each other as one, and without empty ones."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(before := joined[-1], str):
            joined[-1] = before + part
        elif part:
            joined.append(part)
    return joined
