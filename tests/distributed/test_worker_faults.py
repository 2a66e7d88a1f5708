"""What goes wrong around a worker while it works, with a real broker."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator

import aio_pika
import anyio
import pytest

from tests.distributed.asking import open_asker
from tests.distributed.broker import ALARMS, Alarm, Broker
from tests.distributed.working import GoneVoice, HeldVoice, Told, open_pair
from tests.machine import PATIENCE_SECONDS
from voicebot.distributed.messages import Job
from voicebot.distributed.topology import job_queue
from voicebot.speech import AS_CONFIGURED, Audio, Style
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio


@pytest.fixture
def told() -> Iterator[Told]:
    """The log of the worker."""
    log, handler = logging.getLogger("voicebot.distributed"), Told()
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@pytest.mark.parametrize("alarm", ALARMS)
async def test_a_broker_short_of_memory_or_disk_is_told_and_what_waited_for_it_arrives(
    broker: Broker, told: Told, alarm: Alarm
) -> None:
    """A worker that could not answer looked as if it worked for ever."""
    voice = HeldVoice()
    async with open_pair(broker, voice) as (asker, _):
        asked = await asker.ask("Hello.")
        await voice.begun.wait()
        await anyio.to_thread.run_sync(broker.raise_alarm, alarm)
        try:
            voice.go_on.set()
            await told.until("short of memory or disk")
        finally:
            await anyio.to_thread.run_sync(broker.clear_alarm, alarm)
        await told.until("takes messages again")
        assert (await asked.answer()).kinds[-1] == "end"


async def test_a_queue_that_is_deleted_is_declared_again_and_what_is_being_said_goes_on(
    broker: Broker, told: Told
) -> None:
    """The consumer was dead, and the worker waited for jobs for ever."""
    voice = HeldVoice()
    async with open_pair(broker, voice) as (asker, _):
        asked = await asker.ask("Hello.")
        await voice.begun.wait()
        await asker.channel.queue_delete(job_queue(asker.voice_class))
        await told.until("declared again")
        await told.until("taking jobs")
        voice.go_on.set()
        assert (await asked.answer()).kinds[-1] == "end"
        assert (await (await asker.ask("Hello again.")).answer()).kinds[-1] == "end"


async def test_a_worker_whose_engine_is_gone_leaves_the_jobs_to_others_until_it_is_back(
    broker: Broker, told: Told
) -> None:
    """It took job after job, and failed each of them, while other workers had nothing to do."""
    voice = GoneVoice()
    async with open_pair(broker, voice) as (asker, _):
        voice.gone = True
        failure = (await (await asker.ask("first")).answer()).failure
        assert (failure.code, failure.message, failure.retry) == ("engine", "nobody answers", True)
        await told.until("the voice is gone")
        second = await asker.ask("second")
        status = await asker.status()
        assert (status.busy, status.draining) == (0, True)
        queue = await asker.channel.declare_queue(job_queue(asker.voice_class), passive=True)
        assert queue.declaration_result.consumer_count == 0
        voice.gone = False
        assert (await second.answer()).kinds[-1] == "end"
        assert (await asker.status()).failed == 1


async def test_an_unknown_voice_does_not_stop_a_worker_from_taking_jobs(broker: Broker) -> None:
    """An engine that does not know what was asked of it looks like one that is gone."""
    async with open_pair(broker, GoneVoice()) as (asker, _):
        failure = (await (await asker.ask(Job(spoken="Hello.", voice="nobody"))).answer()).failure
        assert failure.code == "engine"
        assert (await (await asker.ask("Hello.")).answer()).kinds[-1] == "end"


async def test_a_bug_of_the_voice_fails_one_text_and_not_the_worker(broker: Broker) -> None:
    class Buggy(ToneSynthesizer):
        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
            async for audio in super().synthesize(text, style):
                yield audio
            raise KeyError(text)

    async with open_pair(broker, Buggy()) as (asker, _):
        for _ in range(2):
            failure = (await (await asker.ask("a secret")).answer()).failure
            assert failure.code == "text"
            assert "KeyError" in failure.message
            assert "secret" not in failure.message


async def test_a_broker_that_dies_in_the_middle_of_a_text_ends_the_work_and_not_the_worker(
    own_broker: Broker, told: Told
) -> None:
    voice = HeldVoice()
    async with open_pair(own_broker, voice) as (asker, _):
        await asker.ask("Hello.")
        await voice.begun.wait()
        await told.until("taking jobs")
        await anyio.to_thread.run_sync(own_broker.kill)
        await voice.ended.wait()
        await anyio.to_thread.run_sync(own_broker.start)
        await told.until("taking jobs")
        voice.go_on.set()
        async with open_asker(own_broker.url, asker.voice_class) as again:
            assert (await (await again.ask("Hello again.")).answer()).kinds[-1] == "end"
    assert voice.said == ["Hello again."]


async def test_a_job_that_a_full_queue_does_not_take_again_is_said_at_once(broker: Broker) -> None:
    """The copy of a job whose worker had died was refused, and the next worker lost its connection over it."""
    voice = HeldVoice()
    async with open_pair(broker, voice) as (asker, _):
        name = job_queue(asker.voice_class)
        running = await asker.ask("running")
        await voice.begun.wait()
        async with await aio_pika.connect(broker.url) as dying:
            unlucky = await asker.ask("unlucky")
            queue = await (await dying.channel()).declare_queue(name, passive=True)
            assert (await queue.get(timeout=PATIENCE_SECONDS)).correlation_id == unlucky.job_id
            another = await asker.ask("another")
            await anyio.to_thread.run_sync(broker.ctl, "set_policy", name, f"^{name}$", '{"max-length": 1}')
        voice.go_on.set()
        await running.answer()
        answer = await unlucky.answer()
        assert {reply.attempt for reply in answer.replies} == {2}
        assert (await another.answer()).kinds[-1] == "end"
        await anyio.to_thread.run_sync(broker.ctl, "clear_policy", name)
    assert voice.said == ["running", "unlucky", "another"]
