"""The vhost, users and policies of deploy/, in a real broker: enough for a worker and a client, and nothing else."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import anyio
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ProbableAuthenticationError
from aiormq.exceptions import ChannelAccessRefused
from pydantic import SecretStr

from tests.distributed.broker import ADDRESS, Broker
from tests.distributed.worker_process import open_worker_process
from tests.machine import PATIENCE_SECONDS
from voicebot.config.models import TtsRabbitmq
from voicebot.distributed.client import open_rabbitmq
from voicebot.distributed.connection import BrokerAddress, open_connection
from voicebot.distributed.overview import voice_classes
from voicebot.distributed.topology import (
    CANCEL_EXCHANGE,
    DEAD_QUEUE,
    DEAD_QUEUE_ARGUMENTS,
    JOB_QUEUE_ARGUMENTS,
    STATUS_EXCHANGE,
    job_queue,
)
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
DEFINITIONS = Path(__file__).parents[2] / "deploy" / "rabbitmq" / "definitions.json"
USER = VHOST = "voicebot"
SPEECH = job_queue("default")


def url(broker: Broker, password: str, *, user: str = USER, vhost: str = VHOST) -> str:
    return f"amqp://{user}:{password}@{ADDRESS}:{broker.port}/{vhost}"


@pytest.fixture(scope="module")
def defined(broker: Broker) -> Iterator[Broker]:
    """The broker with our definitions, and another user in the same vhost."""
    broker.ctl("import_definitions", str(DEFINITIONS))
    broker.ctl("set_permissions", "-p", VHOST, broker.user, ".*", ".*", ".*")
    yield broker
    broker.ctl("delete_vhost", VHOST)
    for user in json.loads(DEFINITIONS.read_text())["users"]:
        broker.ctl("delete_user", user["name"])


@pytest.fixture(scope="module")
def password(defined: Broker) -> str:
    """The one that the user has been given, from standard input as the documents say."""
    password = secrets.token_hex(16)
    defined.ctl("change_password", USER, typed=f"{password}\n")
    return password


@asynccontextmanager
async def channel(address: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(address) as connection:
        yield await connection.channel(publisher_confirms=True, on_return_raises=True)


def test_they_hold_no_password() -> None:
    users = json.loads(DEFINITIONS.read_text())["users"]
    assert {user["name"]: user["password_hash"] for user in users} == {"voicebot": "", "voicebot-scaler": ""}
    assert all("password" not in user for user in users)


@pytest.mark.parametrize("user", ["voicebot", "voicebot-scaler"])
async def test_nobody_gets_in_before_a_password_is_given(defined: Broker, user: str) -> None:
    if user == USER:
        await anyio.to_thread.run_sync(defined.ctl, "clear_password", USER)
    for tried in ("", user, "guest", "voicebot"):
        with pytest.raises(ProbableAuthenticationError):
            await aio_pika.connect(url(defined, tried, user=user))


async def test_the_user_may_do_all_that_a_worker_and_a_client_do(defined: Broker, password: str) -> None:
    async with channel(url(defined, password)) as worker, channel(url(defined, password)) as client:
        await worker.declare_queue(DEAD_QUEUE, durable=True, arguments=dict(DEAD_QUEUE_ARGUMENTS))
        for exchange in (CANCEL_EXCHANGE, STATUS_EXCHANGE):
            await worker.declare_exchange(exchange, aio_pika.ExchangeType.FANOUT, durable=True)
        heard = await worker.declare_queue(exclusive=True)
        await heard.bind(CANCEL_EXCHANGE)
        jobs = await worker.declare_queue(SPEECH, durable=True, arguments=dict(JOB_QUEUE_ARGUMENTS))
        replies = await client.declare_queue(exclusive=True, auto_delete=True)

        job = aio_pika.Message(b"job", reply_to=replies.name, correlation_id="1", expiration=10, priority=2)
        await client.default_exchange.publish(job, SPEECH)
        taken = await jobs.get(timeout=PATIENCE_SECONDS)
        assert taken
        await worker.default_exchange.publish(aio_pika.Message(b"reply"), taken.reply_to or "")
        await worker.default_exchange.publish(aio_pika.Message(b"dead"), DEAD_QUEUE)
        await taken.ack()
        assert (await replies.get(timeout=PATIENCE_SECONDS)).body == b"reply"

        cancellations = await client.get_exchange(CANCEL_EXCHANGE)
        await cancellations.publish(aio_pika.Message(b"cancel"), "")
        assert (await heard.get(timeout=PATIENCE_SECONDS)).body == b"cancel"
        await consumed(client, replies.name)


async def test_a_worker_a_client_and_the_list_of_workers_need_no_other_right(defined: Broker, password: str) -> None:
    address = url(defined, password)
    config = TtsRabbitmq(kind="rabbitmq", amqp_url=SecretStr(address))
    (said,) = [audio async for audio in ToneSynthesizer().synthesize("Hello.")]
    async with open_worker_process(defined, config.voice_class, url=address) as worker:
        async with open_rabbitmq(config, None) as client:
            heard = [audio async for audio in client.synthesize("Hello.")]
            not_heard = client.synthesize("Never mind.")
            await anext(not_heard)
            await not_heard.aclose()  # which is told to the worker
        async with open_connection(BrokerAddress(address), name="test") as connection:
            (shown,) = await voice_classes(connection, config.voice_class)
        assert (shown.consumers, len(shown.workers)) == (1, 1)
        worker.send(signal.SIGTERM)
        assert await worker.ends() == 0
    assert b"".join(audio.pcm for audio in heard) == said.pcm
    assert not any("ACCESS_REFUSED" in line for line in worker.written)


async def test_the_limits_of_the_queues_are_a_policy(defined: Broker, password: str) -> None:
    async with channel(url(defined, password)) as worker:
        await worker.declare_queue(SPEECH, durable=True, arguments=dict(JOB_QUEUE_ARGUMENTS))
        await worker.declare_queue(DEAD_QUEUE, durable=True, arguments=dict(DEAD_QUEUE_ARGUMENTS))
    columns = "list_queues", "-p", VHOST, "--formatter", "json", "name", "policy"
    listed = json.loads(await anyio.to_thread.run_sync(defined.ctl, *columns))
    policies = {policy["name"]: policy["definition"] for policy in json.loads(DEFINITIONS.read_text())["policies"]}
    of_queues = {queue["name"]: policies.get(queue["policy"]) for queue in listed}
    of_jobs = {name.removeprefix("x-"): value for name, value in JOB_QUEUE_ARGUMENTS.items()}
    del of_jobs["max-priority"]  # which cannot be one
    assert of_queues[SPEECH] == of_jobs
    assert of_queues[DEAD_QUEUE] == {name.removeprefix("x-"): value for name, value in DEAD_QUEUE_ARGUMENTS.items()}


REFUSED: dict[str, Callable[[AbstractChannel], Awaitable[object]]] = {
    "declare a queue": lambda channel: channel.declare_queue("orders", durable=True),
    "declare a queue that only begins alike": lambda channel: channel.declare_queue("voicebotx", durable=True),
    "declare an exchange": lambda channel: channel.declare_exchange("orders", durable=True),
    "read a queue": lambda channel: got(channel, "theirs"),
    "consume a queue": lambda channel: consumed(channel, "theirs"),
    "delete a queue": lambda channel: channel.queue_delete("theirs"),
    "publish to an exchange": lambda channel: published(channel, "theirs"),
    "publish to an exchange of the broker": lambda channel: published(channel, "amq.fanout"),
    "listen to an exchange": lambda channel: bound(channel, "theirs"),
    "listen to the log of the broker": lambda channel: bound(channel, "amq.rabbitmq.trace"),
}


async def published(channel: AbstractChannel, exchange: str) -> None:
    await (await channel.get_exchange(exchange, ensure=False)).publish(aio_pika.Message(b""), "", mandatory=False)


async def got(channel: AbstractChannel, queue: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).get(fail=False)


async def bound(channel: AbstractChannel, exchange: str) -> None:
    await (await channel.declare_queue(exclusive=True)).bind(exchange, "#")


async def consumed(channel: AbstractChannel, queue: str) -> None:
    async def ignore(_: AbstractIncomingMessage) -> None:
        pass

    await (await channel.get_queue(queue, ensure=False)).consume(ignore, no_ack=True)


@pytest.mark.parametrize("deed", REFUSED)
async def test_the_user_may_do_nothing_else(defined: Broker, password: str, deed: str) -> None:
    async with channel(url(defined, defined.password, user=defined.user)) as others:
        await others.declare_queue("theirs", durable=True)
        await others.declare_exchange("theirs", durable=True)
        with pytest.raises(ChannelAccessRefused):
            async with channel(url(defined, password)) as ours:
                await REFUSED[deed](ours)


async def test_the_user_has_this_vhost_alone(defined: Broker, password: str) -> None:
    """A user who may publish to the default exchange reaches every queue of its vhost, whatever it is called."""
    with pytest.raises(AMQPError):
        await aio_pika.connect(url(defined, password, vhost=""))


def test_a_password_outlives_the_import_at_the_next_start(stopped_broker: Broker) -> None:
    """A second import would take the passwords away: it is skipped while the file is the same."""
    settings = (DEFINITIONS.parent / "rabbitmq.conf").read_text()
    with (stopped_broker.folder / "rabbitmq.conf").open("a") as configuration:
        configuration.write(settings.replace("/etc/rabbitmq/voicebot.json", str(DEFINITIONS)))
    stopped_broker.start()
    stopped_broker.ctl("change_password", USER, "a-password-of-this-test")
    stopped_broker.close()
    stopped_broker.start()
    assert "Success" in stopped_broker.ctl("authenticate_user", USER, "a-password-of-this-test")
