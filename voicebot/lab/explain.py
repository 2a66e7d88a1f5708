"""Why a reply is cut where it is cut, and joined where it is joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voicebot.app import chunker_maker
from voicebot.config.models import Config
from voicebot.lab.engines import parse_engine
from voicebot.lab.replay import replay
from voicebot.lab.runs import ReplayedUtterance
from voicebot.lab.traces import Trace, language_of
from voicebot.speech import Segment

Verdict = Literal["cut", "held", "joined"]

_DELTA_CHARACTERS, _DELTAS_A_SECOND = 3, 30
_SHOWN_BEFORE = 12
"""Characters of context before a mark that did not cut."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about a place in the reply."""

    verdict: Verdict
    start: int
    """Offset in the reply of the text that it is about."""
    end: int
    """Offset of its end: the place that was decided on."""
    text: str
    boundary: str
    """Empty where nothing was cut."""
    rule: str
    """Name of the rule behind it."""


def explain(text: str, config: Config) -> list[Decision]:
    """Every decision about `text`, in the order of its places.

    cut: a segment ends here; held: a mark that could have ended one did not; joined: an utterance of several segments,
    as the text would be said if it came at 30 deltas a second, with the engine `cpu-fast` (needs the extra `lab`).
    """
    held: list[Decision] = []

    def hold(place: int, why: str) -> None:
        start = max(0, place - _SHOWN_BEFORE)
        held.append(Decision("held", start, place, text[start:place], "", why))

    chunker = chunker_maker(config, on_held=hold)()
    cuts = [_cut(segment) for segment in [*chunker.feed(text), *chunker.flush()]]
    joined = [_joined(utterance) for utterance in _spoken(text, config) if len(utterance.cuts) > 1]
    order = {"held": 0, "cut": 1, "joined": 2}
    return sorted([*cuts, *held, *joined], key=lambda decision: (decision.end, order[decision.verdict]))


def _spoken(text: str, config: Config) -> tuple[ReplayedUtterance, ...]:
    pieces = [text[at : at + _DELTA_CHARACTERS] for at in range(0, len(text), _DELTA_CHARACTERS)]
    deltas = tuple((number / _DELTAS_A_SECOND, piece) for number, piece in enumerate(pieces))
    return replay(Trace("text", language_of(text), deltas), config, parse_engine("cpu-fast")).utterances if text else ()


def _cut(segment: Segment) -> Decision:
    return Decision("cut", segment.start, segment.end, segment.text, segment.boundary.value, segment.rule)


def _joined(utterance: ReplayedUtterance) -> Decision:
    rule = f"{utterance.rule}, {len(utterance.cuts)} segments"
    return Decision("joined", utterance.start, utterance.end, utterance.text, "", rule)
