"""Why a reply is cut where it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voicebot.app import build_parts
from voicebot.audio.silent import SilentOutput
from voicebot.chat.piped import GivenText
from voicebot.config import Config
from voicebot.speech import Segment

Verdict = Literal["cut", "held", "joined"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about a place in the reply."""

    verdict: Verdict
    start: int
    """Offset in the reply of the text that it is about."""
    end: int
    """Offset behind it: the place that was decided on."""
    text: str
    boundary: str
    """Empty where nothing was cut."""
    rule: str
    """Name of the rule behind it."""


def explain(text: str, config: Config) -> list[Decision]:
    """Every decision about `text`, in the order of its places."""
    parts = build_parts(config, chat=GivenText(text), synthesizer=None, output=SilentOutput(realtime=False))
    chunker = parts.new_chunker()
    return [_cut(segment) for segment in [*chunker.feed(text), *chunker.flush()]]


def _cut(segment: Segment) -> Decision:
    return Decision("cut", segment.start, segment.end, segment.text, segment.boundary.value, segment.rule)
