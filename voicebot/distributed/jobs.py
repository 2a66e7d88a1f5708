"""What a worker does with one job, from taking it to acknowledging it."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import aio_pika
import anyio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from anyio.abc import TaskGroup
from pydantic import ValidationError

from voicebot.distributed.cancellations import Cancellations
from voicebot.distributed.figures import Figures, Outcome
from voicebot.distributed.messages import (
    MAJOR,
    TOGETHER_SINCE,
    End,
    Failure,
    Job,
    Start,
    Versioned,
    understood,
)
from voicebot.distributed.replies import Replies, Speech
from voicebot.distributed.topology import DEAD_QUEUE
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.protocols import Synthesizer
from voicebot.speech import Style
from voicebot.translation import tr

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 3
"""A text at which this many workers died is given to no other."""
_LAST_SECONDS = 2.0
"""What handing back a job may take when the worker ends."""
_MOST_BYTES = 500_000
"""More than the longest text that a job may have takes."""
_LINE_ENDS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker does all its jobs with."""

    synthesizer: Synthesizer
    worker: str
    deterministic: bool = False
    figures: Figures = field(default_factory=Figures)
    cancellations: Cancellations = field(default_factory=Cancellations)
    running: set[tuple[str, anyio.CancelScope]] = field(default_factory=set)
    """The jobs that are being said, and what ends each."""

    def cancel(self, job_ids: tuple[str, ...]) -> None:
        """Stop those of these jobs that are being said, and do not begin the others."""
        self.cancellations.add(job_ids, time.monotonic())
        unwanted = frozenset(job_ids)
        for job_id, scope in self.running:
            if job_id in unwanted:
                scope.cancel()


@dataclass(frozen=True, slots=True)
class Line:
    """The channels on which the jobs of one connection are answered."""

    channel: AbstractChannel
    """Confirms, and raises for what comes back."""
    queue: str
    """Where the jobs come from."""
    tasks: TaskGroup
    stop: anyio.Event
    """The worker is to end."""
    engine_gone: Callable[[], None]
    slow: Callable[[], None]
    """Called where the broker takes no replies."""


async def do_job(message: AbstractIncomingMessage, bench: Bench, line: Line) -> None:
    """Send the audio of a job to its client, or refuse it; then acknowledge it.

    If this is cancelled because the worker ends, another worker gets the job.
    """
    try:
        outcome = await _outcome(message, bench, line)
        await message.ack()
    except anyio.get_cancelled_exc_class():
        if line.stop.is_set():
            with (
                anyio.move_on_after(_LAST_SECONDS, shield=True),
                suppress(AMQPError, ChannelInvalidStateError, ConnectionError),
            ):
                await hand_on(message, line, attempt_of(message) + 1)
                bench.figures.outcomes["returned"] += 1
        raise
    bench.figures.outcomes[outcome] += 1
    log.debug("job %s, attempt %d: %s", message.correlation_id, attempt_of(message), outcome)


async def hand_back(message: AbstractIncomingMessage, bench: Bench, line: Line) -> None:
    """Put back a job that was not begun.

    What goes back is a copy: the broker would mark the job itself as one that its worker may have died of.
    """
    await hand_on(message, line, attempt_of(message))
    bench.figures.outcomes["returned"] += 1


async def hand_on(message: AbstractIncomingMessage, line: Line, attempt: int) -> None:
    """Put a copy of a job into the queue, then acknowledge it: it is there twice rather than not at all."""
    await line.channel.default_exchange.publish(_copy(message, attempt), line.queue, mandatory=True)
    await message.ack()


def attempt_of(message: AbstractIncomingMessage) -> int:
    """How many times this job was given to a worker, this time included."""
    attempt = message.headers.get("attempt")
    return attempt if isinstance(attempt, int) and 1 <= attempt <= 1_000 else 1


async def _outcome(message: AbstractIncomingMessage, bench: Bench, line: Line) -> Outcome:
    """Refuse the job, put it back or answer it; return what became of it."""
    job_id, attempt = message.correlation_id, attempt_of(message)
    if not job_id or not message.reply_to:
        log.warning("a job does not say where its replies go; it is dropped")
        return "unanswerable"
    if bench.cancellations.has(job_id, time.monotonic()):
        return "cancelled"
    bench.figures.redelivered += bool(message.redelivered)
    exchange = line.channel.default_exchange
    died = attempt if message.redelivered else attempt - 1
    if message.redelivered and died < MOST_ATTEMPTS:
        attempt += 1
        with suppress(DeliveryError):  # the queue is full: then it is said now
            await exchange.publish(_copy(message, attempt), line.queue, mandatory=True)
            return "again"
    replies = Replies(
        exchange,
        line.tasks,
        reply_to=message.reply_to,
        job_id=job_id,
        attempt=attempt,
        worker=bench.worker,
        slow=line.slow,
    )
    if died >= MOST_ATTEMPTS:
        log.warning("job %s: %d workers died of its text; it is in the queue %s now", job_id, died, DEAD_QUEUE)
        await exchange.publish(_copy(message, attempt, kept=True), DEAD_QUEUE, mandatory=True)
        await replies.fail(Failure(code="poison", message=tr("{count} workers died of this text", count=MOST_ATTEMPTS)))
        return "poison"
    return await _answer(message, replies, attempt, bench, line)


