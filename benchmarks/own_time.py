"""Our own time: from the arrival of the delta that completes a segment to the request for its audio."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

import anyio

from benchmarks.figures import Figure, quantile
from benchmarks.virtual import TEXTS
from voicebot import events
from voicebot.audio.silent import SilentOutput
from voicebot.events import TurnEvent
from voicebot.messages import Message
from voicebot.pacing import Pacer
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.testing import ScriptedChat, typed
from voicebot.text.chunking import Chunker
from voicebot.text.respelling import warm_up
from voicebot.turn import Pipeline, speak_turn


class Stopwatch:
    """A synthesizer that takes no time and notes when it is asked, and a subscriber that notes when deltas arrive."""

    name = identity = "stopwatch"
    credit = ""
    format = AudioFormat(24_000)
    capabilities = Capabilities()

    def __init__(self) -> None:
        self.delta_at = 0.0
        self.segment_delta_at: list[float] = []
        self.asked_at: list[float] = []

    def emit(self, event: TurnEvent) -> None:
        if isinstance(event, events.Delta):
            self.delta_at = time.perf_counter()
        elif isinstance(event, events.SegmentReady):
            self.segment_delta_at.append(self.delta_at)

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
        self.asked_at.append(time.perf_counter())
        yield Audio(b"\0\0" * 240, self.format)


def measure_own_time() -> list[Figure]:
    """The 99th percentile over some hundred sentences in both languages."""
    warm_up()  # as app.py does while the voice starts
    figures = []
    for backend in ("asyncio", "trio"):
        waits: list[float] = []
        for text in TEXTS.values():
            for _ in range(5):
                watch = Stopwatch()
                anyio.run(_turn, text * 4, watch, backend=backend)
                # the last one is flushed by the end of the stream, not by a delta
                waits += [(b - a) * 1000 for a, b in zip(watch.segment_delta_at, watch.asked_at, strict=True)][:-1]
        note = f"median {quantile(waits, 0.5):.2f} ms, worst {max(waits):.2f} ms, {len(waits)} segments"
        figures.append(
            Figure(f"own time, delta in → synthesis request out, p99, {backend}", quantile(waits, 0.99), 5, "ms", note)
        )
    return figures


async def _turn(text: str, watch: Stopwatch) -> None:
    given = Pipeline(ScriptedChat(typed(text, rate=300)), watch, SilentOutput(realtime=False), Chunker, Pacer)
    await speak_turn([Message("user", "?")], given, emit=watch.emit, scope=anyio.CancelScope())
