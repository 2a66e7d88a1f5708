"""The loudspeaker as an audio output."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from voicebot.audio.pcm import convert
from voicebot.audio.portaudio.feed import DevicePlayback
from voicebot.audio.portaudio.library import PORTAUDIO, Device, PortAudioLibrary
from voicebot.audio.portaudio.stream import TAIL_SECONDS, DeviceStream
from voicebot.config.models import AudioDevice
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat, Clip


class DeviceOutput:
    """Plays clips without a gap on one sound device."""

    realtime = True

    def __init__(self, library: PortAudioLibrary, device: Device, *, latency_seconds: float) -> None:
        self._library = library
        self._device = device
        self._latency = latency_seconds
        self._stream: DeviceStream | None = None
        self._last: DevicePlayback | None = None
        self._paused = False
        self.name = library.name(device)

    def open_stream(self, format: AudioFormat) -> None:
        """Have a stream for `format` ready, or the nearest the device can do. Raises AudioError."""
        if self._stream and self._stream.unusable_for(format):
            self.close()
        if self._stream is None:
            try:
                self._stream = self._opened(format)
            except AudioError:  # or it is another device by now
                if not self._library.look_again():
                    raise
                self._stream = self._opened(format)

    def _opened(self, format: AudioFormat) -> DeviceStream:
        return DeviceStream(self._library, self._device, format, self._latency, name=self.name, paused=self._paused)

    async def play(self, clip: Clip) -> DevicePlayback:
        """Queue `clip` directly behind the one before; return when only this one has not begun to sound."""
        if self._last is not None:
            self._last.feed.check()  # a new stream is for the next turn
        self.open_stream(clip.format)
        assert self._stream is not None
        await self._stream.run_dry()
        before, self._last = self._last, self._stream.enqueue(convert(clip, self._stream.format), clip.seconds)
        playback = self._last
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
        """Give the device nothing but silence: what it has taken already, its latency at most, is still heard."""
        self._paused = True
        if self._stream:
            self._stream.pause()

    def resume(self) -> None:
        """Go on with the frame behind the last one that the device took."""
        self._paused = False
        if self._stream:
            self._stream.resume()

    def abort(self) -> None:
        """Be silent now."""
        self._silence()
        self.resume()

    def _silence(self) -> None:
        self._last = None
        if self._stream:
            self._stream.abort()

    def close(self) -> None:
        """Give the device back."""
        if self._stream:
            self._stream.close()
            self._stream = None


@asynccontextmanager
async def open_device(config: AudioDevice, format: AudioFormat) -> AsyncIterator[DeviceOutput]:
    """A sound device that is ready to play clips of `format`. Raises AudioError."""
    await anyio.to_thread.run_sync(PORTAUDIO.load)
    output = DeviceOutput(
        PORTAUDIO, None if config.device == "" else config.device, latency_seconds=config.latency_seconds
    )
    output.open_stream(format)
    try:
        yield output
    finally:
        output.close()
