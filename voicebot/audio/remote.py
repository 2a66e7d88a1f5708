"""A loudspeaker that is elsewhere: blocks of audio go out, and what was heard is what it reports as played.

No transport in here: a WebSocket or a socket gives `open_remote` a function that sends, and tells the output what its
listener reports.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import anyio
from anyio import CancelScope

from voicebot.audio.background import in_background
from voicebot.audio.paced import PauseTimer
from voicebot.errors import AudioError
from voicebot.speech import Clip
from voicebot.translation import tr

BLOCK_SECONDS = 0.04
"""The longest block."""
_STANDSTILL_SECONDS = 0.5
"""Who looks at the clock this much later than meant has stood still: the machine was asleep, or had too much to do."""


@dataclass(frozen=True, slots=True)
class AudioBegin:
    """The blocks of a clip come next."""

    number: int
    """Of the clip: counted from 0, so that no two clips of an output share one."""
    clip: Clip


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Some of its frames, directly behind those of the block before."""

    number: int
    first_frame: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class AudioEnd:
    """That was all of it."""

    number: int
    frames: int


@dataclass(frozen=True, slots=True)
class Flush:
    """Be silent now: drop what is left of this clip and all before it."""

    number: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold what there is, and what comes, until Resume."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with the frame behind the last one."""


RemoteMessage = AudioBegin | AudioBlock | AudioEnd | Flush | Pause | Resume
Send = Callable[[RemoteMessage], Awaitable[None]]
"""Sends one message and returns when the next one may follow.

Raises AudioError when the listener is gone, or has taken nothing for too long: how long is up to the transport.
"""


@dataclass(slots=True, eq=False)
class RemotePlayback:
    """One clip on its way to the listener."""

    number: int
    clip: Clip
    announced: bool = False
    sent: int = 0
    """Frames that went out."""
    sent_from: float = math.inf
    """When the first of them did."""
    sent_all: bool = False
    played: int = 0
    """Frames the listener has reported as played."""
    due: float = 0.0
    """When all that went out should have been played."""
    starts: float = math.inf
    ends: float = math.inf
    error: AudioError | None = None
    """Why it will not be heard to its end."""
    taken: anyio.Event = field(default_factory=anyio.Event)
    """Its first frames went out, or it is over."""
    begun: anyio.Event = field(default_factory=anyio.Event)
    """Its first frame was played, or it is over."""
    over: anyio.Event = field(default_factory=anyio.Event)

    async def started(self) -> float:
        """Wait for the first report."""
        return await self._reached(self.begun, lambda: self.starts)

    async def finished(self) -> float:
        """Wait for the report of the last frame, or until the clip is given up."""
        return await self._reached(self.over, lambda: self.ends)

    def heard_seconds(self) -> float:
        """What the listener has reported as played."""
        return self.clip.seconds if self.played == self.clip.frames else self.seconds(self.played)

    def seconds(self, frames: int) -> float:
        """How long `frames` of it sound."""
        return frames / self.clip.format.sample_rate

    def end(self, now: float) -> None:
        """Nothing more of it will be heard."""
        self.starts = min(self.starts, now)
        self.ends = now
        for event in (self.taken, self.begun, self.over):
            event.set()

    async def _reached(self, event: anyio.Event, moment: Callable[[], float]) -> float:
        await event.wait()
        if self.error is not None:
            raise _again(self.error)
        return moment()


