"""`voicebot workers` shows all workers at a broker, and says so where nobody answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import aio_pika
import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.distributed.asking import open_asker
from tests.distributed.broker import ALARMS, Alarm, Broker
from tests.distributed.worker_process import open_worker_process
from tests.machine import PATIENCE_SECONDS
from voicebot.distributed.messages import Voice, WorkerStatus
from voicebot.distributed.overview import voice_classes
from voicebot.distributed.topology import STATUS_EXCHANGE, job_queue

pytestmark = pytest.mark.anyio


COMMAND = [sys.executable, "-m", "voicebot", "workers", "--config", os.devnull]


async def run(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *options]
    environment = os.environ | {"VOICEBOT_WORKER__AMQP_URL": url}
    return await anyio.to_thread.run_sync(
        lambda: subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    )


async def test_workers_queues_and_what_waits_are_shown_by_class(broker: Broker, voice_class: str) -> None:
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_worker_process(broker, voice_class, "--concurrency", "2"),
        open_worker_process(broker, voice_class),
    ):
        for _ in range(4):
            await (await asker.ask("Hello.")).answer()
        done = await run(broker.url, "--json")
    (shown,) = (one for one in json.loads(done.stdout) if one["voice_class"] == voice_class)
    assert (shown["queue"], shown["consumers"], shown["backlog"]) == (job_queue(voice_class), 2, 0)
    assert shown["jobs_per_second"] > 0
    assert shown["audio_per_second"] > 0
    assert sum(worker["done"] for worker in shown["workers"]) == 4
    assert sorted(worker["concurrency"] for worker in shown["workers"]) == [1, 2]
    assert {worker["voice"] for worker in shown["workers"]} == {"tone"}
    assert all(worker["takes_jobs"] for worker in shown["workers"])


async def test_rates_of_a_second_round_are_those_since_the_first(broker: Broker, voice_class: str) -> None:
    async with (
        open_asker(broker.url, voice_class) as asker,
        open_worker_process(broker, voice_class),
        await aio_pika.connect(broker.url) as connection,
    ):
        await (await asker.ask("Hello.")).answer()
        (first,) = await voice_classes(connection, voice_class)
        (second,) = await voice_classes(connection, voice_class, [first])
    assert first.jobs_per_second > 0
    assert second.jobs_per_second == 0


async def test_without_a_worker_the_list_is_empty_and_what_waits_is_shown(broker: Broker, voice_class: str) -> None:
    assert (await run(broker.url, "--json", "--voice-class", voice_class)).stdout == "[]\n"
    told = await run(broker.url, "--voice-class", voice_class)
    assert told.returncode == 0
    assert told.stdout == ""
    assert "no worker answers" in told.stderr
    async with open_asker(broker.url, voice_class) as asker:
        await asker.ask("Hello.")
        (shown,) = json.loads((await run(broker.url, "--json", "--voice-class", voice_class)).stdout)
        await asker.channel.queue_delete(job_queue(voice_class))
    assert (shown["backlog"], shown["consumers"], shown["workers"]) == (1, 0, [])


async def test_without_a_broker_one_line_says_so_and_none_has_the_password() -> None:
    for url in ("amqp://me:canary-7f3a@127.0.0.1:1/", "amqps://me:canary-7f3a@127.0.0.1:1/voices"):
        told = await run(url)
        assert told.returncode == 5
        assert "no broker answers at" in told.stderr
        assert "start RabbitMQ" in told.stderr
        assert "canary" not in told.stdout + told.stderr
        assert "Traceback" not in told.stderr


@pytest.mark.parametrize("alarm", ALARMS)
async def test_an_alarm_of_the_broker_is_told_in_words(broker: Broker, voice_class: str, alarm: Alarm) -> None:
    """The command waited until somebody had made room on the broker's machine, and said nothing."""
    async with open_worker_process(broker, voice_class):
        await anyio.to_thread.run_sync(broker.raise_alarm, alarm)
        try:
            told = await run(broker.url)
        finally:
            await anyio.to_thread.run_sync(broker.clear_alarm, alarm)
        assert told.returncode == 5
        assert "alarm for too little memory or disk" in told.stderr
        assert "rabbitmq-diagnostics alarms" in told.stderr
        assert voice_class in (await run(broker.url)).stdout


async def test_who_watches_is_told_of_an_alarm_and_sees_the_workers_again_when_it_is_over(
    broker: Broker, voice_class: str
) -> None:
    environment = os.environ | {"VOICEBOT_WORKER__AMQP_URL": broker.url, "LC_ALL": "C.UTF-8"}
    command = [*COMMAND, "--watch", "--json"]
    async with open_worker_process(broker, voice_class), await anyio.open_process(command, env=environment) as watch:
        assert watch.stdout
        assert watch.stderr
        shown, told = BufferedByteReceiveStream(watch.stdout), BufferedByteReceiveStream(watch.stderr)
        with anyio.fail_after(60):
            assert voice_class.encode() in await shown.receive_until(b"\n", 1_000_000)
            await anyio.to_thread.run_sync(broker.raise_alarm, "disk")
            try:
                assert b"alarm" in await told.receive_until(b"\n", 10_000)
            finally:
                await anyio.to_thread.run_sync(broker.clear_alarm, "disk")
            while voice_class.encode() not in await shown.receive_until(b"\n", 1_000_000):
                pass
        watch.terminate()


@pytest.mark.parametrize("url", ["http://me:canary-7f3a@example/", "me:canary-7f3a@example", "amqp:me:canary-7f3a@x"])
async def test_a_wrong_address_is_refused_without_its_password(url: str) -> None:
    for told in (await run(url), await run("amqp://127.0.0.1/", "--amqp-url", url)):
        assert told.returncode == 3
        assert "amqp_url" in told.stderr
        assert "canary" not in told.stdout + told.stderr


async def test_a_hostile_worker_steers_no_terminal_and_names_no_queue(broker: Broker, voice_class: str) -> None:
    """What workers say of themselves was written by others."""
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(STATUS_EXCHANGE, aio_pika.ExchangeType.FANOUT, durable=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange)

        def status(worker: str, host: str) -> str:
            voice = Voice(name="\x1b[2J", identity="")
            return WorkerStatus(
                worker=worker, host=host, voice_class=voice_class, voice=voice, concurrency=1
            ).model_dump_json()

        async def answer(question: aio_pika.abc.AbstractIncomingMessage) -> None:
            for body in (
                status("a", "\x1b]0;title\x07\x1b[31mred"),
                status("b", "x").replace(voice_class, "../" * 100),
                status("c", "x").replace('"v":1', '"v":99'),
                "nonsense",
            ):
                message = aio_pika.Message(body.encode(), correlation_id=question.correlation_id)
                await channel.default_exchange.publish(message, question.reply_to or "", mandatory=False)

        await queue.consume(answer, no_ack=True)
        for options in ((), ("--json",)):
            told = await run(broker.url, *options)
            assert told.returncode == 0, told.stderr
            assert "red" in told.stdout
            assert "\x1b" not in told.stdout
            assert "../" not in told.stdout
        assert [len(one["workers"]) for one in json.loads(told.stdout)] == [1]
