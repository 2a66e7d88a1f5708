"""What an operator sees of the turns, and what of the people."""

from __future__ import annotations

import re
from functools import partial

import anyio
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.markdown import read
from tests.server.running import running_server, until
from voicebot.errors import ChatError
from voicebot.events import Gap, TurnDropped, TurnEnded
from voicebot.server.metrics import ServerMetrics
from voicebot.speech import Metrics
from voicebot.testing import ScriptedChat
from voicebot.tts.tone import ToneSynthesizer

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


async def test_what_runs_what_waits_and_what_is_open_is_told() -> None:
    chat = ScriptedChat([(0.0, "Good "), (3600.0, "never")])
    async with running_server(chat, max_turns=1) as running, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(partial(running.client.post, "/chat", json={"text": "Hello."}))
        await running.server.conversations.create("owner")
        await until(lambda: running.server.admission.waiting == 2)
        found = figures((await running.client.get("/metrics")).text)
        assert (found["voicebot_turns_running"], found["voicebot_turns_waiting"]) == (1, 2)
        assert found["voicebot_conversations_open"] == 1
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("page", ["docs/server.md", "docs/server.ja.md"])
async def test_every_figure_is_described_and_no_other(page: str) -> None:
    async with running_server() as running:
        text = (await running.client.get("/metrics")).text
    shown = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
    }
    assert set(re.findall(r"`(voicebot_\w+)`", read(page))) == {name for name in shown if not name.endswith("_created")}


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


COMPLETION = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/chat", {"text": "Hi"}, "ttft"),
        ("/chat", {"text": "Hi", "stream": False}, "reply"),
        ("/v1/chat/completions", COMPLETION, "reply"),
        ("/v1/chat/completions", {**COMPLETION, "stream": True}, "ttft"),
        ("/v1/audio/speech", {"model": "m", "input": "Hi.", "voice": "alloy", "response_format": "pcm"}, "ttfa"),
        ("/api/conversations/ID/turns", {"text": "Hi"}, "snapshot"),
    ],
)
async def test_every_reply_says_how_long_its_beginning_took(path: str, body: dict[str, object], name: str) -> None:
    async with running_server(voice=ToneSynthesizer()) as running:
        id = (await running.server.conversations.create("owner")).id
        answer = await running.client.post(path.replace("ID", id), json=body)
        assert answer.status_code == 200
        assert re.fullmatch(rf"{name};dur=\d+\.\d", answer.headers["server-timing"])
