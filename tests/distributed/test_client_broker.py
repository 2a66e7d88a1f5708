"""A broker that goes, hangs, raises its alarm, or loses what was declared."""

from __future__ import annotations

import anyio
import pytest

from tests.distributed.broker import Broker
from tests.distributed.listening import Listener, configured, open_both
from tests.distributed.scripted_worker import PIECES, open_scripted_worker
from voicebot.distributed.client import open_client
from voicebot.distributed.topology import job_queue
from voicebot.errors import VoiceUnavailable

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
        assert again.message.reply_to != taken.message.reply_to
        await again.answer()
        assert await listener.ends() == PIECES
