"""One PortAudio stream: opened early, started with audio in its buffer, stopped when that has been heard."""

from __future__ import annotations

import time
from typing import Any

import anyio

from voicebot.audio.portaudio.feed import DevicePlayback, Feed
from voicebot.audio.portaudio.library import ON_ALSA, Device, PortAudioLibrary
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat
from voicebot.threadsafe import event_loop_caller

TAIL_SECONDS = 0.05
"""The device may be this much later than it says: nothing of the last word is cut off."""

_REST_SECONDS = 0.5


class DeviceStream:
    """A PortAudio stream and what it is fed with."""

    def __init__(
        self, library: PortAudioLibrary, device: Device, wanted: AudioFormat, latency_seconds: float, *, name: str
    ) -> None:
        self.wanted = wanted
        self._library = library
        self._name = name
        self._running = False
        self._rests_since = time.monotonic()
        self.format, self._stream = self._open(device, wanted, latency_seconds)
        self._feed = Feed(
            self.format,
            device_name=name,
            call=event_loop_caller(),
            clock_offset=anyio.current_time() - time.monotonic(),
        )

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

    def unusable_for(self, format: AudioFormat) -> bool:
        """Whether another stream is needed."""
        # Starting a stream whose sound server died meanwhile, PortAudio's ALSA waits for ever; opening one, it fails.
        rested = not self._running and time.monotonic() - self._rests_since > _REST_SECONDS
        closed = self._stream.closed  # by another output, which looked for devices
        return self._feed.lost or closed or (rested and ON_ALSA) or (self.wanted != format and self._feed.all_heard())

    async def run_dry(self) -> None:
        """When silence follows what is still to be heard, hear it to its end and stop: the next clip starts anew.

        Behind all the silence the device has taken already it would come a whole buffer later.
        """
        if self._running and self._feed.empty:
            given_until, heard_until = self._feed.given_until, self._feed.audible_until + TAIL_SECONDS
            if given_until > heard_until:
                await anyio.sleep(max(0.0, heard_until - time.monotonic()))
                self._stop()

    def enqueue(self, pcm: bytes, seconds: float) -> DevicePlayback:
        """Queue a clip of `seconds`, and start when it is the first. Raises AudioError."""
        playback = self._feed.append(pcm, seconds)
        if not self._running:
            self._start()
        return playback

    def abort(self) -> None:
        """Be silent now, and forget what was not heard."""
        self._stop()  # first: until then the queue is that of PortAudio's thread
        self._feed.stop()

    def close(self) -> None:
        """Give the device back."""
        self.abort()
        self._library.close(self._stream)

    def _start(self) -> None:
        self._feed.begin()
        self._running = True
        try:
            self._library.start(self._stream)
        except AudioError as error:
            self._running = False
            self._feed.lose()
            raise AudioError(
                f"the audio device {self._name} does not start: {error.message}",
                hint="is the sound server running? Or choose another: voicebot devices",
            ) from error.__cause__

    def _stop(self) -> None:
        if self._running:
            self._rests_since = time.monotonic()
            self._running = False  # first: `_finished` tells a device that went away by it
            self._library.stop(self._stream)

    # ------------------------------------------------ PortAudio's thread

    def _fill(self, out: Any, frames: int, time_info: Any, _status: Any) -> None:  # Any: cffi objects
        now, delay = time.monotonic(), time_info.outputBufferDacTime - time_info.currentTime
        self._feed.fill(out, frames, now, delay if time_info.currentTime and delay > 0 else None)

    def _finished(self) -> None:
        if self._running:  # nobody stopped it
            self._running = False
            self._feed.lose()
