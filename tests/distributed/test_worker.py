"""A worker in the process of the test, a scripted client, and a real broker between them."""

from __future__ import annotations

import aio_pika
import anyio
import pytest

from tests.distributed.asking import open_asker
from tests.distributed.broker import Broker
from tests.distributed.working import HeldRest, HeldVoice, open_pair
from tests.machine import PATIENCE_SECONDS
from voicebot.distributed.messages import MAX_PART_BYTES, Job
from voicebot.distributed.topology import LATER, SOON, URGENT, job_queue
from voicebot.errors import SynthesisError
from voicebot.protocols import Synthesizer
from voicebot.speech import Audio
from voicebot.testing import CostingSynthesizer
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio


async def said(synthesizer: Synthesizer, text: str) -> list[Audio]:
    return [audio async for audio in synthesizer.synthesize(text)]


async def test_a_text_comes_back_as_the_same_audio_in_numbered_parts(broker: Broker) -> None:
    voice = ToneSynthesizer()
    async with open_pair(broker, voice) as (asker, _):
        text = "Hello, this is a sentence of some length. こんにちは。" * 4
        answer = await (await asker.ask(text)).answer()
        (audio,) = await said(voice, text)
        assert answer.pcm == audio.pcm
        assert (answer.start.sample_rate, answer.start.channels) == (24_000, 1)
        assert answer.start.deterministic
        assert answer.end.frames == len(audio.pcm) // 2
        parts = answer.kinds.count("part")
        assert parts > 1
        assert answer.kinds == ["start", *["part"] * parts, "end"]
        assert [reply.seq for reply in answer.replies] == list(range(parts + 2))
        assert {reply.attempt for reply in answer.replies} == {1}
        assert len({reply.worker for reply in answer.replies}) == 1
        assert max(len(reply.body) for reply in answer.replies) <= MAX_PART_BYTES


async def test_each_piece_of_a_streaming_voice_ends_with_what_belongs_to_it(broker: Broker) -> None:
    voice = CostingSynthesizer(delay=0.0, rtf=1 / 3000, seconds=600.0, piece_seconds=300.0)
    async with open_pair(broker, voice) as (asker, _):
        answer = await (await asker.ask("long")).answer()
        pieces = [reply.piece for reply in answer.replies if reply.piece is not None]
        assert [piece.work_seconds for piece in pieces] == [pytest.approx(0.1)] * 2
        assert len(answer.pcm) == 2 * 600 * 1000
        assert answer.kinds.count("part") == 4
        assert answer.end.synth_ms == pytest.approx(200)


async def test_a_whole_text_of_a_voice_that_does_not_stream_is_one_message(broker: Broker) -> None:
    """Each of six messages was to be made, routed, confirmed and read before a sentence could be heard."""
    async with open_pair(broker, ToneSynthesizer()) as (asker, _):
        asked = await asker.ask("Hello.")
        assert (await asked.message()).headers.keys() >= {"start", "piece", "end"}
        assert asked.messages.empty()


async def test_the_first_piece_of_a_streaming_voice_is_not_held_until_there_is_another(broker: Broker) -> None:
    voice = HeldRest()
    async with open_pair(broker, voice) as (asker, _):
        asked = await asker.ask("Hello.")
        assert [(await asked.reply()).type for _ in range(2)] == ["start", "part"]
        voice.go_on.set()
        assert (await asked.answer()).kinds == ["part", "end"]


async def test_a_client_of_the_minor_version_before_gets_each_reply_in_a_message_of_its_own(broker: Broker) -> None:
    async with open_pair(broker, ToneSynthesizer()) as (asker, _):
        asked = await asker.ask(Job(minor=0, spoken="Hello."))
        messages = [await asked.message() for _ in range(3)]
        assert [message.type for message in messages] == ["start", "part", "end"]
        assert [message.headers["seq"] for message in messages] == [0, 1, 2]
        assert not {"start", "end"} & messages[1].headers.keys()


async def test_a_text_that_cannot_be_said_is_refused_and_the_next_one_is_said(broker: Broker) -> None:
    voice = CostingSynthesizer(delay=0.0, rtf=0.0, fails={"bad": SynthesisError("too bad", hint="say it well")})
    async with open_pair(broker, voice) as (asker, _):
        failure = (await (await asker.ask("bad")).answer()).failure
        assert (failure.code, failure.message, failure.hint, failure.retry) == ("text", "too bad", "say it well", False)
        assert (await (await asker.ask("good")).answer()).kinds[-1] == "end"
        status = await asker.status()
        assert (status.done, status.failed, status.busy) == (1, 1, 0)


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b"{}", b'{"spoken": ""}', b'{"spoken": " \\n "}', b'{"spoken": "\\ud800"}']
)
async def test_what_is_not_a_job_is_refused_with_a_reason(broker: Broker, body: bytes) -> None:
    async with open_pair(broker, ToneSynthesizer()) as (asker, _):
        failure = (await (await asker.ask(body)).answer()).failure
        assert failure.code == "text"
        assert failure.message


