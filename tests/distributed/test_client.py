"""The client with a real broker, and a worker that answers what the test tells it."""

from __future__ import annotations

import math

import aio_pika
import anyio
import pytest

from tests.distributed.broker import Broker
from tests.distributed.listening import Listener, configured, open_both
from tests.distributed.scripted_worker import FORMAT, PIECES, open_scripted_worker
from tests.machine import PATIENCE_SECONDS
from voicebot.config.models import Config, TtsRabbitmq
from voicebot.distributed.client import BROKER_BACK_SECONDS, list_voices, open_client
from voicebot.distributed.messages import End
from voicebot.doctor.checkup import State
from voicebot.doctor.voice import check_phonemes
from voicebot.errors import VoiceUnavailable
from voicebot.pacing import LEAST_PATIENCE_SECONDS
from voicebot.speech import Style

pytestmark = pytest.mark.anyio


async def test_a_text_is_what_the_worker_says(broker: Broker) -> None:
    config = configured(broker, voice="a voice", speed=2.0)
    async with open_both(broker, config) as (client, worker), anyio.create_task_group() as tasks:
        assert (client.credit, client.format) == ("by hand", FORMAT)
        assert (client.capabilities.parallel, client.capabilities.ahead) == (2, 3)
        assert client.capabilities.reads == ("en",)
        assert client.identity == f"rabbitmq {config.voice_class} script a voice"
        listener = Listener(client, tasks)
        taken = await worker.take()
        assert (taken.job.spoken, taken.job.voice, taken.job.rate) == ("Some text.", "a voice", 2.0)
        await taken.answer()
        assert await listener.ends() == PIECES
    assert await list_voices_of(broker, config) == [{"name": "script", "languages": [], "workers": 1}]


async def test_the_voice_of_all_workers_is_listed_once_with_how_many_they_are(broker: Broker) -> None:
    """The first answer was all that was waited for, and two workers were counted as one."""
    config = configured(broker)
    async with (
        open_scripted_worker(broker.url, config.voice_class),
        open_scripted_worker(broker.url, config.voice_class) as other,
    ):
        other.tells_after_seconds = 0.1
        assert await list_voices(config) == [{"name": "script", "languages": [], "workers": 2}]


async def test_doctor_misses_no_language_that_workers_do_not_tell_of(broker: Broker) -> None:
    """A worker that says nothing of its languages was taken for one that speaks none."""
    config = configured(broker)
    async with open_scripted_worker(broker.url, config.voice_class):
        found = await check_phonemes(Config(tts=config), seconds=5)
    assert found.state is State.OK


async def list_voices_of(broker: Broker, config: TtsRabbitmq) -> list[dict[str, object]]:
    async with open_scripted_worker(broker.url, config.voice_class):
        return await list_voices(config)


async def test_the_style_of_a_text_goes_to_the_worker(broker: Broker) -> None:
    async with open_both(broker, configured(broker, speed=2.0)) as (client, worker), anyio.create_task_group() as tasks:
        pieces = client.synthesize("text", Style(voice="other", speed=1.5))
        tasks.start_soon(anext, pieces, None)
        taken = await worker.take()
        assert (taken.job.voice, taken.job.rate) == ("other", 3.0)
        tasks.cancel_scope.cancel()


