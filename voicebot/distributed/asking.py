"""One text, said by workers: asked for, waited for, and asked for again where something goes wrong."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import NoReturn
from uuid import uuid4

import anyio

from voicebot.distributed.calls import Assembly, Reply
from voicebot.distributed.delays import Delays
from voicebot.distributed.link import JobMessage, Link, LinkLost
from voicebot.distributed.messages import Failure, Job
from voicebot.distributed.switchboard import Switchboard
from voicebot.distributed.topology import priority
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.speech import Audio
from voicebot.text.safe_display import safe_line
from voicebot.text.speech_length import speech_seconds
from voicebot.translation import tr

_TRIES, _CONNECTIONS = 3, 6
"""The limit for one text: workers may hang or fail, and connections may be lost."""
_AGAIN_AFTER_SECONDS = 0.1
_NO_ANSWER_SECONDS = 0.25
"""After this long without an answer, check whether there is any worker at all."""
_WORKERS_BACK_SECONDS = 5.0
"""How long workers that were there a moment ago may take to come back."""
_USEFUL_SECONDS, _USEFUL_AFTERWARDS_SECONDS = 600.0, 30.0
"""A job expires after this long, or this long after its listener began to hear silence."""
_SHORTEST_SILENCE_SECONDS, _SILENCES = 2.0, 4
"""A worker hangs if it says nothing for longer than this, and for this many times the usual delay."""
_BYTES_A_SECOND = 192_000
"""48 kHz, two channels."""
_MOST_BYTES, _MORE_SECONDS = 256 * 1024 * 1024, 30


def _usual_first() -> Delays:
    return Delays(usual_seconds=1.0)


@dataclass(frozen=True, slots=True)
class Habits:
    """What workers usually take."""

    first_audio: Delays = field(default_factory=_usual_first)
    """From asking until the first piece is there."""
    work: Delays = field(default_factory=_usual_first)
    """For a text, divided by its seconds of speech and one."""


class Asking:
    """A text to say."""

    def __init__(self, switchboard: Switchboard, habits: Habits, job: Job, *, within_seconds: float) -> None:
        useful_seconds = min(max(0.0, within_seconds) + _USEFUL_AFTERWARDS_SECONDS, _USEFUL_SECONDS)
        self._switchboard = switchboard
        self._habits = habits
        self._job = job.model_copy(update={"deadline_ms": round(1000 * useful_seconds)})
        self._priority = priority(within_seconds)
        self._useful_seconds = useful_seconds
        self._length = 1 + speech_seconds(job.spoken) / job.rate
        self._audio = Assembly(most_bytes=_most_bytes(job))
        self._message_id = uuid4().hex
        self._id = ""
        """The id of the message that was sent; empty until it is."""
        self._link: Link | None = None
        self._attempt, self._tries, self._connections = 1, 0, 0
        self._changed = anyio.Event()
        self._asked_at = self._sent_at = self._heard_at = self._look_at = 0.0
        self._learned = False

    async def pieces(self) -> AsyncGenerator[Audio, None]:
        """Yield the audio. Raises SynthesisError and VoiceUnavailable."""
        self._asked_at = anyio.current_time()
        try:
            while True:
                while (piece := self._audio.take()) is not None:
                    yield piece
                if self._audio.done:
                    return
                await self._wait()
        finally:
            self._switchboard.forget(self._id, cancel=not self._audio.ended)

    def replied(self, reply: Reply) -> None:
        """Take the next reply."""
        if not self._audio.feed(reply):
            return
        self._heard_at = anyio.current_time()
        self._look_at = self._heard_at + self._patience_seconds
        if self._audio.ready and not self._learned:
            self._learned = True
            self._habits.first_audio.learn(self._heard_at - self._asked_at)
        if self._audio.end is not None:
            took = self._heard_at - self._sent_at - self._audio.end.queue_ms / 1000
            self._habits.work.learn(max(0.0, took, self._audio.end.synth_ms / 1000) / self._length)
        self._changed.set()

    def link_lost(self) -> None:
        """No more replies will come."""
        self._changed.set()

    @property
    def _patience_seconds(self) -> float:
        """How long a worker may say nothing."""
        return max(_SHORTEST_SILENCE_SECONDS, _SILENCES * self._habits.work.p95 * self._length)

    async def _wait(self) -> None:
        """Do the next thing there is to do, or wait until there is one."""
        if self._audio.failure is not None:
            await self._failed(self._audio.failure)
        elif self._audio.broken:
            self._ask_again(tr("the speech worker's answer has gaps"))
        elif not self._id:
            await self._send()
        elif self._link is None or self._link.lost.is_set():
            self._link_was_lost()
        else:
            with anyio.move_on_after(self._look_at - anyio.current_time()) as patience:
                await self._changed.wait()
            self._changed = anyio.Event()
            if patience.cancelled_caught:
                await self._look(self._link)

    async def _send(self) -> None:
        self._link = await self._switchboard.link()
        if not self._switchboard.roster.workers and not await self._finds_worker(self._link):
            return
        self._id = uuid4().hex
        self._switchboard.listen(self._id, self)
        self._sent_at = self._heard_at = anyio.current_time()
        self._look_at = self._sent_at + _NO_ANSWER_SECONDS
        message = JobMessage(self._id, self._message_id, self._attempt, self._priority, self._useful_seconds)
        try:
            await self._link.publish_job(self._job, message)
        except LinkLost:
            return  # which is noticed next
        self._tries += 1

    async def _finds_worker(self, link: Link) -> bool:
        """Whether there is one; without, the job would be said later, to nobody. Raises VoiceUnavailable."""
        try:
            queue = await link.look()
        except LinkLost:
            return False
        if not queue.consumers:
            self._nobody_there(link)
            await anyio.sleep(_NO_ANSWER_SECONDS)
        return queue.consumers > 0

    async def _look(self, link: Link) -> None:
        """Nothing came for a while: find out why. Raises SynthesisError and VoiceUnavailable."""
        try:
            queue = await link.look()
        except LinkLost:
            return
        now = anyio.current_time()
        hangs_at = self._heard_at + self._patience_seconds
        if self._audio.ended or now < self._look_at:
            return  # it came meanwhile
        if self._audio.begun or (queue.consumers and not queue.waiting):
            if now >= hangs_at:
                self._ask_again(tr("the speech worker says nothing more"))
        elif not queue.consumers:
            self._nobody_there(link)
            self._look_at = now + _NO_ANSWER_SECONDS
            return
        elif now - self._sent_at > self._useful_seconds:
            raise SynthesisError(tr("no speech worker had time for it"), hint=tr("start more of them: voicebot worker"))
        later = now + max(_NO_ANSWER_SECONDS, now - self._sent_at)
        self._look_at = min(later, hangs_at) if now < hangs_at else later

    def _nobody_there(self, link: Link) -> None:
        """Raise VoiceUnavailable, unless workers were there a moment ago and may come back."""
        self._switchboard.roster.forget_all()
        returned = link.since if self._switchboard.returned else -math.inf
        failed = self._sent_at if self._tries > 1 else -math.inf
        if anyio.current_time() >= max(returned, failed) + _WORKERS_BACK_SECONDS:
            raise no_worker(self._switchboard.voice_class)

    async def _failed(self, failure: Failure) -> None:
        """Ask another worker where one may do better. Raises SynthesisError and VoiceUnavailable."""
        if not failure.retry or self._tries >= _TRIES or not self._audio.can_go_on:
            _raise(failure)
        await anyio.sleep(_AGAIN_AFTER_SECONDS * self._tries)
        self._ask_again("")

    def _ask_again(self, why: str) -> None:
        """Start again with another worker. Raises SynthesisError if that is impossible or was done too often."""
        self._switchboard.forget(self._id, cancel=True)
        if self._tries >= _TRIES or not self._audio.can_go_on:
            raise SynthesisError(why, hint=tr("see `voicebot workers`"))
        self._attempt = max(self._attempt, self._audio.attempt) + 1
        self._audio.ask_again()
        self._id = ""

    def _link_was_lost(self) -> None:
        self._switchboard.forget(self._id, cancel=False)
        self._connections += 1
        if self._connections >= _CONNECTIONS or not self._audio.can_go_on:
            raise VoiceUnavailable(
                tr("the connection to the speech workers was lost"), hint=tr("voicebot connects again by itself")
            )
        self._audio.ask_again()
        self._id = ""


def _most_bytes(job: Job) -> int:
    """Seconds of audio; a worker that sends more is broken."""
    return min(_MOST_BYTES, round(_BYTES_A_SECOND * (_MORE_SECONDS + len(job.spoken) / job.rate)))


def _raise(failure: Failure) -> NoReturn:
    message, hint = safe_line(failure.message), safe_line(failure.hint)
    match failure.code:
        case "engine":
            raise VoiceUnavailable(message or tr("the speech worker's engine has gone"), hint=hint)
        case "version":
            raise VoiceUnavailable(
                tr("the speech workers speak another version of our messages: {version}", version=message or "?"),
                hint=tr("run the same version of voicebot here and there"),
            )
        case "poison":
            raise SynthesisError(message or tr("speech workers died of this text"), hint=hint)
        case "expired":
            raise SynthesisError(tr("no speech worker had time for it"), hint=tr("start more of them: voicebot worker"))
        case "text":
            raise SynthesisError(message or tr("the speech worker cannot say this text"), hint=hint)


def no_worker(voice_class: str) -> VoiceUnavailable:
    """The broker is there, and nobody who speaks."""
    return VoiceUnavailable(
        tr("there is no speech worker of the class {voice_class}", voice_class=voice_class),
        hint=tr("start one: voicebot worker"),
    )
