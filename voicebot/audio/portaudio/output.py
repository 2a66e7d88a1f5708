"""The loudspeaker as an audio output."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio import CancelScope, to_thread

from voicebot.audio.background import in_background
from voicebot.audio.paced import PauseTimer
from voicebot.audio.pcm import convert
from voicebot.audio.portaudio.feed import DevicePlayback
from voicebot.audio.portaudio.library import PORTAUDIO, Device, PortAudioLibrary
from voicebot.audio.portaudio.stream import TAIL_SECONDS, DeviceStream
from voicebot.config.models import AudioDevice
from voicebot.speech import AudioFormat, Clip
from voicebot.threadsafe import event_loop_caller


class DeviceOutput:
    """Plays clips without a gap on one sound device."""

    realtime = True

    def __init__(self, library: PortAudioLibrary, device: Device, *, latency_seconds: float, name: str = "") -> None:
        """`name` is what the device calls itself; left out, it is asked. Raises AudioError."""
        self._library = library
        self._device = device
        self._latency = latency_seconds
        self._stream: DeviceStream | None = None
        self._last: DevicePlayback | None = None
        self._paused = False
        self._pauses = PauseTimer()
        self._idle_since = anyio.current_time()  # infinite while there is something to play, and when it was closed
        self._idleness_changed = anyio.Event()
        self.name = name or library.name(device)
        self._call = event_loop_caller()
        self._clock_offset = anyio.current_time() - time.monotonic()
        self._opening = threading.Lock()
        self._closed = False

    def open_stream(self, format: AudioFormat) -> None:
        """Have a stream for `format` ready, or the nearest the device can do. Raises AudioError.

        It may take seconds until that is known; any thread may call it.
        """
        with self._opening:
            if self._stream and self._stream.unusable_for(format):
                self._release()
            if self._stream is None:
                self._stream = self._library.trying_again(
                    lambda: DeviceStream(
                        self._library,
                        self._device,
                        format,
                        self._latency,
                        name=self.name,
                        paused=self._paused,
                        call=self._call,
                        clock_offset=self._clock_offset,
                    )
                )
            if self._closed:  # meanwhile
                self._release()

    async def ready_for(self, format: AudioFormat) -> None:
        """The same, without blocking the event loop."""
        if self._stream is None or self._stream.unusable_for(format):
            await to_thread.run_sync(self.open_stream, format, abandon_on_cancel=True)

    async def play(self, clip: Clip) -> DevicePlayback:
        """Queue `clip` directly behind the one before; return when only this one has not begun to sound."""
        self._note_idle_since(anyio.current_time() if self._paused else math.inf)
        if self._last is not None:
            self._last.feed.check()  # a new stream is for the next turn
        await self.ready_for(clip.format)
        assert self._stream is not None
        await self._stream.run_dry()
        before = self._last
        playback = self._last = await self._stream.enqueue(convert(clip, self._stream.format), clip.seconds)
        if before is not None:
            await before.taken()
        return playback

    async def drain(self) -> None:
        """Wait until all was heard, then let the device rest."""
        if self._last is not None:
            await self._last.finished()
            await anyio.sleep(TAIL_SECONDS)
            self._silence()

    def pause(self) -> None:
        """Hold the sound; what the device has taken already, at most about its latency, is still heard."""
        self._paused = True
        self._pauses.pause()
        if self._stream:
            self._stream.pause()
        self._note_idle_since(min(self._idle_since, anyio.current_time()))

    def resume(self) -> None:
        """Go on with the frame behind the last one that the device took."""
        self._paused = False
        self._pauses.resume()
        if self._last is not None:
            self._note_idle_since(math.inf)
        if self._stream:
            self._stream.resume()

    def paused_seconds(self) -> float:
        """How long the sound was held in all."""
        return self._pauses.seconds()

    def abort(self) -> None:
        """Be silent now."""
        self._silence()
        self.resume()

    def _silence(self) -> None:
        self._last = None
        if self._stream:
            self._stream.abort()
        self._note_idle_since(anyio.current_time())

    async def close_when_idle(self, seconds: float) -> None:
        """Give the device back whenever there has been nothing to play, or a pause, for `seconds`.

        The next clip or the end of the pause opens it again, which takes milliseconds and loses no sound.
        """
        while True:
            closes_at = self._idle_since + seconds
            if self._stream:
                closes_at = max(closes_at, self._stream.quiet_from())
            if anyio.current_time() < closes_at:
                with CancelScope(deadline=closes_at):
                    await self._idleness_changed.wait()
            else:
                if self._stream:
                    self._stream.rest()
                self._idle_since = math.inf

    def _note_idle_since(self, moment: float) -> None:
        self._idle_since = moment
        self._idleness_changed.set()
        self._idleness_changed = anyio.Event()

    def close(self) -> None:
        """Give the device back for good."""
        self._closed = True
        if self._opening.acquire(blocking=False):  # else the opener closes it
            self._release()
            self._opening.release()

    def _release(self) -> None:
        if self._stream:
            self._stream.close()
            self._stream = None


@asynccontextmanager
async def open_device(
    config: AudioDevice, format: AudioFormat, *, close_after_seconds: float | None = None
) -> AsyncIterator[DeviceOutput]:
    """A sound device that is ready to play clips of `format`, closed when idle for that long. Raises AudioError."""
    device = None if config.device == "" else config.device
    name = await to_thread.run_sync(PORTAUDIO.name, device, abandon_on_cancel=True)
    output = DeviceOutput(PORTAUDIO, device, latency_seconds=config.latency_seconds, name=name)
    try:
        await output.ready_for(format)
        if close_after_seconds is None:
            yield output
        else:
            async with in_background(partial(output.close_when_idle, close_after_seconds)):
                yield output
    finally:
        output.close()