class RemoteOutput:
    """Sends clips in small blocks, never far ahead of what the listener reports as played.

    A report may be wrong, or a lie: it is bounded by what was sent, takes nothing back, and means nothing for a clip
    that is unknown or over. A clip whose reports fail to come is given up; it counts as heard as far as they came.
    """

    realtime = True

    def __init__(self, send: Send, *, name: str, ahead_seconds: float, patience_seconds: float) -> None:
        self.name = name
        self._send = send
        self._ahead_seconds = ahead_seconds
        self._patience = patience_seconds
        self._numbers = count()
        self._playbacks: list[RemotePlayback] = []  # those that are not over
        self._due = 0.0  # when all that was sent should have been played
        self._quiet_since = -math.inf  # when the last clip was over
        self._paused = False
        self._pauses = PauseTimer()
        self._paused_there = False
        self._flush: int | None = None
        self._error: AudioError | None = None
        self._changed = anyio.Event()

    async def play(self, clip: Clip) -> RemotePlayback:
        """Queue `clip`; return when only this one has not begun to be sent."""
        self._check()
        before = self._playbacks[-1] if self._playbacks else None
        playback = RemotePlayback(next(self._numbers), clip)
        self._playbacks.append(playback)
        self._tell()
        if before is not None:
            await before.taken.wait()
            self._check()
        return playback

    def played(self, number: int, frame: int) -> bool:
        """The listener reports that it has played the first `frame` frames of the clip `number`.

        Whether that was more than was known by a whole block, or the end of the clip: there are no more such reports
        than blocks.
        """
        playback = next((playback for playback in self._playbacks if playback.number == number), None)
        if playback is None or min(frame, playback.sent) <= playback.played:
            return False
        now, before = anyio.current_time(), playback.played
        playback.played = min(frame, playback.sent)
        if not playback.begun.is_set():
            playback.starts = self._start_of(playback, now)
            playback.begun.set()
        if playback.played == playback.clip.frames:
            self._end(playback)
        self._expect(number)
        self._tell()
        return playback.played == playback.clip.frames or playback.played - before >= _frames_of_a_block(playback.clip)

    async def drain(self) -> None:
        """Wait until nothing more will be heard. Raises AudioError when the listener goes away meanwhile."""
        self._check()
        while self._playbacks:
            await self._playbacks[0].finished()

    def pause(self) -> None:
        """Send no more audio, and let the listener hold what it has; what it still reports was heard."""
        self._paused = True
        self._pauses.pause()
        self._tell()

    def resume(self) -> None:
        """Let the listener go on, and send more."""
        if self._paused:
            self._paused = False
            self._pauses.resume()
            self._expect(0)
            self._tell()

    def paused_seconds(self) -> float:
        """How long the listener was asked to hold what it has, in all."""
        return self._pauses.seconds()

    def abort(self) -> None:
        """Let the listener drop what it has."""
        for playback in tuple(self._playbacks):
            if playback.announced:
                self._flush = playback.number
            self._end(playback)
        self._due = 0.0
        self._paused = False
        self._pauses.resume()
        self._tell()

    def close(self, error: AudioError | None = None) -> None:
        """The listener has gone: whatever waits, and every `play` from now on, raises AudioError."""
        if self._error is None:
            self._error = error or AudioError(tr("{name} has gone away", name=self.name))
            for playback in tuple(self._playbacks):
                playback.error = self._error
                self._end(playback)
            self._tell()

    # ---------------------------------------------------------------- what goes on between the calls

    async def send_all(self) -> None:
        """Send what is to be sent until the listener is gone."""
        try:
            while self._error is None:
                if message := self._next_message():
                    await self._send(message)
                else:
                    await self._changed.wait()
        except AudioError as error:
            self.close(error)

    async def give_up_unheard(self) -> None:
        """End each clip whose reports fail to come, so that nobody waits for it."""
        while True:
            first = self._playbacks[0] if self._playbacks and not self._paused else None
            deadline = first.due + self._patience if first and first.sent else math.inf
            if first is None or anyio.current_time() < deadline:
                with CancelScope(deadline=deadline):
                    await self._changed.wait()
                if first is not None and anyio.current_time() > deadline + _STANDSTILL_SECONDS:
                    self._expect(first.number)  # the reports of that time wait to be read
            else:
                self._flush = first.number  # nothing of it must be heard later
                self._end(first)
                self._tell()

    def _next_message(self) -> RemoteMessage | None:
        if self._flush is not None:
            number, self._flush = self._flush, None
            return Flush(number)
        if self._paused != self._paused_there:
            self._paused_there = self._paused
            return Pause() if self._paused else Resume()
        playback = next((playback for playback in self._playbacks if not playback.sent_all), None)
        if playback is None or self._paused:
            return None
        if not playback.announced:
            playback.announced = True
            return AudioBegin(playback.number, playback.clip)
        if playback.sent < playback.clip.frames:
            return self._next_block(playback)
        playback.sent_all = True
        if not playback.clip.frames:
            self._end(playback)
        return AudioEnd(playback.number, playback.clip.frames)

    def _next_block(self, playback: RemotePlayback) -> AudioBlock | None:
        """The next frames of `playback`, if there is room for them."""
        format, first = playback.clip.format, playback.sent
        frames = min(playback.clip.frames - first, _frames_of_a_block(playback.clip))
        ahead = sum(other.seconds(other.sent - other.played) for other in self._playbacks)
        if ahead and ahead + playback.seconds(frames) > self._ahead_seconds:
            return None
        now = anyio.current_time()
        playback.sent += frames  # before it is sent: the report may be faster than the return
        playback.sent_from = min(playback.sent_from, now)
        playback.due = self._due = max(self._due, now) + playback.seconds(frames)
        playback.taken.set()
        self._tell()
        end = playback.sent * format.frame_bytes
        return AudioBlock(playback.number, first, playback.clip.pcm[first * format.frame_bytes : end])

    def _start_of(self, playback: RemotePlayback, now: float) -> float:
        """When its first frame was audible, as far as a later report can tell."""
        if playback.sent_from < self._quiet_since:
            return self._quiet_since  # it was there in time to follow the clip before
        return max(playback.sent_from, self._quiet_since, now - playback.seconds(playback.played))

    def _expect(self, number: int) -> None:
        """Expect that all that was sent of clip `number` and later ones, and not yet played, is played from now on."""
        self._due = anyio.current_time()
        for playback in self._playbacks:
            if playback.number >= number:
                self._due += playback.seconds(playback.sent - playback.played)
                playback.due = self._due

    def _end(self, playback: RemotePlayback) -> None:
        self._quiet_since = anyio.current_time()
        self._playbacks.remove(playback)
        playback.end(self._quiet_since)

    def _check(self) -> None:
        if self._error is not None:
            raise _again(self._error)

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


@asynccontextmanager
async def open_remote(
    send: Send, *, name: str, ahead_seconds: float = 2.0, patience_seconds: float = 2.0
) -> AsyncIterator[RemoteOutput]:
    """An output whose listener is reached by `send`, which is called by one task only.

    At most `ahead_seconds` of audio have been sent and not reported as played. A clip is given up when its reports are
    `patience_seconds` late.
    """
    output = RemoteOutput(send, name=name, ahead_seconds=ahead_seconds, patience_seconds=patience_seconds)
    try:
        async with in_background(output.send_all, output.give_up_unheard):
            yield output
    finally:
        output.close()


def _frames_of_a_block(clip: Clip) -> int:
    return max(1, int(BLOCK_SECONDS * clip.format.sample_rate))


def _again(error: AudioError) -> AudioError:
    """A copy of `error`, to be raised in one more task."""
    again = AudioError(error.message, hint=error.hint)
    again.__cause__ = error
    return again
