"""A WAV file that is valid while it grows and after an interruption."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from voicebot.audio.paced import PacedOutput
from voicebot.audio.pcm import convert, silence, wav_bytes
from voicebot.config.models import AudioWav
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat, Clip
from voicebot.translation import system_reason, tr

_HEADER_BYTES = 44
_MOST_DATA = 2**32 - 1 - _HEADER_BYTES
"""The sizes in a WAV header have 32 bits."""


class WavFile:
    """Clips one behind the other in a file, in the format of the first one."""

    def __init__(self, file: BinaryIO, path: Path, begun: Callable[[], None] = lambda: None) -> None:
        self._file = file
        self._path = path
        self._begun = begun
        self._format: AudioFormat | None = None
        self._data_bytes = 0

    @property
    def written(self) -> bool:
        """Whether there is any audio in the file yet."""
        return self._format is not None

    async def write(self, clip: Clip, silence_seconds: float) -> None:
        """Append silence and `clip`. Raises AudioError."""
        format = self._format or clip.format
        self._append(silence(silence_seconds, format) + convert(clip, format), format)

    def cut(self, seconds: float) -> None:
        """Take the last `seconds` away again. Raises AudioError."""
        if seconds and self._format:
            cut_bytes = len(silence(seconds, self._format))
            self._write(max(0, self._data_bytes - cut_bytes), b"", self._format)

    def _append(self, pcm: bytes, format: AudioFormat) -> None:
        if self._data_bytes + len(pcm) > _MOST_DATA:
            raise AudioError(
                tr("{path} is full: a WAV file holds 4 GB", path=self._path), hint=tr("start another file with -o")
            )
        self._write(self._data_bytes, pcm, format)

    def _write(self, position: int, pcm: bytes, format: AudioFormat) -> None:
        """Put `pcm` at `position` of the data, which ends behind it: first the audio, then the header."""
        header = wav_bytes(b"", format)
        try:
            if self._format is None:
                self._file.truncate(0)
                self._put(0, header)
                self._begun()
            self._format = format
            self._put(_HEADER_BYTES + position, pcm)
            end = position + len(pcm)
            riff_size, data_size = (end + _HEADER_BYTES - 8).to_bytes(4, "little"), end.to_bytes(4, "little")
            self._put(4, riff_size + header[8:40] + data_size)
            self._data_bytes = end
            self._file.truncate(_HEADER_BYTES + end)
        except OSError as error:
            if self._format is not None:
                with suppress(OSError):
                    self._file.truncate(_HEADER_BYTES + self._data_bytes)  # without the first part of a clip
            raise _write_error(self._path, error) from error

    def _put(self, position: int, data: bytes) -> None:
        self._file.seek(position)
        if self._file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@asynccontextmanager
async def open_wav(config: AudioWav, *, begun: Callable[[], None] = lambda: None) -> AsyncIterator[PacedOutput]:
    """A file to write audio to, which keeps what it holds until the first clip comes; then `begun` is called.

    Raises AudioError.

    When realtime, it is what a loudspeaker would have played: with the silence between clips, without pauses, and
    without what was not heard. When not realtime, `abort` takes away only what came during a pause.
    """
    try:
        path = Path(config.path).expanduser()  # noqa: ASYNC240 - two system calls before anything plays
    except RuntimeError as error:
        raise AudioError(
            tr("there is no such folder: {path} ({error})", path=config.path, error=error),
            hint=tr("name a writable file with -o FILE.wav"),
        ) from error
    try:
        existed = path.exists()
        # not "wb": a reply that never comes must not erase yesterday's recording
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b", buffering=0)
    except OSError as error:
        raise _write_error(path, error) from error
    wav = WavFile(file, path, begun)
    try:
        with file:
            yield PacedOutput(str(path), realtime=config.realtime, write=wav.write, cut=wav.cut)
    finally:
        if not existed and not wav.written:
            path.unlink(missing_ok=True)


def _write_error(path: Path, error: OSError) -> AudioError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    return AudioError(
        tr("cannot write {path}: {reason}", path=path, reason=system_reason(error)),
        hint=tr("make room on that disk, or name a file elsewhere with -o")
        if full
        else tr("name a writable file with -o FILE.wav"),
    )
