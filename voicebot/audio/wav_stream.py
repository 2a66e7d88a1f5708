"""A WAV file that leaves through a pipe: its header cannot say how long it will be."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from anyio import to_thread

from voicebot.audio.paced import PacedPlayback, PacedQueue
from voicebot.audio.pcm import convert, silence, wav_bytes
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat, Clip
from voicebot.translation import system_reason, tr

_UNKNOWN_SIZE = b"\xff\xff\xff\xff"
"""What sox, ffmpeg and players take for "until the end of the stream"."""


class WavStream:
    """Sends clips through a pipe, in the format of the first one, as fast as its reader takes them.

    When realtime, the silence between clips is sent too. What has been sent cannot be taken back: it counts as heard.
    """

    name = tr("standard output")

    def __init__(self, file: BinaryIO, *, realtime: bool) -> None:
        self._file = file
        self._format: AudioFormat | None = None
        self._queue = PacedQueue(realtime=realtime)
        self._writing = threading.Lock()
        self._begun = False
        self.realtime = realtime

    async def play(self, clip: Clip) -> PacedPlayback:
        """Send `clip`. Raises AudioError, and BrokenPipeError when nobody reads any more."""
        before = self._queue.end
        playback = self._queue.append(clip.seconds)
        self._format = format = self._format or clip.format
        pcm = convert(clip, format)
        if self.realtime and 0 < before < playback.start:
            pcm = silence(playback.start - before, format) + pcm
        await to_thread.run_sync(self._write, pcm, format, abandon_on_cancel=True)  # a player takes its time
        await self._queue.wait_for_room()
        return playback

    async def drain(self) -> None:
        """Wait until the last clip would have been heard; it is on its way already."""
        await self._queue.drain()

    def pause(self) -> None:
        """Let time stand still."""
        self._queue.pause()

    def resume(self) -> None:
        """Let time go on."""
        self._queue.resume()

    def paused_seconds(self) -> float:
        """How long time has stood still in all."""
        return self._queue.paused_seconds()

    def abort(self) -> None:
        """Send nothing more of this turn; when realtime, what would not have been heard does not count."""
        self._queue.abort()

    def _write(self, pcm: bytes, format: AudioFormat) -> None:
        with self._writing:  # a clip whose turn was interrupted is sent to its end before the next one
            left = memoryview(pcm if self._begun else streaming_header(format) + pcm)
            self._begun = True
            try:
                while left:  # a pipe may take a part only
                    left = left[self._file.write(left) :]
            except BrokenPipeError:
                raise
            except OSError as error:
                raise AudioError(
                    tr("cannot write to standard output: {reason}", reason=system_reason(error)),
                    hint=tr("name a file with -o FILE.wav"),
                ) from error


def streaming_header(format: AudioFormat) -> bytes:
    """The header of a WAV file whose length nobody knows yet."""
    header = wav_bytes(b"", format)
    return header[:4] + _UNKNOWN_SIZE + header[8:40] + _UNKNOWN_SIZE


@asynccontextmanager
async def open_wav_stream(*, realtime: bool) -> AsyncIterator[WavStream]:
    """The process's standard output, whatever stands in for `sys.stdout`. Raises AudioError."""
    if sys.__stdout__ is None:
        raise AudioError(tr("standard output is closed"), hint=tr("name a file with -o FILE.wav"))
    with os.fdopen(os.dup(sys.__stdout__.fileno()), "wb", buffering=0) as file:
        yield WavStream(file, realtime=realtime)
