"""What an operator watches: figures of all turns for Prometheus, naming nobody."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from voicebot.events import Event, Gap, TurnDropped, TurnEnded

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
_FACTORS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0)


class ServerMetrics:
    """Counts what the events of all conversations tell."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._turns = Counter("voicebot_turns", "Turns that have ended, by how.", ["outcome"], registry=self._registry)
        self._dropped = Counter(
            "voicebot_turns_dropped", "Turns that never had the floor, by why.", ["reason"], registry=self._registry
        )
        self._ttft = Histogram(
            "voicebot_ttft_seconds",
            "From the message to the first delta of the chat model.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._ttfa = Histogram(
            "voicebot_ttfa_seconds",
            "From the message to the first audible audio.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rtf = Histogram(
            "voicebot_rtf", "Synthesis seconds by audio seconds of a turn.", buckets=_FACTORS, registry=self._registry
        )
        self._gaps = Histogram(
            "voicebot_gap_seconds", "Silences that nobody asked for.", buckets=_SECONDS, registry=self._registry
        )
        self._audio = Counter("voicebot_audio_seconds", "Audio that was synthesized.", registry=self._registry)
        self._tokens = Counter(
            "voicebot_tokens", "Tokens as the chat server counts them.", ["kind"], registry=self._registry
        )

    def watch(self, name: str, meaning: str, count: Callable[[], float]) -> None:
        """Show the current `count` whenever the figures are read; `name` ends in its unit, if it has one."""
        Gauge(f"voicebot_{name}", meaning, registry=self._registry).set_function(count)

    def hear(self, event: Event) -> None:
        """Count one event: a listener of every conversation."""
        match event:
            case TurnEnded(outcome=outcome, metrics=metrics):
                self._turns.labels(outcome).inc()
                if metrics.ttft is not None:
                    self._ttft.observe(metrics.ttft)
                if metrics.ttfa is not None:
                    self._ttfa.observe(metrics.ttfa)
                if metrics.rtf is not None:
                    self._rtf.observe(metrics.rtf)
                self._audio.inc(metrics.audio_seconds)
                self._tokens.labels("prompt").inc(metrics.prompt_tokens or 0)
                self._tokens.labels("reply").inc(metrics.reply_tokens or 0)
            case TurnDropped(reason=reason):
                self._dropped.labels(reason).inc()
            case Gap(seconds=seconds):
                self._gaps.observe(seconds)
            case _:
                pass

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)
