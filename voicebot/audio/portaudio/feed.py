"""What the device is given next, and when each frame of it is heard: all but PortAudio itself."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio import CancelScope

from voicebot.audio.portaudio.library import no_answer
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat
from voicebot.translation import tr

_STALL_SECONDS = 3.0
"""A device with a full buffer asks for nothing until that was played: two seconds at most."""
_GRACE_SECONDS = 1.0
"""If it was this process that stood still, it asks again at once."""


@dataclass(slots=True, eq=False)
class DevicePlayback:
    """One clip in the queue of the device. PortAudio's thread writes the moments, in seconds of the feed's clock."""

    feed: Feed
    seconds: float
    """Length of the clip."""
    pcm: memoryview
    """Its audio as the device takes it."""
    position: int = 0
    """Bytes the device has taken."""
    starts: float = math.inf
    """When its first frame is audible."""
    stretches: list[tuple[int, float]] = field(default_factory=list)
    """For each part of it that the device took without a pause: frames of the clip up to its end, and when that is
    heard."""
    stopped_at: float = math.inf
    """When the stream was stopped before its end."""
    kept: float | None = None
    """Seconds that had been heard of it then."""
    begun: anyio.Event = field(default_factory=anyio.Event)
    """The device has begun to take it."""
    handed_over: anyio.Event = field(default_factory=anyio.Event)
    """The device has taken all of it."""
    stopped: anyio.Event = field(default_factory=anyio.Event)
    _most_heard: float = 0.0

    async def taken(self) -> None:
        """Wait until the device has begun to take it, or it is over."""
        await self.feed.wait(self.begun)

    async def started(self) -> float:
        """Wait until the first frame is audible."""
        while True:
            await self.feed.wait(self.begun)
            if (moment := await self._reached(self.starts)) is not None:
                return moment

    async def finished(self) -> float:
        """Wait until the last frame was heard."""
        while True:
            await self.feed.wait(self.handed_over)
            moment = await self._reached(self.stretches[-1][1] if self.stretches else math.inf)
            if moment is not None:
                return moment

    def heard_seconds(self) -> float:
        """How much of it was audible so far."""
        if self.kept is not None:
            return self.kept
        self._most_heard = max(self._most_heard, self._heard(self.feed.clock()))  # what is known of the clock changes
        return self._most_heard

    def stop(self, now: float) -> None:
        """Nothing more of it will be heard."""
        self.kept = self.heard_seconds()
        self.stopped_at = now

    def rewind(self, moment: float) -> bool:
        """What was not heard at `moment` never will be, unless it is taken again; return whether there is any."""
        self._most_heard = max(self._most_heard, self._heard(moment))
        frames = round(self._most_heard * self.feed.format.sample_rate)
        self.position = min(frames * self.feed.format.frame_bytes, len(self.pcm))
        if self.position == len(self.pcm):
            return False
        self.handed_over = _unset(self.handed_over)
        if frames:
            self.stretches = [(frames, moment)]
        else:
            self.stretches, self.starts, self.begun = [], math.inf, _unset(self.begun)
        rewound, self.stopped = self.stopped, anyio.Event()
        rewound.set()
        return True

    def _heard(self, now: float) -> float:
        frames, rate = 0, self.feed.format.sample_rate
        for end, moment in tuple(self.stretches):
            if now < moment:
                frames = max(frames, end - round((moment - now) * rate))
                break
            frames = end
        return self.seconds if frames == len(self.pcm) // self.feed.format.frame_bytes else frames / rate

    async def _reached(self, moment: float) -> float | None:
        """Wait for `moment`, or the end; None when it was rewound meanwhile."""
        self.feed.check()
        stopped = self.stopped
        with CancelScope(deadline=moment + self.feed.clock_offset):
            await stopped.wait()
        self.feed.check()
        if stopped is not self.stopped:
            return None
        return min(moment, self.stopped_at) + self.feed.clock_offset


def _unset(event: anyio.Event) -> anyio.Event:
    """The event itself, which may have waiters, as long as it has not been set; then a new one."""
    return anyio.Event() if event.is_set() else event


class Feed:
    """The queue of one stream; `fill` runs in PortAudio's thread and owns what it writes."""

    def __init__(
        self,
        format: AudioFormat,
        *,
        device_name: str,
        call: Callable[[Callable[[], object]], None],
        clock: Callable[[], float] = time.monotonic,
        clock_offset: float = 0.0,
    ) -> None:
        """`call` hands a call over to the event loop, whose clock is `clock_offset` ahead of `clock`."""
        self.format = format
        self.clock = clock
        self.clock_offset = clock_offset
        self.given_until = 0.0
        """When the last frame that the device took will have been heard."""
        self.audible_until = 0.0
        """When the last one that is not silence will have been heard."""
        self.paused = False
        """The device is given silence."""
        self.lost = False
        """The device went away, or hangs."""
        self.silent_after = math.inf
        """When a device that says nothing has been silent for too long."""
        self.hangs = False
        """The sound server is there, and takes nothing."""
        self._device_name = device_name
        self._call = call
        self._queue: deque[DevicePlayback] = deque()
        self._unheard: list[DevicePlayback] = []  # all that may not have been heard to the end
        self._begins_at = 0.0  # when the stream was started
        self._frames = 0  # that it took since then
        self._ends: float | None = None  # when the last of them is heard
        self._unbroken = False  # whether the last of them is of a clip

    # ------------------------------------------------ the event loop's side

    @property
    def empty(self) -> bool:
        """Whether the device has taken all there is."""
        return not self._queue

    def all_heard(self) -> bool:
        """Whether there is nothing left to hear."""
        return self.lost or (self.empty and self.clock() >= self.audible_until)

    def append(self, pcm: bytes, seconds: float) -> DevicePlayback:
        """Queue a clip of `seconds`. Raises AudioError."""
        self.check()
        playback = DevicePlayback(self, seconds, memoryview(pcm))
        self._unheard = [p for p in self._unheard if p.heard_seconds() < p.seconds] + [playback]
        self._queue.append(playback)
        self.check()  # again: it may have gone between the two
        return playback

    def begin(self) -> None:
        """The stream is about to start, with the next frames in its buffer."""
        self._begins_at, self._frames, self._ends, self._unbroken = self.clock(), 0, None, False

    def stop(self) -> None:
        """Forget what was not heard: the stream was stopped."""
        now = self.clock()
        self._queue.clear()
        for playback in self._unheard:
            playback.stop(now)
            for event in (playback.begun, playback.handed_over, playback.stopped):
                self._call(event.set)
        self._unheard, self.given_until, self.audible_until = [], 0.0, 0.0

    def rewind(self, moment: float) -> None:
        """The device went away at `moment`: another one is given from the first frame on that was not heard."""
        self._unheard = [playback for playback in self._unheard if playback.rewind(moment)]
        self._queue = deque(self._unheard)
        self.given_until = self.audible_until = 0.0

    def lose(self) -> None:
        """The device went away. Callable from PortAudio's thread, too."""
        self.lost = True
        self.stop()

    async def wait(self, event: anyio.Event) -> None:
        """Wait for what the device makes happen. Raises AudioError when it went away, or takes nothing any more."""
        while not event.is_set():
            asked = self.silent_after
            with CancelScope(deadline=min(asked, self.clock() + _STALL_SECONDS) + self.clock_offset):
                await event.wait()
            if event.is_set() or self.clock() < asked:
                continue
            with CancelScope(deadline=self.clock() + _GRACE_SECONDS + self.clock_offset):
                await event.wait()
            if self.silent_after == asked and not event.is_set():
                self.hangs = True
                self.lose()

    def check(self) -> None:
        """Raise AudioError when the device went away."""
        if self.hangs:
            raise no_answer()
        if self.lost:
            raise AudioError(
                tr("the audio device {name} went away", name=self._device_name),
                hint=tr("plug it in again, or choose another: voicebot devices"),
            )

    # ------------------------------------------------ PortAudio's thread

    def fill(self, out: Any, frames: int, now: float, delay: float | None) -> None:  # Any: a cffi buffer
        """Write the next `frames` into `out`, which will be heard `delay` seconds after `now`.

        While the buffer is primed there is no delay yet: the sound begins when the stream does.
        """
        self.silent_after = now + _STALL_SECONDS
        rate, frame_bytes = self.format.sample_rate, self.format.frame_bytes
        block_starts = self._begins_at + self._frames / rate if delay is None else now + delay
        filled, size = 0, frames * frame_bytes
        while filled < size and self._queue and not self.paused:
            playback = self._queue[0]
            if playback.position == 0:
                # behind another frame: exact to the sample
                playback.starts = block_starts + filled / (frame_bytes * rate) if self._ends is None else self._ends
                self._call(playback.begun.set)
            take = min(size - filled, len(playback.pcm) - playback.position)
            out[filled : filled + take] = playback.pcm[playback.position : playback.position + take]
            filled += take
            playback.position += take
            self._ends = max(playback.starts, block_starts + filled / (frame_bytes * rate))
            stretch = (playback.position // frame_bytes, self._ends)
            if self._unbroken and playback.stretches:
                playback.stretches[-1] = stretch
            else:
                playback.stretches.append(stretch)
            self._unbroken, self.audible_until = True, self._ends
            if playback.position == len(playback.pcm):
                self._queue.popleft()
                self._call(playback.handed_over.set)
        if filled < size:
            out[filled:] = bytes(size - filled)
            silent = (size - filled) / (frame_bytes * rate)
            self._ends = (block_starts if self._ends is None else self._ends) + silent
            self._unbroken = False
        self._frames += frames
        self.given_until = block_starts + frames / rate
