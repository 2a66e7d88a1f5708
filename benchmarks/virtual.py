"""What the pipeline adds to what nothing can avoid, in virtual time. Exact: the same every run."""

from __future__ import annotations

import anyio
import trio
from trio.testing import MockClock

from benchmarks.figures import Figure
from tests.fakes import pipeline
from voicebot import events
from voicebot.audio.silent import SilentOutput
from voicebot.messages import Message
from voicebot.speech import Outcome
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat, typed
from voicebot.turn import speak_turn

TEXTS = {
    "en": (
        "Good morning! I checked the weather for you. It will be sunny until three, and then a few clouds come in. "
        "If you want to go for a walk, the best time is right after lunch. Shall I remind you at one o'clock? "
        "By the way, your package should arrive today between two and four."
    ),
    "ja": (
        "おはようございます。今日の天気を調べました。三時ごろまでは晴れますが、そのあと少し雲が出てくるようです。"
        "散歩をするなら、お昼のすぐあとがいちばんいいと思います。一時にお知らせしましょうか？"
        "それから、荷物は今日の二時から四時のあいだに届く予定です。"
    ),
}
ENGINES = {"fast (0.01 s + 0.01)": (0.01, 0.01), "medium (0.15 s + 0.2)": (0.15, 0.2), "slow (0.3 s + 0.6)": (0.3, 0.6)}
LATENCY_SECONDS = 0.05


def measure_virtual() -> list[Figure]:
    """How much later than text and engine allow the first sound and every other clip are heard."""
    worst_first = worst_later = 0.0
    runs = 0
    for text in TEXTS.values():
        for rate in (10, 30, 100):
            for delay, rtf in ENGINES.values():
                recorder = EventRecorder()
                chat = ScriptedChat(typed(text, rate=rate))
                trio.run(
                    _turn,
                    chat,
                    CostingSynthesizer(delay=delay, rtf=rtf),
                    recorder,
                    clock=MockClock(autojump_threshold=0),
                )
                late = _lateness(recorder, delay, rtf)
                worst_first, worst_later = max(worst_first, late[0]), max(worst_later, *late[1:])
                runs += 1
    note = f"{runs} turns: en and ja, 10 to 100 deltas/s, three engines"
    return [
        Figure("virtual: TTFA beyond segment + synthesis + output latency", worst_first, 1e-6, "s", note),
        Figure("virtual: any clip later than text and engine force", worst_later, 1e-6, "s", note),
    ]


async def _turn(chat: ScriptedChat, voice: CostingSynthesizer, recorder: EventRecorder) -> Outcome:
    output = SilentOutput(realtime=True, latency_seconds=LATENCY_SECONDS)
    question = [Message("user", "?")]
    return await speak_turn(question, pipeline(chat, voice, output), emit=recorder, scope=anyio.CancelScope())


def _lateness(recorder: EventRecorder, delay: float, rtf: float) -> list[float]:
    """For each clip, how much later it was heard than an engine that is never idle with work waiting would allow."""
    segments, clips = recorder.of(events.SegmentReady), recorder.of(events.ClipReady)
    engine_free = heard_until = 0.0
    lateness = []
    for segment, clip, started in zip(segments, clips, recorder.of(events.PlaybackStarted), strict=True):
        engine_free = max(engine_free, segment.at) + delay + rtf * clip.audio_seconds
        earliest = max(engine_free + LATENCY_SECONDS, heard_until)
        heard_until = earliest + clip.audio_seconds
        lateness.append(started.at - earliest)
    return lateness
