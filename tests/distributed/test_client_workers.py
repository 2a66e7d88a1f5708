"""Workers that hang, fail, die, or talk nonsense: nothing is heard twice, nothing is missing, or it is said why."""

from __future__ import annotations

from uuid import uuid4

import aio_pika
import anyio
import pytest

from tests.distributed.broker import Broker
from tests.distributed.listening import Listener, be_impatient, first_to_take, open_both
from tests.distributed.scripted_worker import PIECES, open_scripted_worker
from voicebot.distributed.messages import Failure, Start
from voicebot.errors import SynthesisError, VoiceUnavailable

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("failure", "error", "says"),
    [
        (Failure(code="text", message="no \x1b[31mvowels"), SynthesisError, "vowels"),
        (Failure(code="poison"), SynthesisError, "died"),
        (Failure(code="expired"), SynthesisError, "time"),
        (Failure(code="version", message="this worker understands version 2"), VoiceUnavailable, "version 2"),
        (Failure(code="engine", message="it has gone"), VoiceUnavailable, "gone"),
    ],
)
async def test_a_failure_is_told_in_its_own_words(
    broker: Broker, failure: Failure, error: type[SynthesisError], says: str
) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        listener = Listener(client, tasks)
        await (await worker.take()).fail(failure)
        with pytest.raises(error, match=says) as told:
            await listener.ends()
        assert type(told.value) is error
        assert "\x1b" not in told.value.in_one_line


async def test_a_failure_that_another_worker_may_not_have_is_asked_again(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        failure = Failure(code="engine", message="it has gone", retry=True)
        listener = Listener(client, tasks)
        await (await worker.take()).fail(failure)
        taken = await worker.take()
        assert taken.attempt == 2
        await taken.answer()
        assert await listener.ends() == PIECES

        listener = Listener(client, tasks)
        for attempt in (1, 2, 3):
            taken = await worker.take()
            assert taken.attempt == attempt
            await taken.fail(failure)
        with pytest.raises(VoiceUnavailable, match="gone"):
            await listener.ends()


async def test_a_worker_that_hangs_is_given_up_and_another_goes_on(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        be_impatient(client)
        async with open_scripted_worker(broker.url, worker.voice_class) as other:
            listener = Listener(client, tasks)
            hung, taken = await first_to_take(worker, other)
            free = other if hung is worker else worker
            await taken.start()
            await taken.say(PIECES[0])
            await listener.hears(1)
            again = await free.take()
            assert again.attempt == 2
            assert again.job_id != taken.job_id
            await hung.is_cancelled(taken)
            await taken.say(*PIECES[1:])  # too late
            await taken.end()
            await again.answer()
            assert await listener.ends() == PIECES


async def test_a_worker_that_never_begins_is_given_up(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        be_impatient(client)
        listener = Listener(client, tasks)
        for attempt in (1, 2, 3):
            taken = await worker.take()
            assert taken.attempt == attempt
            await worker.is_cancelled(taken)
            await taken.message.ack()
        with pytest.raises(SynthesisError, match="nothing more"):
            await listener.ends()


async def test_a_backlog_does_not_mean_that_a_worker_hangs(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        busy = Listener(client, tasks)
        taken = await worker.take()
        be_impatient(client)
        waiting = [Listener(client, tasks) for _ in range(2)]
        with anyio.move_on_after(3):  # longer than a worker may say nothing
            await waiting[0].over.wait()
        assert not any(listener.over.is_set() for listener in waiting)
        del busy
        tasks.cancel_scope.cancel()
    assert taken.attempt == 1


async def test_a_gap_in_an_answer_is_asked_for_again(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        listener = Listener(client, tasks)
        taken = await worker.take()
        await taken.start()
        await taken.say(PIECES[0])
        await taken.send("part", PIECES[2].pcm, skip=1)
        await worker.is_cancelled(taken)
        await taken.message.ack()
        await (await worker.take()).answer()
        assert await listener.ends() == PIECES


async def test_an_engine_that_says_it_otherwise_each_time_is_not_asked_in_the_middle(broker: Broker) -> None:
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        listener = Listener(client, tasks)
        taken = await worker.take()
        await taken.start(deterministic=False)
        await taken.say(PIECES[0])
        await listener.hears(1)
        await taken.send("part", PIECES[2].pcm, skip=1)
        with pytest.raises(SynthesisError, match="gaps"):
            await listener.ends()
        assert listener.heard == PIECES[:1]


async def test_what_nobody_asked_for_changes_nothing(broker: Broker) -> None:
    """Replies to a job that is over or never was, of another kind, or without sense."""
    async with open_both(broker) as (client, worker), anyio.create_task_group() as tasks:
        over = Listener(client, tasks)
        first = await worker.take()
        await first.answer()
        await over.ends()
        listener = Listener(client, tasks)
        taken = await worker.take()
        await first.send("start", Start(sample_rate=8000))
        await first.send("part", b"late")
        await taken.send("start", Start(sample_rate=8000), job_id=uuid4().hex)
        taken.seq = 0
        for message in (
            aio_pika.Message(b""),
            aio_pika.Message(b"\xff" * 100_000, type="start", correlation_id=taken.job_id),
            aio_pika.Message(b"", type="part", correlation_id=taken.job_id, headers={"seq": "x", "attempt": 1}),
            aio_pika.Message(b"{", type="status", correlation_id=taken.job_id),
            aio_pika.Message(b"", type="nonsense", correlation_id=taken.job_id),
            aio_pika.Message(b"", type="part", correlation_id=taken.job_id, headers={"piece": [1], "worker": None}),
        ):
            await taken.send_raw(message)
        await taken.answer()
        assert await listener.ends() == PIECES
