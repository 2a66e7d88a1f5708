"""What the listener hears: the real turn in virtual time, with voicebot's strategies and the chunkers of the peers.

A peer's chunker takes the place of ours, and each of its pieces is an utterance. Exact: the same every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import NamedTuple, cast

import anyio
import trio
from trio.testing import MockClock

from benchmarks.peers import ADAPTIVE, Contender
from benchmarks.table import Row
from voicebot import events
from voicebot.app import build_pipeline
from voicebot.audio.silent import SilentOutput
from voicebot.events import TurnEvent
from voicebot.lab.bounds import bound
from voicebot.lab.engines import ENGINES, ReplayedSynthesizer, SynthesisCost
from voicebot.lab.replay import ReplayedChat
from voicebot.lab.traces import read_traces
from voicebot.messages import Message
from voicebot.speech import Metrics
from voicebot.text.chunking import Chunker
from voicebot.turn import speak_turn

TRACES = Path(__file__).parent.parent / "tests" / "data" / "traces"
TIMED_ENGINES = [engine for engine in ENGINES if engine.name != "instant"]
_INSTANT = next(engine for engine in ENGINES if engine.name == "instant")
_IDLE_SECONDS = 0.3
_PAUSE_SECONDS = 5.0


class _Heard(NamedTuple):
    """One turn."""

    language: str
    engine: str
    late: float
    """Seconds from the earliest first sound that cuts at clauses allow to the real one."""
    silence: float
    """Seconds of TTFA and gaps beyond the least that cuts at clauses allow."""
    gaps: float
    """Seconds."""


def measure_pacing(contenders: Sequence[Contender]) -> list[Row]:
    """Means over all traces and engines, for these contenders."""
    traces = read_traces([TRACES])
    bounds = {(trace.name, engine.name): bound(trace.deltas, engine) for trace in traces for engine in TIMED_ENGINES}
    heard: dict[str, list[_Heard]] = {}
    for contender in contenders:
        heard[contender.name] = []
        for trace in traces:
            for engine in TIMED_ENGINES:
                metrics, _ = turn(contender, trace.language, trace.deltas, engine)
                best = bounds[trace.name, engine.name]
                ttfa = metrics.ttfa or 0.0
                heard[contender.name].append(
                    _Heard(
                        trace.language,
                        engine.name,
                        ttfa - best.ttfa,
                        ttfa + metrics.gap_seconds - best.silence_seconds,
                        metrics.gap_seconds,
                    )
                )

    def row(name: str, value: Callable[[_Heard], float], wanted: Callable[[_Heard], bool], goal: float) -> Row:
        means = {who: fmean(value(one) for one in turns if wanted(one)) for who, turns in heard.items()}
        return Row(f"{name}, s", means, goal, (ADAPTIVE.name,))

    return [
        row("TTFA over the clause limit, en", lambda one: one.late, lambda one: one.language == "en", 0.05),
        row("TTFA over the clause limit, ja", lambda one: one.late, lambda one: one.language == "ja", 0.05),
        row("silence (TTFA + gaps) over the provable minimum", lambda one: one.silence, lambda _: True, 0.05),
        row(
            "gaps in Japanese on the slow engine",
            lambda one: one.gaps,
            lambda one: one.language == "ja" and one.engine == "cpu-slow",
            0.6,
        ),
    ]


def pause(contender: Contender, language: str, text: str) -> str:
    """What has been cut 0.3 s after the model has written `text` and paused."""
    typed = [(0.02 * count, character) for count, character in enumerate(text)]
    written = typed[-1][0]
    _, seen = turn(contender, language, [*typed, (written + _PAUSE_SECONDS, " ")], _INSTANT)
    return "".join(
        event.text
        for event in seen
        if isinstance(event, events.SegmentReady) and event.at <= written + _IDLE_SECONDS + 1e-6
    )


def turn(
    contender: Contender, language: str, deltas: Sequence[tuple[float, str]], engine: SynthesisCost
) -> tuple[Metrics, list[TurnEvent]]:
    """A turn with the contender's chunker."""
    pipeline = build_pipeline(
        contender.config,
        chat=ReplayedChat("trace", deltas),
        synthesizer=ReplayedSynthesizer(engine),
        output=SilentOutput(realtime=True),
    )
    if contender.splitter is not None:
        # cast: a peer has the methods of our chunker that a turn calls, and no others are needed
        pipeline = replace(pipeline, new_chunker=cast(Callable[[], Chunker], partial(contender.new_chunker, language)))
    seen: list[TurnEvent] = []

    async def body() -> Metrics:
        outcome = await speak_turn([Message("user", "?")], pipeline, emit=seen.append, scope=anyio.CancelScope())
        if outcome.error is not None:
            raise outcome.error
        return outcome.metrics

    return trio.run(body, clock=MockClock(autojump_threshold=0)), seen
