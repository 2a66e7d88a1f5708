"""The broker and the wire that the other tests of this folder stand on, with bare aio-pika."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import aio_pika
import aiormq
import anyio
import pytest

from tests.distributed.broker import ADDRESS, Broker
from tests.distributed.wire_fault import open_wire
from tests.machine import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio


async def test_a_message_goes_through(broker: Broker) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("voicebot.test.message", auto_delete=True)
        await channel.default_exchange.publish(aio_pika.Message(b"hello"), queue.name)
        assert (await queue.get(timeout=PATIENCE_SECONDS)).body == b"hello"
        await queue.delete(if_empty=False)


async def test_it_speaks_tls_to_who_trusts_its_authority(broker: Broker) -> None:
    trusting = ssl.create_default_context(cafile=broker.ca_file)
    async with await aio_pika.connect(broker.tls_url, ssl_context=trusting) as connection:
        assert not connection.is_closed
    with pytest.raises(aiormq.AMQPError, match="certificate verify failed"):
        await aio_pika.connect(broker.tls_url, ssl_context=ssl.create_default_context())


async def test_what_is_durable_outlives_a_crash_of_the_broker(own_broker: Broker) -> None:
    async with await aio_pika.connect(own_broker.url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue("voicebot.test.durable", durable=True)
        kept = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(kept, queue.name)
        own_broker.kill()
        with pytest.raises((aiormq.AMQPError, ConnectionError)):
            await channel.default_exchange.publish(kept, queue.name)
    await anyio.to_thread.run_sync(own_broker.start)
    async with await aio_pika.connect(own_broker.url) as connection:
        again = await (await connection.channel()).get_queue("voicebot.test.durable")
        assert (await again.get(timeout=PATIENCE_SECONDS)).body == b"kept"
        await anyio.to_thread.run_sync(own_broker.delete_queue, "voicebot.test.durable")
    assert "voicebot.test.durable" not in await anyio.to_thread.run_sync(own_broker.ctl, "list_queues")


async def test_a_memory_alarm_keeps_a_publisher_waiting_until_it_is_over(broker: Broker) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue("voicebot.test.alarm", auto_delete=True)
        await anyio.to_thread.run_sync(broker.raise_alarm, "memory")
        try:
            with anyio.move_on_after(0.2):
                await channel.default_exchange.publish(aio_pika.Message(b"held up"), queue.name)
                pytest.fail("a message was taken during an alarm")
        finally:
            await anyio.to_thread.run_sync(broker.clear_alarm, "memory")
        assert (await queue.get(timeout=PATIENCE_SECONDS)).body == b"held up"
        await queue.delete(if_empty=False)


async def test_a_frozen_wire_gives_no_answer_and_no_error_and_later_all_at_once(broker: Broker) -> None:
    async with open_wire(broker.url) as wire, await aio_pika.connect(wire.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("voicebot.test.frozen", auto_delete=True)
        wire.freeze()
        with anyio.move_on_after(0.2):
            await channel.default_exchange.publish(aio_pika.Message(b"late"), queue.name)
            pytest.fail("a confirmation came through a frozen wire")
        assert wire.connections == 1
        assert not connection.is_closed
        wire.thaw()
        assert (await queue.get(timeout=PATIENCE_SECONDS)).body == b"late"
        await queue.delete(if_empty=False)


async def test_a_cut_wire_ends_the_connection_and_lets_the_next_through(broker: Broker) -> None:
    async with open_wire(broker.url) as wire:
        gone = anyio.Event()
        connection = await aio_pika.connect(wire.url)
        connection.close_callbacks.add(lambda *_: gone.set())
        wire.cut()
        with anyio.fail_after(PATIENCE_SECONDS):
            await gone.wait()
        async with await aio_pika.connect(wire.url) as another:
            assert not another.is_closed


async def test_a_slow_wire_takes_its_time_for_the_way_there_and_the_way_back(broker: Broker) -> None:
    async with open_wire(broker.url) as wire, await aio_pika.connect(wire.url) as connection:
        channel = await connection.channel()
        wire.delay_seconds = 0.1
        before = anyio.current_time()
        await channel.declare_queue("voicebot.test.slow", auto_delete=True)
        assert anyio.current_time() - before >= 0.2
        wire.delay_seconds = 0
        await channel.queue_delete("voicebot.test.slow")


def test_a_test_session_that_is_killed_leaves_no_broker_behind(tmp_path: Path, broker: Broker) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tests.distributed.broker import Broker;"
        "print(Broker(Path(sys.argv[1]))._epmd_port, flush=True); time.sleep(60)"
    )
    session = subprocess.Popen([sys.executable, "-c", program, tmp_path / "broker"], stdout=subprocess.PIPE)
    assert session.stdout
    with session, socket.create_connection((ADDRESS, int(session.stdout.readline()))) as epmd:
        epmd.settimeout(PATIENCE_SECONDS)
        session.kill()
        with suppress(ConnectionResetError):
            assert epmd.recv(1) == b""
    node = broker._node
    assert node
    assert os.getpgid(node.pid) == broker._guardian.pid  # it is killed together with its epmd
