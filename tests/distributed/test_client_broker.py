"""A broker that goes, hangs, raises its alarm, or loses what was declared."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest
from pydantic import SecretStr

from tests.distributed.broker import ALARMS, Alarm, Broker
from tests.distributed.listening import Listener, be_impatient, configured, open_both, open_worker
from tests.distributed.scripted_worker import FORMAT, PIECES, open_scripted_worker
from tests.distributed.wire_fault import open_wire
from tests.machine import PATIENCE_SECONDS
from voicebot.distributed.client import open_client, open_rabbitmq
from voicebot.distributed.connection import BrokerUnavailable
from voicebot.distributed.topology import job_queue
from voicebot.errors import VoiceUnavailable
from voicebot.protocols import synthesize_within
from voicebot.speech import AS_CONFIGURED, Audio, Capabilities, Style
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio


async def test_a_queue_of_jobs_that_was_deleted_is_declared_again(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        first = Listener(client, tasks)
        await (await worker.take()).answer()
        await first.ends()
        await worker.channel.queue_delete(job_queue(worker.voice_class))
        second = Listener(client, tasks)  # which is published into nothing
        async with open_scripted_worker(broker.url, worker.voice_class) as other:
            await (await other.take()).answer()
            assert await second.ends() == PIECES


async def test_a_text_for_nobody_is_not_left_to_who_comes_later(broker: Broker) -> None:
    """Each text of a turn that knocked again and again was said to nobody once a worker came."""
    config = configured(broker)
    async with open_client(config) as client, anyio.create_task_group() as tasks:
        for _ in range(3):
            with pytest.raises(VoiceUnavailable):
                await anext(client.synthesize("an old text"))
        async with open_scripted_worker(broker.url, config.voice_class) as worker:
            listener = Listener(client, tasks)
            taken = await worker.take()
            assert taken.job.spoken == "Some text."
            await taken.answer()
            await listener.ends()


async def test_a_queue_of_replies_that_was_deleted_is_made_anew(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        listener = Listener(client, tasks)
        taken = await worker.take()
        await taken.start()
        await taken.say(PIECES[0])
        await listener.hears(1)
        assert taken.message.reply_to
        await anyio.to_thread.run_sync(broker.delete_queue, taken.message.reply_to)
        await taken.message.ack()
        again = await worker.take()
        while again.message.reply_to == taken.message.reply_to:  # to delete a queue takes a while, without a word
            await again.message.ack()
            again = await worker.take()
        await again.answer()
        assert await listener.ends() == PIECES


class HeldVoice:
    """A voice that says one more piece each time it is let, and always the same pieces."""

    name = identity = "held"
    credit = ""
    format = FORMAT
    capabilities = Capabilities(streams=True)

    def __init__(self) -> None:
        self.more = anyio.Semaphore(0)

    async def synthesize(
        self,
        text: str,  # noqa: ARG002 - it says the same whatever it is told
        style: Style = AS_CONFIGURED,  # noqa: ARG002 - the protocol has it
    ) -> AsyncGenerator[Audio, None]:
        for number, piece in enumerate(PIECES):
            if number:
                await self.more.acquire()
            yield piece


async def test_a_virtual_host_that_is_not_there_is_told_in_words(broker: Broker) -> None:
    """The library's own words were shown: "Expected one of ['Connection.OpenOk'], got <Connection.Close object"."""
    with pytest.raises(BrokerUnavailable, match="no such virtual host"):
        async with open_client(configured(broker, f"{broker.url}nobody-has-made-it")):
            pass


async def test_a_broker_that_is_down_at_the_start_is_told_at_once(stopped_broker: Broker) -> None:
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1") as told:
        async with open_client(configured(stopped_broker)):
            pass
    assert "RabbitMQ" in told.value.hint
    assert told.value.message.endswith(": Connection refused")  # it was "Connect call failed ('127.0.0.1', 24796)"
    assert stopped_broker.password not in told.value.in_one_line


