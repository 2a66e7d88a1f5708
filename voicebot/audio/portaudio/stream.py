"""One PortAudio stream and its queue of clips, which PortAudio's own thread empties."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import anyio

from voicebot.audio.portaudio.library import ON_ALSA, Device, PortAudioLibrary
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat
from voicebot.threadsafe import event_loop_caller

TAIL_SECONDS = 0.05
"""The device may be this much later than it says: nothing of the last word is cut off."""

_REST_SECONDS = 0.5


@dataclass(slots=True)
class DevicePlayback:
    """One clip in the queue of the device. PortAudio's thread writes the moments, in seconds of time.monotonic."""

    stream: DeviceStream
    pcm: memoryview
    position: int = 0
    """Bytes the device has taken."""
    first_frame: int = 0
    """Of the stream, when the first byte was taken."""
    starts: float = 0.0
    """When its first frame is audible."""
    ends: float = 0.0
    """When its last frame was heard."""
    kept: float | None = None
    """What had been heard of it when the stream was stopped."""
    begun: anyio.Event = field(default_factory=anyio.Event)
    handed_over: anyio.Event = field(default_factory=anyio.Event)

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.pcm) / (self.stream.format.frame_bytes * self.stream.format.sample_rate)

    async def taken(self) -> None:
        """Wait until the device has begun to take it."""
        await self.begun.wait()

    async def started(self) -> float:
        """Wait until the first frame is audible."""
        await self.begun.wait()
        return await self._reached(self.starts)

    async def finished(self) -> float:
        """Wait until the last frame was heard."""
        await self.handed_over.wait()
        return await self._reached(self.ends)

    def heard_seconds(self) -> float:
        """How much of it was audible so far."""
        if self.kept is not None:
            return self.kept
        if not self.position:
            return 0.0
        frames = min(self.stream.heard_frames() - self.first_frame, self.position // self.stream.format.frame_bytes)
        return float(max(0, frames)) / self.stream.format.sample_rate

    async def _reached(self, moment: float) -> float:
        self.stream.check()
        await anyio.sleep_until(moment + self.stream.clock_offset)
        self.stream.check()
        return moment + self.stream.clock_offset


class DeviceStream:
    """A PortAudio stream with a queue; `_fill` runs in PortAudio's thread and owns what it writes."""

    def __init__(
        self, library: PortAudioLibrary, device: Device, wanted: AudioFormat, latency_seconds: float, *, name: str
    ) -> None:
        self.wanted = wanted
        self.lost = False
        """The device went away."""
        self.clock_offset = anyio.current_time() - time.monotonic()
        self._name = name
        self._queue: deque[DevicePlayback] = deque()
        self._running = False
        self._unheard: list[DevicePlayback] = []  # all that may not have been heard to the end
        self._given = (0, 0.0)  # frames since the stream was opened, and when the last of them will have been heard
        self._audible_until = 0.0  # when the last of them that is not silence will have been heard
        self._previous_ends: float | None = None  # end of the clip before, as long as the stream has run on
        self._silent_frames = 0  # since then
        self._aborted_at: float | None = None
        self._rests_since = time.monotonic()
        self._start_at = 0.0
        self._frames_at_start = 0
        self._wake = event_loop_caller()
        self._library = library
        self.format, self._stream = self._open(device, wanted, latency_seconds)

    def _open(self, device: Device, wanted: AudioFormat, latency_seconds: float) -> tuple[AudioFormat, Any]:
        def opened(format: AudioFormat) -> Any:  # Any: sounddevice has no types
            return self._library.open_stream(
                device, format, latency_seconds=latency_seconds, fill=self._fill, finished=self._finished
            )

        try:
            return wanted, opened(wanted)
        except AudioError as error:
            refused = error
        # Some drivers take only what the mixer runs at.
        format = self._library.mixer_format(device)
        try:
            return format, opened(format)
        except AudioError:
            raise AudioError(
                f"cannot open the audio device {self._name}: {refused.message}",
                hint="close the program that uses it, or choose another: voicebot devices",
            ) from refused.__cause__

    # ------------------------------------------------ the event loop's side

    def unusable_for(self, format: AudioFormat) -> bool:
        """Whether another stream is needed."""
        # Starting a stream whose sound server died meanwhile, PortAudio's ALSA waits for ever; opening one, it fails.
        rested = not self._running and time.monotonic() - self._rests_since > _REST_SECONDS
        closed = self._stream.closed  # by another output, which looked for devices
        return self.lost or closed or (rested and ON_ALSA) or (self.wanted != format and self.all_heard())

    async def run_dry(self) -> None:
        """When silence follows what is still to be heard, hear it to its end and stop: the next clip starts anew.

        Behind all the silence the device has taken already it would come a whole buffer later.
        """
        _, end = self._given
        wait = self._audible_until + TAIL_SECONDS - time.monotonic()
        if self._running and not self._queue and end > self._audible_until + TAIL_SECONDS:
            await anyio.sleep(max(0.0, wait))
            self._stop()

    def enqueue(self, pcm: bytes) -> DevicePlayback:
        self.check()
        playback = DevicePlayback(self, memoryview(pcm))
        self._unheard = [p for p in self._unheard if p.heard_seconds() < p.seconds] + [playback]
        self._queue.append(playback)
        if not self._running:
            self._start()
        return playback

    def unheard_seconds(self) -> float:
        if self.lost:
            return 0.0
        frames = sum((len(p.pcm) - p.position) // self.format.frame_bytes for p in tuple(self._queue))
        ends = self._given[1] if frames else self._audible_until  # what is queued comes behind the silence, too
        return max(0.0, ends - time.monotonic()) + frames / self.format.sample_rate

    def all_heard(self) -> bool:
        return self.unheard_seconds() == 0

    def heard_frames(self) -> int:
        now = self._aborted_at or time.monotonic()
        frames, end = self._given
        return frames - round(max(0.0, end - now) * self.format.sample_rate)

    def abort(self) -> None:
        self._stop()  # first: until then the queue is that of PortAudio's thread
        self._queue.clear()

    def close(self) -> None:
        self.abort()
        self._library.close(self._stream)

    def check(self) -> None:
        if self.lost:
            raise AudioError(
                f"the audio device {self._name} went away",
                hint="plug it in again, or choose another: voicebot devices",
            )

    def _start(self) -> None:
        self._aborted_at, self._previous_ends, self._silent_frames = None, None, 0
        self._start_at, self._frames_at_start = time.monotonic(), self._given[0]
        self._running = True
        try:
            self._library.start(self._stream)
        except AudioError as error:
            self._running = False
            self.lost = True
            raise AudioError(
                f"the audio device {self._name} does not start: {error.message}",
                hint="is the sound server running? Or choose another: voicebot devices",
            ) from error.__cause__

    def _stop(self) -> None:
        if self._running:
            self._aborted_at = self._rests_since = time.monotonic()
            self._running = False  # before abort(): `_finished` tells a device that went away by it
            self._library.stop(self._stream)
            for playback in self._unheard:
                playback.kept = playback.heard_seconds()
            self._unheard, self._audible_until = [], 0.0

    # ------------------------------------------------ PortAudio's thread

    def _fill(self, out: Any, frames: int, time_info: Any, _status: Any) -> None:  # Any: cffi objects
        given, _ = self._given
        now, rate, frame_bytes = time.monotonic(), self.format.sample_rate, self.format.frame_bytes
        delay = time_info.outputBufferDacTime - time_info.currentTime
        if time_info.currentTime and delay > 0:
            block_starts = now + delay
        else:  # while the buffers are primed there is no clock yet: sound begins when the stream does
            block_starts = self._start_at + (given - self._frames_at_start) / rate
        filled, size = 0, frames * frame_bytes
        while filled < size and self._queue:
            playback = self._queue[0]
            if playback.position == 0:
                playback.first_frame = given + filled // frame_bytes
                if self._previous_ends is None:
                    playback.starts = block_starts + filled / (frame_bytes * rate)
                else:  # exact to the sample
                    playback.starts = self._previous_ends + self._silent_frames / rate
                playback.ends = playback.starts + len(playback.pcm) / (frame_bytes * rate)
                self._previous_ends, self._silent_frames = playback.ends, 0
                self._wake(playback.begun.set)
            take = min(size - filled, len(playback.pcm) - playback.position)
            out[filled : filled + take] = playback.pcm[playback.position : playback.position + take]
            filled += take
            playback.position += take
            if playback.position == len(playback.pcm):
                self._queue.popleft()
                self._wake(playback.handed_over.set)
        if filled:
            self._audible_until = block_starts + filled / (frame_bytes * rate)
        if filled < size:
            out[filled:] = bytes(size - filled)
            self._silent_frames += (size - filled) // frame_bytes
        self._given = (given + frames, block_starts + frames / rate)  # at once: the event loop reads both

    def _finished(self) -> None:
        if self._running:  # nobody stopped it
            self._aborted_at, self._running, self.lost = time.monotonic(), False, True
            for playback in tuple(self._queue):
                self._wake(playback.begun.set)
                self._wake(playback.handed_over.set)