async def test_a_piece_is_heard_before_the_next_is_made(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        listener = Listener(client, tasks)
        taken = await worker.take()
        await taken.start()
        for number, piece in enumerate(PIECES, start=1):
            await taken.say(piece)
            await listener.hears(number)
        await taken.end()
        assert await listener.ends() == PIECES


async def test_without_any_worker_there_is_an_error_and_no_silence(broker: Broker) -> None:
    config = configured(broker)
    async with open_client(config) as client:
        with anyio.fail_after(2), pytest.raises(VoiceUnavailable, match=config.voice_class) as told:
            await anext(client.synthesize("text", within_seconds=0.0))
    assert "voicebot worker" in told.value.hint
    with pytest.raises(VoiceUnavailable, match=config.voice_class):
        await list_voices(config)


@pytest.mark.parametrize(("within_seconds", "priority", "useful"), [(0.0, 2, 30), (2.0, 1, 32), (math.inf, 0, 600)])
async def test_a_job_says_how_urgent_it_is_and_falls_when_it_is_useless(
    broker: Broker, within_seconds: float, priority: int, useful: int
) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        listener = Listener(client, tasks, within_seconds=within_seconds)
        taken = await worker.take()
        assert (taken.message.priority, taken.message.expiration) == (priority, useful)
        assert taken.job.deadline_ms == useful * 1000
        assert taken.message.delivery_mode == aio_pika.DeliveryMode.NOT_PERSISTENT
        await taken.answer()
        await listener.ends()


async def test_a_new_listener_is_served_before_a_backlog(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        first = Listener(client, tasks)
        running = await worker.take()
        backlog = [Listener(client, tasks, within_seconds=20.0) for _ in range(5)]
        await anyio.wait_all_tasks_blocked()
        urgent = Listener(client, tasks, within_seconds=0.0)
        await anyio.sleep(0.1)  # the broker has them all
        await running.answer()
        await first.ends()
        taken = await worker.take()
        assert taken.message.priority == 2
        await taken.answer()
        await urgent.ends()
        for _ in backlog:
            await (await worker.take()).answer()
        for listener in backlog:
            assert await listener.ends() == PIECES


async def test_who_does_not_listen_any_more_is_not_waited_for(broker: Broker) -> None:
    """Barge-in: the worker is told, and the caller does not wait for that."""
    async with open_both(broker) as (client, worker):
        async with anyio.create_task_group() as tasks:
            Listener(client, tasks)
            taken = await worker.take()
            tasks.cancel_scope.cancel()
        await worker.is_cancelled(taken)
        await taken.message.ack()

        pieces = client.synthesize("text")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anext, pieces)
            taken = await worker.take()
            await taken.start()
            await taken.say(PIECES[0])
        await pieces.aclose()
        await worker.is_cancelled(taken)


async def test_what_is_heard_to_the_end_is_not_cancelled(broker: Broker) -> None:
    async with open_both(broker) as (client, worker):
        for told in (False, True):
            async with anyio.create_task_group() as tasks:
                listener = Listener(client, tasks)
                taken = await worker.take()
                if not told:
                    await taken.answer()
                    await listener.ends()
                tasks.cancel_scope.cancel()
        with anyio.fail_after(PATIENCE_SECONDS):
            assert await worker.cancelled.get() == taken.job_id


async def test_a_client_that_ends_says_what_it_does_not_want(broker: Broker) -> None:
    config = configured(broker)
    async with open_scripted_worker(broker.url, config.voice_class) as worker:
        async with open_client(config) as client, anyio.create_task_group() as tasks:
            Listener(client, tasks)
            taken = await worker.take()
            tasks.cancel_scope.cancel()
        await worker.is_cancelled(taken)


async def test_a_text_without_any_sound_is_said(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        listener = Listener(client, tasks)
        taken = await worker.take()
        await taken.start()
        await taken.send("end", End(frames=0))
        await taken.message.ack()
        assert await listener.ends() == []


async def test_a_worker_that_comes_later_is_noticed(broker: Broker) -> None:
    config = configured(broker)
    async with open_client(config) as client, anyio.create_task_group() as tasks:
        assert client.workers == []
        async with open_scripted_worker(broker.url, config.voice_class) as worker:
            listener = Listener(client, tasks)
            await (await worker.take()).answer()
            await listener.ends()
            with anyio.fail_after(PATIENCE_SECONDS):
                while not client.workers:
                    await client._switchboard._changed.wait()
            assert client.credit == "by hand"


def test_a_broker_that_does_not_come_back_is_named_before_the_voice_seems_to_hang() -> None:
    """The listener was told to restart the engine, although it was the broker that had gone."""
    assert BROKER_BACK_SECONDS < LEAST_PATIENCE_SECONDS
