"""Who may read a worker's figures, and that Prometheus understands them."""

from __future__ import annotations

import re

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from voicebot.distributed.figures import OUTCOMES, Figures
from voicebot.distributed.metrics import open_metrics
from voicebot.errors import ConfigError

WARNED = "whoever reaches"


def test_nobody_else_than_this_machine_reads_the_figures(caplog: pytest.LogCaptureFixture) -> None:
    with open_metrics(Figures(), "127.0.0.1", 0) as port:
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.2:{port}/metrics")
    assert WARNED not in caplog.text


def test_a_prometheus_elsewhere_reads_them_where_an_address_is_named_and_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They were at loopback alone, where no Prometheus of another machine or pod can read them."""
    with open_metrics(Figures(), "0.0.0.0", 0) as port:
        assert httpx.get(f"http://127.0.0.2:{port}/metrics").status_code == 200
        assert f"{WARNED} 0.0.0.0:{port} reads the figures" in caplog.text


def test_an_address_of_another_machine_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen at 192\.0\.2\.1:"), open_metrics(Figures(), "192.0.2.1", 0):
        pass


def test_prometheus_understands_the_figures_and_none_names_anybody() -> None:
    """Labels are outcomes and numbers: no text, no client and no queue can get into them."""
    figures = Figures()
    with open_metrics(figures, "127.0.0.1", 0) as port:
        figures.queued(0.5)
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["voicebot_worker_jobs"].type == "counter"
    assert families["voicebot_worker_busy"].type == "gauge"
    assert families["voicebot_worker_queue_seconds"].type == "histogram"
    for family in families.values():
        assert family.documentation.endswith(".")
        for value in (value for sample in family.samples for value in sample.labels.values()):
            assert value in OUTCOMES or re.fullmatch(r"[\d.]+|\+Inf", value)
