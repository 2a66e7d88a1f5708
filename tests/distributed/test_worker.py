"""A worker in the process of the test, a client that does as it is told, and a real broker between them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika
import anyio
import pytest
from anyio.abc import TaskGroup
from pydantic import SecretStr

from tests.distributed.asking import Asker, open_asker
from tests.distributed.broker import Broker
from voicebot.config.models import WorkerConfig
from voicebot.distributed.connection import BrokerAddress
from voicebot.distributed.messages import MAX_PART_BYTES, Job, Piece
from voicebot.distributed.topology import DEAD_QUEUE, job_queue
from voicebot.distributed.worker import run_worker
from voicebot.errors import SynthesisError
from voicebot.protocols import Synthesizer
from voicebot.speech import AS_CONFIGURED, Audio, Style
from voicebot.testing import CostingSynthesizer
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def open_pair(
    broker: Broker, synthesizer: Synthesizer, *, concurrency: int = 1, drain_seconds: float = 15.0
) -> AsyncGenerator[tuple[Asker, anyio.Event, TaskGroup]]:
    """A client, and a worker with a queue of its own that `Event` ends; in the task group it runs in."""
    config = WorkerConfig(
        amqp_url=SecretStr(broker.url),
        voice_class=f"test-{uuid4().hex[:8]}",
        concurrency=concurrency,
        drain_seconds=drain_seconds,
    )
    stop = anyio.Event()
    async with open_asker(broker.url, config.voice_class) as asker, anyio.create_task_group() as tasks:

        async def work() -> None:
            await run_worker(synthesizer, config, BrokerAddress(broker.url), stop=stop, deterministic=True)

        tasks.start_soon(work)
        yield asker, stop, tasks
        stop.set()
        await asker.channel.queue_delete(job_queue(config.voice_class))


class HeldVoice(CostingSynthesizer):
    """A voice that works on a text until it is let go, and tells when it begins and ends."""

    def __init__(self) -> None:
        super().__init__(delay=0.0, rtf=0.0)
        self.begun, self.go_on, self.ended = anyio.Event(), anyio.Event(), anyio.Event()

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        self.begun.set()
        try:
            await self.go_on.wait()
            async for audio in super().synthesize(text, style):
                yield audio
        finally:
            self.ended.set()


async def said(synthesizer: Synthesizer, text: str) -> list[Audio]:
    return [audio async for audio in synthesizer.synthesize(text)]


async def test_a_text_comes_back_as_the_same_audio_in_numbered_parts(broker: Broker) -> None:
    voice = ToneSynthesizer()
    async with open_pair(broker, voice) as (asker, _, _):
        answer = await (await asker.ask("Hello, this is a sentence of some length. こんにちは。")).answer()
        (audio,) = await said(voice, "Hello, this is a sentence of some length. こんにちは。")
        assert answer.pcm == audio.pcm
        assert (answer.start.sample_rate, answer.start.channels) == (24_000, 1)
        assert answer.start.deterministic
        assert answer.end.frames == len(audio.pcm) // 2
        parts = answer.kinds.count("part")
        assert parts > 1
        assert answer.kinds == ["start", *["part"] * parts, "end"]
        assert [reply.headers["seq"] for reply in answer.replies] == list(range(parts + 2))
        assert {reply.headers["attempt"] for reply in answer.replies} == {1}
        assert len({reply.headers["worker"] for reply in answer.replies}) == 1
        assert max(len(reply.body) for reply in answer.replies) <= MAX_PART_BYTES


async def test_each_piece_of_a_streaming_voice_ends_with_what_belongs_to_it(broker: Broker) -> None:
    voice = CostingSynthesizer(delay=0.0, rtf=0.01, seconds=20.0, piece_seconds=10.0)
    async with open_pair(broker, voice) as (asker, _, _):
        answer = await (await asker.ask("long")).answer()
        pieces = [Piece.model_validate_json(str(r.headers["piece"])) for r in answer.replies if "piece" in r.headers]
        assert [piece.work_seconds for piece in pieces] == [pytest.approx(0.1)] * 2
        assert len(answer.pcm) == 2 * 20 * 1000
        assert answer.kinds.count("part") == 4
        assert answer.end.synth_ms == pytest.approx(200)


async def test_a_text_that_cannot_be_said_is_refused_and_the_next_one_is_said(broker: Broker) -> None:
    voice = CostingSynthesizer(delay=0.0, rtf=0.0, fails={"bad": SynthesisError("too bad", hint="say it well")})
    async with open_pair(broker, voice) as (asker, _, _):
        failure = (await (await asker.ask("bad")).answer()).failure
        assert (failure.code, failure.message, failure.hint, failure.retry) == ("text", "too bad", "say it well", False)
        assert (await (await asker.ask("good")).answer()).kinds[-1] == "end"
        status = await asker.status()
        assert (status.done, status.failed, status.busy) == (1, 1, 0)


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b"{}", b'{"spoken": ""}', b'{"spoken": " \\n "}', b'{"spoken": "\\ud800"}']
)
async def test_what_is_no_job_is_refused_with_a_reason(broker: Broker, body: bytes) -> None:
    async with open_pair(broker, ToneSynthesizer()) as (asker, _, _):
        failure = (await (await asker.ask(body)).answer()).failure
        assert failure.code == "text"
        assert failure.message


async def test_another_major_version_is_refused_and_a_newer_minor_one_understood(broker: Broker) -> None:
    async with open_pair(broker, ToneSynthesizer()) as (asker, _, _):
        failure = (await (await asker.ask(Job(v=2, spoken="Hello."))).answer()).failure
        assert failure.code == "version"
        assert "2.0" in failure.message
        assert not failure.retry
        newer = await (await asker.ask(b'{"v": 1, "minor": 7, "spoken": "Hello.", "feeling": "glad"}')).answer()
        assert newer.kinds[-1] == "end"


async def test_what_is_being_said_stops_at_a_cancellation_and_what_waits_is_never_begun(broker: Broker) -> None:
    voice = HeldVoice()
    async with open_pair(broker, voice) as (asker, _, _):
        first, second = await asker.ask("first"), await asker.ask("second")
        await voice.begun.wait()
        await asker.cancel(first, second)
        await voice.ended.wait()
        third = await asker.ask("third")
        voice.go_on.set()
        assert (await third.answer()).kinds[-1] == "end"
        assert voice.said == ["third"]
        assert (await asker.status()).cancelled == 2


async def test_the_work_stops_when_nobody_takes_its_replies(broker: Broker) -> None:
    """A worker went on to synthesize for a client that had gone."""
    voice = CostingSynthesizer(delay=0.0, rtf=1.0, seconds=1000.0, piece_seconds=0.05)
    async with open_pair(broker, voice, drain_seconds=0) as (asker, _, _):
        async with open_asker(broker.url, asker.voice_class) as other:
            assert (await (await other.ask("a very long text")).reply()).type == "start"
        while (await asker.status()).cancelled != 1:  # each answer comes from the worker
            pass
        assert not voice.said
        assert (await (await asker.ask("again")).reply()).type == "start", "it goes on with others"


async def test_a_client_that_goes_takes_none_of_the_other_jobs_with_it(broker: Broker) -> None:
    """A reply that came back after its job was given up closed the channel, and all other jobs failed with it."""
    async with open_pair(broker, ToneSynthesizer(), concurrency=4) as (asker, _, _):
        for _ in range(10):
            async with open_asker(broker.url, asker.voice_class) as other:
                for _ in range(3):
                    await other.ask("A text of some length, which becomes several parts, all at once.")
            assert (await (await asker.ask("mine")).answer()).kinds[-1] == "end"


async def test_a_worker_that_ends_finishes_what_it_has_begun_and_takes_nothing_more(broker: Broker) -> None:
    voice = HeldVoice()
    async with open_pair(broker, voice) as (asker, stop, _):
        first, second = await asker.ask("first"), await asker.ask("second")
        await voice.begun.wait()
        stop.set()
        assert (await asker.status()).draining
        voice.go_on.set()
        assert (await first.answer()).kinds[-1] == "end"
        queue = await asker.channel.declare_queue(job_queue(asker.voice_class), passive=True)
        message = await queue.get(timeout=10)
        assert message.correlation_id == second.job_id
        assert not message.redelivered, "nobody died of it"
        await message.ack()
        assert voice.said == ["first"]


async def test_what_a_worker_that_ends_cannot_finish_goes_to_another_as_the_next_attempt(broker: Broker) -> None:
    voice = HeldVoice()
    async with open_pair(broker, voice, drain_seconds=0.1) as (asker, stop, _):
        asked = await asker.ask("long")
        await voice.begun.wait()
        stop.set()
        queue = await asker.channel.declare_queue(job_queue(asker.voice_class), passive=True)
        message: aio_pika.abc.AbstractIncomingMessage | None = None
        with anyio.fail_after(10):
            while message is None:
                message = await queue.get(fail=False)
        assert message.correlation_id == asked.job_id
        assert message.headers["attempt"] == 2
        assert not message.redelivered
        await message.ack()


async def test_a_text_that_workers_die_of_is_put_aside_after_three_attempts(broker: Broker) -> None:
    async with open_pair(broker, ToneSynthesizer()) as (asker, _, _):
        asked = await asker.ask("poison", headers={"attempt": 4})
        failure = (await asked.answer()).failure
        assert (failure.code, failure.retry) == ("poison", False)
        dead = await asker.channel.declare_queue(DEAD_QUEUE, passive=True)
        message = await dead.get(timeout=10)
        assert message.correlation_id == asked.job_id
        assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
        await message.ack()


async def test_a_copy_that_comes_too_late_is_not_said(broker: Broker) -> None:
    """The broker lets a job expire; for a copy its clock begins anew."""
    async with open_pair(broker, ToneSynthesizer()) as (asker, _, _):
        job = Job(spoken="late", deadline_ms=1000)
        failure = (await (await asker.ask(job, headers={"attempt": 2, "sent_ms": 1_700_000_000_000})).answer()).failure
        assert failure.code == "expired"
        first = await (await asker.ask(job, headers={"sent_ms": 1_700_000_000_000})).answer()
        assert first.kinds[-1] == "end", "two machines' clocks differ"