async def test_a_wrong_password_is_told_at_once(broker: Broker) -> None:
    url = broker.url.replace(broker.password, "secret-of-somebody")
    with pytest.raises(BrokerUnavailable, match="password") as told:
        async with open_client(configured(broker, url)):
            pass
    assert "secret-of-somebody" not in told.value.in_one_line


async def test_a_broker_with_tls_is_spoken_to_only_where_its_authority_is_trusted(broker: Broker) -> None:
    trusting = configured(broker, broker.tls_url, amqp_ca_file=str(broker.ca_file))
    async with (
        open_scripted_worker(broker.url, trusting.voice_class) as worker,
        open_client(trusting) as client,
        anyio.create_task_group() as tasks,
    ):
        listener = Listener(client, tasks)
        await (await worker.take()).answer()
        assert await listener.ends() == PIECES
    with pytest.raises(BrokerUnavailable, match="certificate"):
        async with open_client(configured(broker, broker.tls_url)):
            pass


async def test_a_broker_that_is_down_at_the_start_is_found_once_it_is_there(stopped_broker: Broker) -> None:
    """With a voice of this machine beside it, nothing waits for the broker."""
    config = configured(stopped_broker)
    async with open_rabbitmq(config, ToneSynthesizer()) as voice:
        pieces = [piece async for piece in voice.synthesize("text")]
        assert [len(piece.pcm) > 0 for piece in pieces] == [True]
        await anyio.to_thread.run_sync(stopped_broker.start)
        async with open_scripted_worker(stopped_broker.url, config.voice_class):
            while not voice.credit:
                [_ async for _ in synthesize_within(voice, "text", AS_CONFIGURED, 0.0)]


async def test_a_broker_that_is_killed_in_the_middle_of_a_text_and_comes_back(own_broker: Broker) -> None:
    """The queue for replies has gone with it, and the job too."""
    config, voice = configured(own_broker), HeldVoice()
    async with (
        open_worker(own_broker, config, voice),
        open_client(config, broker_back_seconds=60) as client,
        anyio.create_task_group() as tasks,
    ):
        client._switchboard._ask.set()  # once more, and not in half a minute: the worker may not take jobs yet
        while not client.workers:
            await client._switchboard._changed.wait()
        listener = Listener(client, tasks)
        await listener.hears(1)
        own_broker.kill()
        await anyio.to_thread.run_sync(own_broker.start)
        for _ in range(3 * len(PIECES)):
            voice.more.release()
        assert await listener.ends() == PIECES
        again = Listener(client, tasks)
        assert await again.ends() == PIECES


async def test_a_broker_that_does_not_come_back_is_told(own_broker: Broker) -> None:
    async with (
        open_both(own_broker, broker_back_seconds=1) as (client, worker),
        anyio.create_task_group() as tasks,
    ):
        listener = Listener(client, tasks)
        taken = await worker.take()
        await taken.start()
        await taken.say(PIECES[0])
        await listener.hears(1)
        own_broker.kill()
        with pytest.raises(BrokerUnavailable, match="no broker answers"):
            await listener.ends()
        assert listener.heard == PIECES[:1]


async def test_a_connection_that_is_cut_is_made_anew(broker: Broker) -> None:
    config = configured(broker)
    async with open_wire(broker.url) as wire, open_scripted_worker(broker.url, config.voice_class) as worker:
        away = config.model_copy(update={"amqp_url": SecretStr(wire.url)})
        async with open_client(away) as client, anyio.create_task_group() as tasks:
            listener = Listener(client, tasks)
            taken = await worker.take()
            await taken.start()
            await taken.say(PIECES[0])
            await listener.hears(1)
            wire.cut()
            await taken.message.ack()
            again = await worker.take()
            assert again.message.reply_to != taken.message.reply_to
            assert again.attempt == 1  # the worker has done nothing wrong
            await again.answer()
            assert await listener.ends() == PIECES


