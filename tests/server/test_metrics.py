"""What an operator sees of the turns, and what of the people."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server.running import running_server
from voicebot.errors import ChatError
from voicebot.events import Gap, TurnDropped, TurnEnded
from voicebot.server.metrics import ServerMetrics
from voicebot.speech import Metrics
from voicebot.testing import ScriptedChat

pytestmark = pytest.mark.anyio


def figures(text: str) -> dict[str, float]:
    """Each sample by its name and labels."""
    return {
        f"{sample.name}{list(sample.labels.values()) or ''}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_turns_are_counted_by_how_they_ended_with_their_times() -> None:
    metrics = ServerMetrics()
    measured = Metrics(ttft=0.25, ttfa=0.6, audio_seconds=4.0, synthesis_seconds=1.0, prompt_tokens=7)
    metrics.hear(TurnEnded("t", 1.0, "completed", "", "", True, measured))
    metrics.hear(TurnEnded("u", 1.0, "failed", "", "", True, Metrics()))
    metrics.hear(Gap("t", 0.5, 1, 0.4))
    metrics.hear(TurnDropped("v", 0.5, "message", "", "barge_in"))
    found = figures(metrics.text().decode())
    assert (found["voicebot_turns_total['completed']"], found["voicebot_turns_total['failed']"]) == (1, 1)
    assert (found["voicebot_ttft_seconds_count"], found["voicebot_ttft_seconds_sum"]) == (1, 0.25)
    assert (found["voicebot_ttfa_seconds_sum"], found["voicebot_rtf_sum"]) == (0.6, 0.25)
    assert (found["voicebot_gap_seconds_sum"], found["voicebot_audio_seconds_total"]) == (0.4, 4.0)
    assert found["voicebot_turns_dropped_total['barge_in']"] == 1
    assert (found["voicebot_tokens_total['prompt']"], found["voicebot_tokens_total['reply']"]) == (7, 0)


async def test_prometheus_reads_the_turns_of_everybody_and_the_names_of_nobody() -> None:
    async with running_server() as running, running.as_person("alice") as alice, running.stranger() as stranger:
        await alice.post("/chat", json={"text": "canary"})
        answer = await running.client.get("/metrics")
        found = figures(answer.text)
        assert found["voicebot_turns_total['completed']"] == 1
        assert (found["voicebot_turns_running"], found["voicebot_turns_waiting"]) == (0, 0)
        assert "alice" not in answer.text
        assert "canary" not in answer.text
        assert (await stranger.get("/metrics")).status_code == 401


async def test_replies_that_fail_are_counted_too() -> None:
    async with running_server(ScriptedChat([], ChatError("down"))) as running:
        await running.client.post("/chat", json={"text": "Hello."})
        assert figures((await running.client.get("/metrics")).text)["voicebot_turns_total['failed']"] == 1


async def test_the_tools_of_a_browser_show_how_long_the_first_word_took() -> None:
    async with running_server(ScriptedChat([(0.3, "Good morning.")])) as running:
        answer = await running.client.post("/chat", json={"text": "Hello."})
        name, _, duration = answer.headers["server-timing"].partition(";dur=")
        assert name == "ttft"
        assert 300 <= float(duration) < 1000 * answer.elapsed.total_seconds()
