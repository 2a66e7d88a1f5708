"""Workers as processes that die, lose their broker and are told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import aio_pika
import anyio
import httpx
import pytest

from tests.distributed.asking import open_asker
from tests.distributed.broker import Broker, free_ports
from tests.distributed.wire_fault import open_wire
from tests.distributed.worker_process import WorkerProcess, open_worker_process
from tests.machine import PATIENCE_SECONDS
from voicebot.distributed.overview import voice_classes
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio


async def test_a_text_whose_worker_dies_is_said_by_another_as_the_next_attempt(
    broker: Broker, voice_class: str
) -> None:
    async with open_asker(broker.url, voice_class) as asker:
        async with open_worker_process(broker, voice_class, delay_seconds=60.0) as first:
            asked = await asker.ask("Hello.")
            while (await asker.status()).busy != 1:  # each answer comes from the worker
                pass
            first.send(signal.SIGKILL)
        async with open_worker_process(broker, voice_class):
            answer = await asked.answer()
    (audio,) = [audio async for audio in ToneSynthesizer().synthesize("Hello.")]
    assert answer.pcm == audio.pcm
    assert {reply.attempt for reply in answer.replies} == {2}


async def test_a_worker_that_is_told_to_end_finishes_its_job_and_leaves_in_order(
    broker: Broker, voice_class: str
) -> None:
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_worker_process(broker, voice_class, delay_seconds=5.0) as worker,
    ):
        asked = await asker.ask("Hello.")
        while (await asker.status()).busy != 1:
            pass
        worker.send(signal.SIGTERM)
        await worker.says("no more jobs; 1 are being finished")
        assert (await asked.answer()).kinds[-1] == "end"
        assert await worker.ends() == 0


async def test_a_second_signal_ends_a_worker_in_the_middle_of_its_job(broker: Broker, voice_class: str) -> None:
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_worker_process(broker, voice_class, delay_seconds=60.0) as worker,
    ):
        await asker.ask("Hello.")
        while (await asker.status()).busy != 1:
            pass
        worker.send(signal.SIGTERM)
        await worker.says("no more jobs")
        worker.send(signal.SIGTERM)
        assert await worker.ends() == 143


async def test_a_worker_waits_for_a_broker_that_is_down_and_says_so(own_broker: Broker, voice_class: str) -> None:
    await anyio.to_thread.run_sync(own_broker.kill)
    worker = WorkerProcess(own_broker, voice_class, delay_seconds=0.0)
    try:
        line = await worker.says("no broker answers at")
        assert f"127.0.0.1:{own_broker.port}" in line
        await anyio.to_thread.run_sync(own_broker.start)
        await worker.says("taking jobs")
        async with open_asker(own_broker.url, voice_class) as asker:
            assert (await (await asker.ask("Hello.")).answer()).kinds[-1] == "end"
        await anyio.to_thread.run_sync(own_broker.kill)
        await worker.says("has gone")
        await anyio.to_thread.run_sync(own_broker.start)
        await worker.says("taking jobs")
        async with open_asker(own_broker.url, voice_class) as asker:
            assert (await (await asker.ask("Hello again.")).answer()).kinds[-1] == "end"
        await anyio.to_thread.run_sync(own_broker.kill)
        await worker.says("has gone")
        worker.send(signal.SIGTERM)
        assert await worker.ends() == 0, "without a broker there is nothing to finish"
    finally:
        worker.close()


async def test_a_private_file_may_hold_the_address_and_it_is_shown_nowhere(
    broker: Broker, voice_class: str, tmp_path: Path
) -> None:
    file = tmp_path / "url"
    file.write_text(broker.url)
    file.chmod(0o600)
    options = ("--set", f"worker.amqp_url_file={file}")
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_worker_process(broker, voice_class, *options, url="amqp://nobody:nothing@127.0.0.1:1/"),
    ):
        assert (await (await asker.ask("Hello.")).answer()).kinds[-1] == "end"
    shown = [sys.executable, "-m", "voicebot", "config", "show", "--config", os.devnull, *options]
    environment = os.environ | {"VOICEBOT_WORKER__AMQP_URL": broker.url}
    for more in ([], ["--json"]):
        done = await anyio.to_thread.run_sync(
            partial(
                subprocess.run,
                [*shown, *more],
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
            )
        )
        assert "amqp_url_file" in done.stdout
        assert broker.password not in done.stdout + done.stderr


async def test_a_wrong_password_is_told_apart_from_a_broker_that_is_down(broker: Broker, voice_class: str) -> None:
    worker = WorkerProcess(
        broker, voice_class, delay_seconds=0.0, url=broker.url.replace(broker.password, "canary-7f3a")
    )
    try:
        await worker.says("knows no such user or password")
        worker.send(signal.SIGTERM)
        assert await worker.ends() == 0
    finally:
        worker.close()
    assert "canary" not in "".join(worker.written)


async def test_a_worker_with_a_higher_priority_is_given_jobs_first(broker: Broker, voice_class: str) -> None:
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_worker_process(broker, voice_class),
        open_worker_process(broker, voice_class, "--priority", "10") as fast,
        await aio_pika.connect(broker.url) as connection,
    ):
        for _ in range(5):
            await (await asker.ask("Hello.")).answer()
            (seen,) = await voice_classes(connection, voice_class)  # which takes longer than acknowledging
        assert {worker.pid for worker in seen.workers if worker.done} == {fast.process.pid}


async def test_figures_are_there_for_prometheus_at_this_machine_alone(broker: Broker, voice_class: str) -> None:
    (port,) = free_ports(1)
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_worker_process(broker, voice_class, "--metrics-port", str(port)),
        httpx.AsyncClient() as web,
    ):
        await (await asker.ask("Hello.", headers={"sent_ms": 1})).answer()
        while (await asker.status()).done != 1:
            pass
        text = (await web.get(f"http://127.0.0.1:{port}/metrics")).text
        with pytest.raises(httpx.ConnectError):
            await web.get(f"http://127.0.0.2:{port}/metrics")
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert figures['voicebot_worker_jobs_total{outcome="done"}'] == "1.0"
    assert figures['voicebot_worker_jobs_total{outcome="poison"}'] == "0.0"
    assert figures["voicebot_worker_connected"] == "1.0"
    assert figures["voicebot_worker_busy"] == "0.0"
    assert float(figures["voicebot_worker_audio_seconds_total"]) > 0
    assert figures["voicebot_worker_queue_seconds_count"] == "1.0"


async def test_nothing_a_worker_writes_has_the_password_or_the_text_in_it(broker: Broker, voice_class: str) -> None:
    canary = "canary-7f3a"
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_worker_process(broker, voice_class, delay_seconds=0.2) as worker,
    ):
        await (await asker.ask(f"Hello {canary}.")).answer()
        await (await asker.ask(f'{{"spoken": ["{canary}"]}}'.encode())).answer()
        await (await asker.ask(f"Hello {canary}.", headers={"attempt": 9})).answer()
        cut = await asker.ask(f"Hello {canary}.")
        await asker.cancel(cut)
        await asker.channel.queue_delete(f"voicebot.speech.{voice_class}.v1")
        await worker.says("declared again")
        await worker.says("taking jobs")
        await anyio.to_thread.run_sync(broker.ctl, "close_all_connections", "a test")
        await worker.says("taking jobs")
        worker.send(signal.SIGTERM)
        assert await worker.ends() == 0
    written = "".join(worker.written)
    assert canary not in written
    assert broker.password not in written
    assert "Traceback" not in written


async def test_a_text_that_kills_three_workers_kills_no_fourth(broker: Broker, voice_class: str) -> None:
    async with open_asker(broker.url, voice_class) as asker:
        asked = await asker.ask("Hello.")
        for _ in range(3):
            async with open_worker_process(broker, voice_class, delay_seconds=60.0) as worker:
                while (await asker.status()).busy != 1:
                    pass
                worker.send(signal.SIGKILL)
        async with open_worker_process(broker, voice_class) as fourth:
            failure = (await asked.answer()).failure
            assert (failure.code, failure.retry) == ("poison", False)
            await fourth.says("workers died of its text")
        await asker.put_aside(asked)


async def test_a_worker_notices_that_its_connection_is_dead_though_nobody_says_so(
    broker: Broker, voice_class: str
) -> None:
    """Dropped packets raise no error anywhere: only the missing heartbeats show them."""
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_wire(broker.url) as wire,
        open_worker_process(broker, voice_class, url=wire.url) as worker,
    ):
        wire.freeze()
        await worker.says("has gone")
        wire.thaw()
        await worker.says("taking jobs")
        assert (await (await asker.ask("Hello.")).answer()).kinds[-1] == "end"


async def test_a_worker_leaves_also_when_its_broker_answers_nothing(broker: Broker, voice_class: str) -> None:
    """It waited for the broker to confirm that no more jobs would come."""
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_wire(broker.url) as wire,
        open_worker_process(broker, voice_class, url=wire.url, delay_seconds=60.0) as worker,
    ):
        await asker.ask("Hello.")
        while (await asker.status()).busy != 1:
            pass
        wire.freeze()
        worker.send(signal.SIGTERM)
        assert await worker.ends() == 0


async def test_a_worker_that_would_ask_workers_is_refused() -> None:
    """It would have asked itself, for ever."""
    command = [sys.executable, "-m", "voicebot", "worker", "--config", os.devnull, "--tts", "rabbitmq"]
    done = await anyio.to_thread.run_sync(
        lambda: subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    )
    assert done.returncode == 3
    assert "a worker needs a voice of its own" in done.stderr
