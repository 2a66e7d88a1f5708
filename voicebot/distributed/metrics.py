"""What an operator watches of a worker: Prometheus' figures, and nothing of what is said."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from voicebot.distributed.figures import OUTCOMES, Figures
from voicebot.errors import ConfigError
from voicebot.translation import system_reason, tr

log = logging.getLogger(__name__)
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _Reader:
    """Reads the figures as they are whenever somebody looks."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """All figures that are counts or states."""
        figures = self._figures
        jobs = CounterMetricFamily("voicebot_worker_jobs", "Jobs, by what came of them.", labels=["outcome"])
        for outcome in OUTCOMES:
            jobs.add_metric([outcome], figures.outcomes[outcome])
        yield jobs
        counts = {
            "voicebot_worker_redelivered": ("Jobs whose worker died or lost the broker.", figures.redelivered),
            "voicebot_worker_audio_seconds": ("Audio that was synthesized.", figures.audio_seconds),
            "voicebot_worker_synthesis_seconds": ("What the engine worked for it.", figures.synthesis_seconds),
        }
        for name, (meaning, count) in counts.items():
            yield CounterMetricFamily(name, meaning, value=count)
        yield GaugeMetricFamily("voicebot_worker_busy", "Jobs that are being worked on.", value=figures.busy)
        yield GaugeMetricFamily(
            "voicebot_worker_connected", "1 while the worker takes part at the broker.", value=figures.connected
        )
        yield GaugeMetricFamily("voicebot_worker_taking_jobs", "1 while jobs come to it.", value=figures.taking)


@contextmanager
def open_metrics(figures: Figures, host: str, port: int) -> Iterator[int]:
    """Serve `figures` to Prometheus, and anybody who can reach it, at `port` (0: any); return the port.

    Raises ConfigError.
    """
    registry = CollectorRegistry()
    registry.register(_Reader(figures))
    queued = Histogram(
        "voicebot_worker_queue_seconds",
        "From when a job was sent until it was taken, by two clocks.",
        buckets=_SECONDS,
        registry=registry,
    )
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise ConfigError(
            tr("cannot listen at {host}:{port}: {reason}", host=host, port=port, reason=system_reason(error)),
            hint=tr("choose another port with {option}", option="--metrics-port"),
        ) from error
    if not ip_address(str(server.server_address[0])).is_loopback:
        log.warning(
            "whoever reaches %s:%d reads the figures there, without a password: they hold no text and no secret",
            host,
            server.server_port,
        )
    before, figures.queued = figures.queued, queued.observe
    try:
        yield server.server_port
    finally:
        figures.queued = before
        server.shutdown()
        server.server_close()
        thread.join()
