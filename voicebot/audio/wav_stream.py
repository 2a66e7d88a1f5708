"""A WAV file that leaves through a pipe: its header cannot say how long it will be."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from anyio import to_thread

from voicebot.audio.paced import PacedOutput
from voicebot.audio.pcm import convert, silence, wav_bytes
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat, Clip
from voicebot.translation import system_reason, tr

_UNKNOWN_SIZE = b"\xff\xff\xff\xff"
"""What sox, ffmpeg and players take for "until the end of the stream"."""


class WavStream:
    """Sends clips through a pipe, in the format of the first one, as fast as its reader takes them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._format: AudioFormat | None = None
        self._writing = threading.Lock()
        self._begun = False

    async def write(self, clip: Clip, silence_seconds: float) -> None:
        """Send silence and `clip`. Raises AudioError, and BrokenPipeError when nobody reads any more."""
        self._format = format = self._format or clip.format
        pcm = silence(silence_seconds, format) + convert(clip, format)
        await to_thread.run_sync(self._write, pcm, format, abandon_on_cancel=True)  # a player takes its time

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


def wav_stream_output(file: BinaryIO, *, realtime: bool) -> PacedOutput:
    """An output to the pipe `file`; when realtime, the silence between clips is sent too.

    What has been sent cannot be taken back.
    """
    return PacedOutput(tr("standard output"), realtime=realtime, write=WavStream(file).write)


@asynccontextmanager
async def open_wav_stream(*, realtime: bool) -> AsyncIterator[PacedOutput]:
    """The process's standard output, whatever stands in for `sys.stdout`. Raises AudioError."""
    if sys.__stdout__ is None:
        raise AudioError(tr("standard output is closed"), hint=tr("name a file with -o FILE.wav"))
    with os.fdopen(os.dup(sys.__stdout__.fileno()), "wb", buffering=0) as file:
        yield wav_stream_output(file, realtime=realtime)