async def test_a_job_that_is_much_too_long_is_not_even_read(broker: Broker) -> None:
    async with open_pair(broker, ToneSynthesizer()) as (asker, _):
        failure = (await (await asker.ask(b" " * 600_000 + b'{"spoken": "Hello."}')).answer()).failure
        assert failure.code == "text"


async def test_what_an_urgent_listener_needs_overtakes_what_waits(broker: Broker) -> None:
    """In a queue without priorities a new listener waited until everybody's last sentence was said."""
    voice = HeldVoice()
    async with open_pair(broker, voice) as (asker, _):
        running = await asker.ask("running")
        await voice.begun.wait()
        waiting = [await asker.ask(f"later {i}", priority=LATER) for i in range(5)]
        soon = await asker.ask("soon", priority=SOON)
        urgent = await asker.ask("urgent", priority=URGENT)
        voice.go_on.set()
        for asked in (running, soon, urgent, *waiting):
            await asked.answer()
    assert voice.said == ["running", "urgent", "soon", *(f"later {i}" for i in range(5))]


async def test_another_major_version_is_refused_and_a_newer_minor_one_understood(broker: Broker) -> None:
    async with open_pair(broker, ToneSynthesizer()) as (asker, _):
        failure = (await (await asker.ask(Job(v=2, minor=0, spoken="Hello."))).answer()).failure
        assert failure.code == "version"
        assert "2.0" in failure.message
        assert not failure.retry
        newer = await (await asker.ask(b'{"v": 1, "minor": 7, "spoken": "Hello.", "feeling": "glad"}')).answer()
        assert newer.kinds[-1] == "end"


async def test_what_is_being_said_stops_at_a_cancellation_and_what_waits_is_never_begun(broker: Broker) -> None:
    voice = HeldVoice()
    async with open_pair(broker, voice) as (asker, _):
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
    async with open_pair(broker, voice, drain_seconds=0) as (asker, _):
        async with open_asker(broker.url, asker.voice_class) as other:
            assert (await (await other.ask("a very long text")).reply()).type == "start"
        while (await asker.status()).cancelled != 1:  # each answer comes from the worker
            pass
        assert not voice.said
        assert (await (await asker.ask("again")).reply()).type == "start", "it goes on with others"


async def test_a_client_that_goes_takes_none_of_the_other_jobs_with_it(broker: Broker) -> None:
    """A reply that came back after its job was given up closed the channel, and all other jobs failed with it."""
    async with open_pair(broker, ToneSynthesizer(), concurrency=4) as (asker, _):
        for _ in range(10):
            async with open_asker(broker.url, asker.voice_class) as other:
                for _ in range(3):
                    await other.ask("A text of some length, which becomes several parts, all at once." * 5)
            assert (await (await asker.ask("mine")).answer()).kinds[-1] == "end"


async def test_a_worker_that_ends_finishes_what_it_has_begun_and_takes_nothing_more(broker: Broker) -> None:
    voice = HeldVoice()
    async with open_pair(broker, voice) as (asker, stop):
        first, second = await asker.ask("first"), await asker.ask("second")
        await voice.begun.wait()
        stop.set()
        assert (await asker.status()).draining
        voice.go_on.set()
        assert (await first.answer()).kinds[-1] == "end"
        queue = await asker.channel.declare_queue(job_queue(asker.voice_class), passive=True)
        message = await queue.get(timeout=PATIENCE_SECONDS)
        assert message.correlation_id == second.job_id
        assert not message.redelivered, "nobody died of it"
        await message.ack()
        assert voice.said == ["first"]


async def test_what_a_worker_that_ends_cannot_finish_goes_to_another_as_the_next_attempt(broker: Broker) -> None:
    voice = HeldVoice()
    async with open_pair(broker, voice, drain_seconds=0.1) as (asker, stop):
        asked = await asker.ask("long")
        await voice.begun.wait()
        stop.set()
        queue = await asker.channel.declare_queue(job_queue(asker.voice_class), passive=True)
        message: aio_pika.abc.AbstractIncomingMessage | None = None
        with anyio.fail_after(PATIENCE_SECONDS):
            while message is None:
                message = await queue.get(fail=False)
        assert message.correlation_id == asked.job_id
        assert message.headers["attempt"] == 2
        assert not message.redelivered
        await message.ack()


async def test_a_text_that_workers_die_of_is_put_aside_after_three_attempts(broker: Broker) -> None:
    async with open_pair(broker, ToneSynthesizer()) as (asker, _):
        asked = await asker.ask("poison", headers={"attempt": 4})
        failure = (await asked.answer()).failure
        assert (failure.code, failure.retry) == ("poison", False)
        assert (await asker.put_aside(asked)).delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_a_copy_that_comes_too_late_is_not_said(broker: Broker) -> None:
    """The broker lets a job expire; for a copy its clock begins anew."""
    async with open_pair(broker, ToneSynthesizer()) as (asker, _):
        job = Job(spoken="late", deadline_ms=1000)
        failure = (await (await asker.ask(job, headers={"attempt": 2, "sent_ms": 1_700_000_000_000})).answer()).failure
        assert failure.code == "expired"
        first = await (await asker.ask(job, headers={"sent_ms": 1_700_000_000_000})).answer()
        assert first.kinds[-1] == "end", "two machines' clocks differ"
