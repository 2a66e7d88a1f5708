"""One PortAudio stream: opened early, started with audio in its buffer, stopped when that was heard."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
from anyio import to_thread

from voicebot.audio.portaudio.feed import DevicePlayback, Feed
from voicebot.audio.portaudio.library import ON_ALSA, Device, PortAudioLibrary
from voicebot.audio.portaudio.watch import NoAnswer
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat
from voicebot.translation import tr

TAIL_SECONDS = 0.05
"""The device may be this much later than it says: nothing of the last word is cut off."""

_REST_SECONDS = 0.5
_BACK_WITHIN_SECONDS = 3.0
"""A sound server that went away may be back by then, restarted by its service manager."""
_KNOCK_SECONDS = 0.1


class DeviceStream:
    """A PortAudio stream and what it is fed with."""

    def __init__(
        self,
        library: PortAudioLibrary,
        device: Device,
        wanted: AudioFormat,
        latency_seconds: float,
        *,
        name: str,
        paused: bool,
        call: Callable[[Callable[[], object]], None],
        clock_offset: float,
    ) -> None:
        """In any thread: `call` and `clock_offset` are those of the event loop, as for `Feed`. Raises AudioError."""
        self.wanted = wanted
        self._library = library
        self._device = device
        self._latency = latency_seconds
        self._name = name
        self._running = False
        self._call = call
        self._reopening: threading.Event | None = None
        """While a stream is looked for in place of one that went away; set: no more."""
        self._changing = threading.Lock()
        self._rests_since = time.monotonic()
        self.format, self._stream = self._open(wanted)
        self._feed = Feed(self.format, device_name=name, call=call, clock_offset=clock_offset)
        self._feed.paused = paused

    def _open(self, wanted: AudioFormat) -> tuple[AudioFormat, Any]:
        try:
            return wanted, self._opened(wanted)
        except AudioError as error:
            if isinstance(error.__cause__, NoAnswer):
                raise
            refused = error
        # Some drivers take only what the mixer runs at.
        format = self._library.mixer_format(self._device)
        try:
            return format, self._opened(format)
        except AudioError:
            raise AudioError(
                tr("cannot open the audio device {name}: {message}", name=self._name, message=refused.message),
                hint=tr("close the program that uses it, or choose another: voicebot devices"),
            ) from refused.__cause__

    def _opened(self, format: AudioFormat) -> Any:  # Any: sounddevice has no types
        return self._library.open_stream(
            self._device, format, latency_seconds=self._latency, fill=self._fill, finished=self._finished
        )

    def unusable_for(self, format: AudioFormat) -> bool:
        """Whether another stream is needed."""
        if not self._feed.empty:
            return False
        return self._feed.lost or self._stale() or (self.wanted != format and self._feed.all_heard())

    def _stale(self) -> bool:
        """Whether it has to be opened anew before it can start."""
        if self._reopening is not None:
            return False
        # PortAudio's ALSA waits forever when it starts a stream whose sound server has died; opening one fails.
        rested = not self._running and time.monotonic() - self._rests_since > _REST_SECONDS
        return self._stream.closed or (rested and ON_ALSA)  # closed: by an output that looked for devices

    async def run_dry(self) -> None:
        """If silence follows what is still to be heard, wait for its end and stop: the next clip starts anew.

        Behind the silence that the device has taken already, it would be a whole buffer late.
        """
        if self._running and self._feed.empty:
            given_until, heard_until = self._feed.given_until, self._feed.audible_until + TAIL_SECONDS
            if given_until > heard_until:
                await anyio.sleep(max(0.0, heard_until - time.monotonic()))
                self._stop()

    async def enqueue(self, pcm: bytes, seconds: float) -> DevicePlayback:
        """Queue a clip of `seconds`, and start when it is the first. Raises AudioError."""
        playback = self._feed.append(pcm, seconds)
        if not self._running and not self._feed.paused and self._reopening is None:
            self._running = True
            await to_thread.run_sync(self._start, abandon_on_cancel=True)
        return playback

    def pause(self) -> None:
        """Give the device nothing but silence. It keeps running, so that its death is noticed."""
        self._feed.paused = True

    def resume(self) -> None:
        """Go on with the next frame, at once if everything that the device had taken was heard by now.

        If the device does not come back, waiting for a clip fails.
        """
        if not self._feed.paused:
            return
        if time.monotonic() > self._feed.audible_until + TAIL_SECONDS:
            self._stop()  # what is in its buffer is silence; first, or it could take a frame with it
        self._feed.paused = False
        if not self._running and not self._feed.empty and self._reopening is None:
            try:
                if self._stale():
                    self._library.close(self._stream)
                    self._stream = self._library.trying_again(lambda: self._opened(self.format))
                self._running = True
                self._start()
            except AudioError:
                self._feed.lose()

    def abort(self) -> None:
        """Be silent now, and forget what was not heard."""
        self._stop_reopening()
        self._stop()  # first: until then the queue is that of PortAudio's thread
        self._feed.stop()

    def quiet_from(self) -> float:
        """When all that the device has taken so far is heard, on the clock of `anyio.current_time`."""
        return self._feed.audible_until + TAIL_SECONDS + self._feed.clock_offset

    def rest(self) -> None:
        """Let the device and its sound server sleep; what the device has not taken is kept for `resume`."""
        self._stop_reopening()
        self._stop()
        self._library.close(self._stream)

    def close(self) -> None:
        """Give the device back."""
        self.abort()
        self._library.close(self._stream)

    def _start(self) -> None:
        """Start, unless `_running` is taken back before it comes to that."""
        self._feed.begin()
        try:
            self._library.start(self._stream, wanted=lambda: self._running)
        except AudioError as error:
            self._running = False
            self._feed.lose()
            if isinstance(error.__cause__, NoAnswer):
                raise
            raise AudioError(
                tr("the audio device {name} does not start: {message}", name=self._name, message=error.message),
                hint=tr("is the sound server running? Or choose another: voicebot devices"),
            ) from error.__cause__

    def _stop(self) -> None:
        if self._running:
            self._rests_since = time.monotonic()
            self._running = False  # first: `_finished` tells a device that went away by it
            self._feed.silent_after = math.inf
            self._library.stop(self._stream)

    # ------------------------------------------------ PortAudio's thread

    def _fill(self, out: Any, frames: int, time_info: Any, _status: Any) -> None:  # Any: cffi objects
        now, delay = time.monotonic(), time_info.outputBufferDacTime - time_info.currentTime
        self._feed.fill(out, frames, now, delay if time_info.currentTime and delay > 0 else None)

    def _finished(self) -> None:
        if self._running:  # nobody stopped it
            self._call(partial(self._reopen, time.monotonic()))

    # ------------------------------------------------ a device that went away, and is back

    def _reopen(self, lost_at: float) -> None:
        """Go on with the first frame that was not heard, if there is any, as soon as there is a device."""
        if not self._running:
            return  # somebody has stopped it meanwhile
        self._running = False
        self._feed.silent_after = math.inf
        self._feed.rewind(lost_at)
        if self._feed.empty:
            self._library.close(self._stream)  # the next clip needs another
            return
        self._reopening = threading.Event()
        threading.Thread(target=self._knock, args=(self._reopening, lost_at), daemon=True).start()

    def _knock(self, given_up: threading.Event, lost_at: float) -> None:
        """Look for the device until it is back; if it stays away, waiting for it fails. Runs in a thread of its own."""
        self._library.close(self._stream)
        while not given_up.wait(_KNOCK_SECONDS):
            try:
                stream = self._library.trying_again(lambda: self._opened(self.format))
            except AudioError:
                if time.monotonic() < lost_at + _BACK_WITHIN_SECONDS:
                    continue
                self._reopening = None
                self._feed.lose()
                return
            with self._changing:
                wanted = not given_up.is_set()
                if wanted:
                    self._stream, self._reopening = stream, None
                    self._running = not self._feed.paused
            if not wanted:
                self._library.close(stream)
            elif self._running:
                with suppress(AudioError):  # those who wait get this error
                    self._start()
            return

    def _stop_reopening(self) -> None:
        with self._changing:
            if self._reopening is not None:
                self._reopening.set()
                self._reopening = None
