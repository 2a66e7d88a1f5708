"""What happened in one replayed turn: the account that tables, reports and comparisons are made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

_EARLIER_NAMES = {"bound_wait": "bound_silence_seconds", "pieces": "utterances"}
"""Keys as an earlier voicebot wrote them, and what they are called now."""


@dataclass(frozen=True, slots=True)
class ReplayedUtterance:
    """One utterance of a run; times in seconds since the question."""

    index: int
    text: str
    """What the chat model wrote."""
    spoken: str
    """What the engine said; empty where the text was only shown."""
    start: int
    """Offset of `text` in the reply."""
    end: int
    cuts: tuple[tuple[int, str, str], ...]
    """Each segment in it: offset of its end in the reply, its boundary, the rule that cut it."""
    written: float
    """When its last character had arrived."""
    asked: float
    """When the engine was asked for it."""
    ready: float
    """When its audio was there."""
    heard: float
    """When its first frame was audible."""
    ended: float
    """When its last frame was heard."""
    rule: str = ""
    """Why the pacer took this much text."""

    @property
    def audio_seconds(self) -> float:
        """Seconds of audio; 0 where the text was only shown."""
        return self.ended - self.heard


@dataclass(frozen=True, slots=True)
class Run:
    """One turn in virtual time."""

    trace: str
    """Name of the trace, such as `tr-ja-chat@30`."""
    language: str
    setting: str
    """Which configuration, by its name in the experiment."""
    engine: str
    """Which synthesis cost, by name, such as `cpu-slow`."""
    seed: int
    ttft: float
    ttfa: float
    """When the first sound was audible."""
    gaps: tuple[tuple[int, float], ...]
    """Silences that nobody asked for: index of the utterance after it, seconds."""
    finish: float
    """When the last sound ended."""
    bound_ttfa: float
    """The earliest first sound that clause cuts allow with this engine."""
    bound_silence_seconds: float
    """The least silence (TTFA + gaps) that clause cuts allow with this engine, decided with hindsight."""
    reply: str
    utterances: tuple[ReplayedUtterance, ...] = field(default=())

    @property
    def gap_seconds(self) -> float:
        """All gaps together."""
        return sum(seconds for _, seconds in self.gaps)

    @property
    def silence_seconds(self) -> float:
        """All the silence that the listener sits through: TTFA and gaps."""
        return self.ttfa + self.gap_seconds


def as_dict(run: Run) -> dict[str, Any]:  # Any: ready for json.dumps
    """The run as one JSON object."""
    return asdict(run)


def from_dict(data: dict[str, Any]) -> Run:  # Any: as json.loads gives it
    """The run that `as_dict` described, here or in an earlier voicebot; raises KeyError, TypeError or ValueError."""
    fields = {_EARLIER_NAMES.get(name, name): value for name, value in data.items()}
    utterances = tuple(
        ReplayedUtterance(
            **{**utterance, "cuts": tuple((int(end), str(kind), str(rule)) for end, kind, rule in utterance["cuts"])}
        )
        for utterance in fields["utterances"]
    )
    gaps = tuple((int(index), float(seconds)) for index, seconds in fields["gaps"])
    return Run(**{**fields, "utterances": utterances, "gaps": gaps})
