"""The real turn in virtual time: a recorded reply, an engine that takes as long as its model says, a silent output."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace as changed
from typing import TypeVar

import anyio

from voicebot import events
from voicebot.app import build_pipeline
from voicebot.audio.silent import SilentOutput
from voicebot.config.models import Config
from voicebot.errors import LabError
from voicebot.installation import extra_command
from voicebot.lab.bounds import bound
from voicebot.lab.engines import ReplayedSynthesizer, SynthesisCost
from voicebot.lab.own_strategy import OwnChunker, own_strategy_of, without_own_strategy
from voicebot.lab.runs import ReplayedUtterance, Run
from voicebot.lab.traces import Trace
from voicebot.messages import Message
from voicebot.protocols import AudioOutput, Synthesizer
from voicebot.translation import tr
from voicebot.turn import speak_turn

T = TypeVar("T")

_QUESTION = [Message("user", "?")]
_JITTER_SIGMA = 0.1
"""Spread of the pauses between deltas with a seed (log-normal)."""


class ReplayedChat:
    """Sends the deltas of a trace at their times."""

    def __init__(self, name: str, deltas: Sequence[tuple[float, str]]) -> None:
        self.name = name
        self._deltas = deltas

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
        """Yield each delta when its time has come."""
        began = anyio.current_time()
        for seconds, delta in self._deltas:
            await anyio.sleep_until(began + seconds)
            yield delta


def replay(
    trace: Trace,
    config: Config,
    engine: SynthesisCost,
    *,
    setting: str = "",
    seed: int = 0,
    audio_latency_seconds: float = 0.0,
    synthesizer: Synthesizer | None = None,
    output: AudioOutput | None = None,
) -> Run:
    """What a listener would have heard of `trace` with this configuration and engine; the same answer every time.

    With a `seed` other than 0 the deltas come a little earlier or later and each synthesis takes a little more or less
    time; the bounds are those of the moved deltas and the engine's plain cost. `synthesizer` and `output` stand in for
    silence that takes as long as `engine` says, and for an output nobody hears. Not for use in a running event loop.
    Raises LabError when trio is missing, and VoicebotError when the turn fails.
    """
    deltas = _jittered(trace, seed) if seed else trace.deltas
    own = own_strategy_of(config)
    pipeline = build_pipeline(
        without_own_strategy(config) if own else config,
        chat=ReplayedChat(trace.name, deltas),
        synthesizer=synthesizer or ReplayedSynthesizer(engine, seed=seed),
        output=output or SilentOutput(realtime=True, latency_seconds=audio_latency_seconds),
    )
    if own:
        # here, so that a factory that fails does not end a turn that has begun
        chunker = OwnChunker(own, config.chunking.options)
        pipeline = changed(pipeline, new_chunker=lambda: chunker)
    seen: list[events.TurnEvent] = []

    async def body() -> None:
        outcome = await speak_turn(_QUESTION, pipeline, emit=seen.append, scope=anyio.CancelScope())
        if outcome.error is not None:
            raise outcome.error

    _in_virtual_time(body)
    utterances = _utterances(seen)
    audible = [utterance for utterance in utterances if utterance.audio_seconds]
    best = bound(deltas, engine, audio_latency_seconds=audio_latency_seconds)
    return Run(
        trace=trace.name,
        language=trace.language,
        setting=setting,
        engine=engine.name,
        seed=seed,
        ttft=deltas[0][0],
        ttfa=audible[0].heard if audible else 0.0,
        gaps=tuple((event.index, event.seconds) for event in seen if isinstance(event, events.Gap)),
        finish=audible[-1].ended if audible else 0.0,
        bound_ttfa=best.ttfa,
        bound_silence_seconds=best.silence_seconds,
        reply=trace.text,
        utterances=utterances,
    )


def _in_virtual_time(body: Callable[[], Awaitable[T]]) -> T:
    """Run `body` under a clock that jumps to the next deadline when everybody waits."""
    try:
        import trio
        from trio.testing import MockClock
    except ImportError as error:
        raise LabError(tr("the lab needs trio for its virtual time"), hint=extra_command("lab")) from error
    return trio.run(body, clock=MockClock(autojump_threshold=0))


def _jittered(trace: Trace, seed: int) -> tuple[tuple[float, str], ...]:
    source = random.Random(f"{seed} {trace.name}")
    moved: list[tuple[float, str]] = []
    before = now = 0.0
    for seconds, delta in trace.deltas:
        now += (seconds - before) * source.lognormvariate(0.0, _JITTER_SIGMA)
        moved.append((now, delta))
        before = seconds
    return tuple(moved)


def _utterances(seen: Sequence[events.TurnEvent]) -> tuple[ReplayedUtterance, ...]:
    """The utterances of a turn that was heard to its end."""
    arrivals: list[tuple[int, float]] = []  # characters so far, seconds
    cuts: list[tuple[int, str, str]] = []
    said: list[events.UtteranceReady] = []
    clips: dict[int, events.ClipReady] = {}
    heard: dict[int, float] = {}
    ended: dict[int, float] = {}
    for event in seen:
        match event:
            case events.Delta():
                arrivals.append(((arrivals[-1][0] if arrivals else 0) + len(event.text), event.at))
            case events.SegmentReady():
                cuts.append((event.end, event.boundary, event.rule))
            case events.UtteranceReady():
                said.append(event)
            case events.ClipReady():
                clips[event.index] = event
            case events.PlaybackStarted():
                heard[event.index] = event.at
            case events.PlaybackFinished():
                ended[event.index] = event.at
            case _:
                pass
    utterances: list[ReplayedUtterance] = []
    start = 0
    for event in said:
        end = start + len(event.text)
        visible = start + len(event.text.rstrip())
        clip = clips.get(event.index)
        utterances.append(
            ReplayedUtterance(
                index=event.index,
                text=event.text,
                spoken=event.spoken,
                start=start,
                end=end,
                cuts=tuple(cut for cut in cuts if start < cut[0] <= end),
                written=next((at for characters, at in arrivals if characters >= visible), math.inf),
                asked=clip.at - clip.synthesis_seconds if clip else event.at,
                ready=clip.at if clip else event.at,
                heard=heard[event.index],
                ended=ended[event.index],
                rule=event.rule,
            )
        )
        start = end
    return tuple(utterances)