async def _answer(
    message: AbstractIncomingMessage, replies: Replies, attempt: int, bench: Bench, line: Line
) -> Outcome:
    """Say the job, or why not, until it is cancelled or its client is gone; return which of these it was."""
    job_id = message.correlation_id or ""
    queue_seconds = max(0.0, time.time() - _sent(message))
    with anyio.CancelScope() as scope:
        entry = (job_id, scope)
        gone = anyio.Event()

        def unwanted() -> None:
            gone.set()
            scope.cancel()

        replies.unwanted = unwanted
        bench.running.add(entry)
        bench.figures.busy += 1
        try:
            job = _read(message.body, queue_seconds if attempt > 1 else 0.0)
            failure = job if isinstance(job, Failure) else await _say(job, replies, bench, line, queue_seconds)
            if failure is not None:
                await replies.fail(failure)
                return failure.code
            await replies.confirmed()
            return "done"
        finally:
            bench.running.discard(entry)
            bench.figures.busy -= 1
    return "gone" if gone.is_set() else "cancelled"


def _copy(message: AbstractIncomingMessage, attempt: int, *, kept: bool = False) -> aio_pika.Message:
    """The same job; `kept` for people to look at, it survives a restart of the broker."""
    return aio_pika.Message(
        message.body,
        type=message.type,
        content_type=message.content_type,
        correlation_id=message.correlation_id,
        reply_to=message.reply_to,
        message_id=message.message_id,
        headers=message.headers | {"attempt": attempt},
        priority=message.priority,
        expiration=None if kept else message.expiration,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT if kept else aio_pika.DeliveryMode.NOT_PERSISTENT,
    )


def _sent(message: AbstractIncomingMessage) -> float:
    """When the client sent the job, by its clock; now where it does not say."""
    sent_ms = message.headers.get("sent_ms")
    return sent_ms / 1000 if isinstance(sent_ms, int) else time.time()


def _read(body: bytes, old_seconds: float) -> Job | Failure:
    """The job, or why it is refused.

    `old_seconds` is the age of a copy, whose expiration the broker counts from when it was made.
    """
    if len(body) > _MOST_BYTES:
        return Failure(code="text", message=tr("the job cannot be read: {fields}", fields=tr("too long")))
    try:
        version = Versioned.model_validate_json(body)
        if not understood(version.v, version.minor):
            return Failure(
                code="version",
                message=tr(
                    "the worker understands version {ours} of jobs, not {theirs}",
                    ours=MAJOR,
                    theirs=f"{version.v}.{version.minor}",
                ),
                hint=tr("run the same version of voicebot on both sides"),
            )
        job = Job.model_validate_json(body)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())[:200]
        return Failure(code="text", message=tr("the job cannot be read: {fields}", fields=fields or tr("not JSON")))
    if job.deadline_ms and old_seconds * 1000 > job.deadline_ms:
        return Failure(code="expired", message=tr("the job came too late"))
    if not job.spoken.strip():
        return Failure(code="text", message=tr("there is nothing to say in the text"))
    return job


async def _say(job: Job, replies: Replies, bench: Bench, line: Line, queue_seconds: float) -> Failure | None:
    """Answer with the audio of the text; return why that failed, if it did."""
    bench.figures.queued(queue_seconds)
    text = _LINE_ENDS.sub(" ", job.spoken)  # one for one: timings count characters
    waits = not bench.synthesizer.capabilities.streams
    speech = Speech(replies, together=job.minor >= TOGETHER_SINCE, waits=waits)
    spoken_in, frames, work_seconds = None, 0, 0.0
    try:
        async with aclosing(bench.synthesizer.synthesize(text, Style(job.voice, job.rate))) as pieces:
            async for audio in pieces:
                if spoken_in is None:
                    spoken_in = audio.format
                    await speech.start(_start(bench, spoken_in.sample_rate, spoken_in.channels))
                elif audio.format != spoken_in:
                    return Failure(code="text", message=tr("the voice changed its format within a text"))
                await speech.say(audio)
                frames += len(audio.pcm) // audio.format.frame_bytes
                work_seconds += audio.work_seconds
                bench.figures.synthesis_seconds += audio.work_seconds
                bench.figures.audio_seconds += len(audio.pcm) / audio.format.frame_bytes / audio.format.sample_rate
    except VoiceUnavailable as error:
        line.engine_gone()
        return Failure(code="engine", message=error.message, hint=error.hint, retry=True)
    except SynthesisError as error:
        return Failure(code="text", message=error.message, hint=error.hint)
    except Exception as error:  # noqa: BLE001 - a bug of a plugin, which is to end neither the worker nor other jobs
        log.error("the voice failed with an unexpected %s", type(error).__name__)  # its text may quote what was said
        return Failure(code="text", message=tr("the voice failed: unexpected {kind}", kind=type(error).__name__))
    if spoken_in is None:
        usual = bench.synthesizer.format
        await replies.send("start", _start(bench, usual.sample_rate, usual.channels))
    await speech.end(End(frames=frames, synth_ms=work_seconds * 1000, queue_ms=queue_seconds * 1000))
    return None


def _start(bench: Bench, sample_rate: int, channels: int) -> Start:
    return Start(sample_rate=sample_rate, channels=channels, deterministic=bench.deterministic)
