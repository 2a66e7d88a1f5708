"""The utterances of one turn that were asked for: made at the same time where several engines work on them, and handed
on in order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
from anyio import CancelScope
from anyio.streams.memory import MemoryObjectSendStream

from voicebot import events
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.speech import AudioFormat, Clip, Utterance
from voicebot.text.speech_length import speech_seconds
from voicebot.translation import tr
from voicebot.turn_account import QueuedClip, TurnAccount

NO_AUDIO = AudioFormat(24_000)
_FAILURES_IN_A_ROW = 3
"""After this many utterances that could not be said, the voice is given up for the rest of the turn."""


@dataclass(slots=True, eq=False)
class QueuedUtterance:
    """An utterance on its way to the listener."""

    utterance: Utterance
    seconds: float
    """How long its audio is expected to be."""
    scope: CancelScope = field(default_factory=CancelScope)
    """Where it is made."""
    made_seconds: float = 0.0
    kept: list[Clip] = field(default_factory=list)
    """What was made of it before its turn."""
    done: bool = False
    error: SynthesisError | None = None
    """Why it could not be said, or not to its end."""

    @property
    def seconds_to_come(self) -> float:
        """How much of its audio has not been handed on."""
        kept = sum([clip.seconds for clip in self.kept])
        return kept if self.done else kept + max(0.0, self.seconds - self.made_seconds)


class UtteranceQueue:
    """Hands on what is made of the utterances of one turn: all of the first, then all of the second.

    One that cannot be said is reported, shown and skipped in its place.
    """

    def __init__(self, clips: MemoryObjectSendStream[QueuedClip], account: TurnAccount, *, at_once: int) -> None:
        """`clips` is never full; at most `at_once` utterances are made at the same time."""
        self.at_once = at_once
        self._clips = clips
        self._account = account
        self._queue: deque[QueuedUtterance] = deque()
        self._failures = 0
        self._waiting: CancelScope | None = None

    @property
    def voice_given_up(self) -> bool:
        """Whether nothing more is to be made in this turn."""
        return self._failures == _FAILURES_IN_A_ROW

    def lead(self, before: QueuedUtterance | None = None) -> float:
        """Seconds of audio between the listener and the next utterance, or `before`: made, or expected of those that
        are being made."""
        lead = self._account.lead()
        for queued in self._queue:
            if queued is before:
                break
            lead += queued.seconds_to_come
        return lead

    async def wait_for_room(self) -> None:
        """Wait until one more utterance may be asked for."""
        while self._being_made() >= self.at_once:
            with self.until_changed(math.inf):
                await anyio.sleep_forever()

    @contextmanager
    def until_changed(self, seconds: float) -> Iterator[None]:
        """Leave the block after `seconds`, or when something that was asked for is made or has failed: the lead is then
        another than was to be expected."""
        with anyio.move_on_after(seconds) as self._waiting:
            try:
                yield
            finally:
                self._waiting = None

    def append(self, utterance: Utterance) -> QueuedUtterance:
        """Give `utterance` its place behind the others."""
        queued = QueuedUtterance(utterance, speech_seconds(utterance.spoken))
        self._queue.append(queued)
        return queued

    def made(self, queued: QueuedUtterance, clip: Clip) -> None:
        """There is a clip of it: keep it until its turn has come."""
        if queued.done:
            return  # it was given up while its maker had something in hand
        queued.kept.append(clip)
        queued.made_seconds += clip.seconds
        queued.done = clip.last
        self._hand_on()

    def failed(self, queued: QueuedUtterance, error: SynthesisError) -> None:
        """It cannot be said, or not to its end."""
        if not queued.done:
            queued.done, queued.error = True, error
            self._hand_on()

    def close(self) -> None:
        """There is nothing more to hand on."""
        self._clips.close()

    def _being_made(self) -> int:
        return sum([not queued.done for queued in self._queue])

    def _hand_on(self) -> None:
        """Hand on all that has its turn."""
        while self._queue:
            first = self._queue[0]
            for clip in first.kept:
                self._clips.send_nowait(self._account.made(clip))
            first.kept.clear()
            if not first.done:
                break
            self._queue.popleft()
            if first.error is not None:
                self._skip(first, first.error)
            elif first.utterance.spoken and not self.voice_given_up:
                self._failures = 0
            self._account.synthesized_end = first.utterance.end
        if self._waiting is not None:
            self._waiting.cancel()

    def _skip(self, queued: QueuedUtterance, error: SynthesisError) -> None:
        account = self._account
        self._failures = _FAILURES_IN_A_ROW if isinstance(error, VoiceUnavailable) else self._failures + 1
        account.voice_error = error
        if self.voice_given_up:
            account.error = account.error or error
            self._give_up_the_rest()
        text = queued.utterance.text.strip()
        message = tr("could not say {text!r}: {message}", text=text, message=error.message)
        account.emit(events.TurnWarning(*account.stamp(), message, error.hint))
        self._clips.send_nowait(account.made(without_audio(queued.utterance, skipped=True)))

    def _give_up_the_rest(self) -> None:
        for queued in self._queue:
            if queued.utterance.spoken:
                queued.scope.cancel()
                queued.kept = [without_audio(queued.utterance, skipped=True)]
                queued.done, queued.error = True, None


def without_audio(utterance: Utterance, *, skipped: bool = False) -> Clip:
    """What stands for an utterance that is only shown; `skipped`: it should have been heard."""
    return Clip(utterance, b"", NO_AUDIO, skipped=skipped)
