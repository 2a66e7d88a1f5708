"""The plain request and reply of the documents, with real servers."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import ModuleType

import aio_pika
import anyio
import anyio.abc
import pytest
from aio_pika.abc import AbstractChannel
from anyio.streams.text import TextReceiveStream

from tests.distributed.broker import Broker
from tests.machine import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
QUEUE = "voicebot.rpc"


def example(name: str) -> ModuleType:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rpc_client = example("rpc_client")


class Server:
    """A server in a process of its own."""

    def __init__(self, process: anyio.abc.Process) -> None:
        assert process.stderr
        self.process = process
        self._lines = TextReceiveStream(process.stderr)
        self._rest = ""

    async def line(self, wanted: str) -> datetime:
        """When it wrote that, by its own account; lines before are skipped."""
        while True:
            while "\n" not in self._rest:
                self._rest += await self._lines.receive()
            line, _, self._rest = self._rest.partition("\n")
            if line.endswith(wanted):
                return datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f")

    async def busy(self) -> tuple[datetime, datetime]:
        """From when to when it worked on its next call."""
        return await self.line("call begins"), await self.line("call ends")

    async def killed(self) -> str:
        """What it wrote until it was killed."""
        self.process.kill()
        return self._rest + "".join([text async for text in self._lines])


@asynccontextmanager
async def server(broker: Broker, *options: str) -> AsyncIterator[Server]:
    """A server that is ready; it is killed at the end."""
    command = [sys.executable, str(EXAMPLES / "rpc_server.py"), *options]
    environment = {**os.environ, "AMQP_URL": broker.url}
    async with await anyio.open_process(command, env=environment, stdin=None, stdout=None) as process:
        started = Server(process)
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                await started.line("ready")
            yield started
        finally:
            with suppress(ProcessLookupError):
                process.kill()


@asynccontextmanager
async def channel(broker: Broker) -> AsyncIterator[AbstractChannel]:
    """A look at the broker from outside."""
    async with await aio_pika.connect(broker.url) as connection:
        yield await connection.channel()


@pytest.fixture(autouse=True)
async def no_earlier_calls(broker: Broker) -> None:
    """Take away what a server had answered when it was killed, but not acknowledged: the queue gives it out again."""
    async with channel(broker) as look:
        await look.queue_delete(QUEUE)


async def test_two_servers_answer_two_calls_side_by_side(broker: Broker) -> None:
    results = []

    async def ask(a: int, b: int) -> None:
        results.append(await client.call(a=a, b=b))

    async with (
        server(broker, "--seconds", "0.5") as one,
        server(broker, "--seconds", "0.5") as other,
        rpc_client.open_rpc_client(broker.url) as client,
    ):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, 5, 8)
            tasks.start_soon(ask, 20, 22)
        busy = [await one.busy(), await other.busy()]
    assert sorted(reply["result"] for reply in results) == [13, 42]
    assert max(began for began, _ in busy) < min(ended for _, ended in busy)


async def test_a_hundred_calls_take_one_queue_and_one_consumer_and_leave_none(broker: Broker) -> None:
    async with server(broker, "--seconds", "0"), channel(broker) as look:
        async with rpc_client.open_rpc_client(broker.url) as client, anyio.create_task_group() as tasks:
            before = await queues(broker)
            for _ in range(100):
                tasks.start_soon(lambda: client.call(a=5, b=8))
        async with rpc_client.open_rpc_client(broker.url) as client:
            for number in range(100):
                assert await client.call(a=number, b=1) == {"result": number + 1}
            replies = client.replies.name
            during = await queues(broker)
        assert {name: during[name] for name in (QUEUE, replies)} == {QUEUE: 1, replies: 1}
        assert len(during) == len(before)
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await look.declare_queue(replies, passive=True)


async def test_an_answer_that_nobody_asked_for_is_ignored(broker: Broker) -> None:
    async with server(broker, "--seconds", "0"), rpc_client.open_rpc_client(broker.url) as client:
        async with channel(broker) as stranger:
            for correlation_id in ("unknown", "", None):
                forged = aio_pika.Message(b'{"result": 0}', correlation_id=correlation_id)
                await stranger.default_exchange.publish(forged, client.replies.name)
        assert await client.call(a=5, b=8) == {"result": 13}


async def test_a_request_that_cannot_be_understood_is_answered(broker: Broker) -> None:
    async with server(broker, "--seconds", "0"), rpc_client.open_rpc_client(broker.url) as client:
        assert "error" in await client.call(a="five")
        assert await client.call(a=5, b=8) == {"result": 13}


async def test_another_server_finishes_what_one_was_killed_over(broker: Broker) -> None:
    async def kill_first() -> None:
        await first.line("call begins")
        first.process.kill()
        async with server(broker, "--seconds", "0"):
            await answered.wait()

    answered = anyio.Event()
    async with (
        server(broker, "--seconds", "60") as first,
        rpc_client.open_rpc_client(broker.url) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(kill_first)
        assert await client.call(a=5, b=8) == {"result": 13}
        answered.set()


async def test_a_call_that_nobody_answers_ends_in_time_and_is_answered_by_nobody_later(broker: Broker) -> None:
    async with channel(broker) as look, rpc_client.open_rpc_client(broker.url) as client:
        await look.declare_queue(QUEUE, durable=True)
        with pytest.raises(TimeoutError):
            await client.call(a=5, b=8, timeout=0.2)
        async with server(broker, "--seconds", "0") as late:
            assert await client.call(a=20, b=22) == {"result": 42}
            assert (await late.killed()).count("call begins") == 1


async def test_calls_fail_at_once_when_the_broker_goes_and_servers_end(own_broker: Broker) -> None:
    async def kill() -> None:
        await busy.line("call begins")
        own_broker.kill()

    async with server(own_broker, "--seconds", "60") as busy, server(own_broker, "--seconds", "60") as other:
        async with rpc_client.open_rpc_client(own_broker.url) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(kill)
            with pytest.raises(ConnectionError):
                await client.call(a=5, b=8)
        with anyio.fail_after(PATIENCE_SECONDS):
            assert await other.process.wait() != 0


async def queues(broker: Broker) -> dict[str, int]:
    """How many consumers each queue has."""
    listed = await anyio.to_thread.run_sync(broker.ctl, "list_queues", "--no-table-headers", "name", "consumers")
    return {name: int(consumers) for name, _, consumers in (line.partition("\t") for line in listed.splitlines())}