async def test_texts_that_were_being_sent_over_a_silent_connection_are_sent_again(broker: Broker) -> None:
    config = configured(broker)
    async with open_wire(broker.url) as wire, open_scripted_worker(broker.url, config.voice_class) as worker:
        away = config.model_copy(update={"amqp_url": SecretStr(wire.url)})
        async with open_client(away) as client, anyio.create_task_group() as tasks:
            link = client._switchboard._link
            assert link
            wire.freeze()
            listeners = [Listener(client, tasks)]
            await anyio.sleep(0.7)  # the first gives up while the others wait
            listeners += [Listener(client, tasks) for _ in range(20)]
            await link.lost.wait()
            wire.cut()
            wire.thaw()
            for _ in listeners:
                await (await worker.take()).answer()
            for listener in listeners:
                assert await listener.ends() == PIECES


async def test_a_connection_that_falls_silent_is_given_up_before_its_heartbeat_is(broker: Broker) -> None:
    """Packets were dropped without a sign; the job's own silence is noticed first."""
    config = configured(broker)
    async with open_wire(broker.url) as wire, open_scripted_worker(broker.url, config.voice_class) as worker:
        away = config.model_copy(update={"amqp_url": SecretStr(wire.url)})
        async with open_client(away) as client, anyio.create_task_group() as tasks:
            be_impatient(client)
            listener = Listener(client, tasks)
            taken = await worker.take()
            await taken.start()
            await taken.say(PIECES[0])
            await listener.hears(1)
            link = client._switchboard._link
            assert link
            wire.freeze()
            with anyio.fail_after(20):
                await link.lost.wait()
            wire.thaw()
            await taken.message.ack()
            await (await worker.take()).answer()
            assert await listener.ends() == PIECES


@pytest.mark.parametrize("alarm", ALARMS)
async def test_an_alarm_of_the_broker_is_named(own_broker: Broker, alarm: Alarm) -> None:
    """Publishing just waited."""
    async with open_both(own_broker) as (client, worker), anyio.create_task_group() as tasks:
        await anyio.to_thread.run_sync(own_broker.raise_alarm, alarm)
        for _ in range(2):
            with anyio.fail_after(PATIENCE_SECONDS), pytest.raises(VoiceUnavailable, match="alarm"):
                await anext(client.synthesize("text"))
        await anyio.to_thread.run_sync(own_broker.clear_alarm, alarm)
        listener = Listener(client, tasks)
        while (taken := await worker.take()).job.spoken != "Some text.":
            await taken.message.ack()  # of before
        await taken.answer()
        assert await listener.ends() == PIECES


async def test_workers_are_told_of_an_interruption_also_after_an_alarm(broker: Broker) -> None:
    """What met the alarm was never told, and nothing after it: workers went on for nobody, up to a new connection."""
    async with (
        open_both(broker) as (client, worker),
        open_scripted_worker(broker.url, worker.voice_class) as other,
    ):
        try:
            async with anyio.create_task_group() as later:
                Listener(client, later)
                async with anyio.create_task_group() as sooner:
                    Listener(client, sooner)
                    taken = {(await one.take()).job_id for one in (worker, other)}
                    await anyio.to_thread.run_sync(broker.raise_alarm, "disk")
                    sooner.cancel_scope.cancel()
                for _ in range(2):  # the first one meets the alarm, the second one knows of it
                    with pytest.raises(VoiceUnavailable, match="alarm"):
                        await anext(client.synthesize("text"))
                later.cancel_scope.cancel()
            with pytest.raises(VoiceUnavailable, match="alarm"):
                await anext(client.synthesize("text"))
        finally:
            await anyio.to_thread.run_sync(broker.clear_alarm, "disk")
        with anyio.fail_after(PATIENCE_SECONDS):
            while taken:
                taken.discard(await worker.cancelled.get())
