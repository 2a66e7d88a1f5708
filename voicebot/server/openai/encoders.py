"""Sound as the formats of the OpenAI API, while it comes: PCM in, bytes of a file out. Pure.

What a format needs is imported when it is asked for.
"""

from __future__ import annotations

import io
import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from voicebot.audio.pcm import wav_bytes
from voicebot.audio.wav_stream import streaming_header
from voicebot.speech import AudioFormat

if TYPE_CHECKING:
    from av import AudioFrame

FORMAT = AudioFormat(24_000)
"""The format of all sound that is encoded: what clients of that API assume for raw PCM, which has no header."""
Encoding = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
MEDIA_TYPES: dict[Encoding, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_MP3_KILOBITS = 96
"""A second; mono speech at 24 kHz has no use for more."""
_MP3_QUALITY = 5
"""2 is the best that is worth its time, 7 the fastest."""


_OPUS_PAGE_MILLISECONDS = 100.0
"""Less makes the file larger: with pages of 50 ms by 9 %, with these by 5 %."""
_SET_PAGE_MILLISECONDS = 0x1302
"""SFC_SET_OGG_PAGE_LATENCY_MS of sndfile.h, since libsndfile 1.2; an older one goes on with pages of a second."""


_AAC_BITS = 64_000
"""A second."""


class EncoderMissing(Exception):
    """A format that cannot be written here; the message says which package is missing."""

    def __init__(self, message: str, *, extra: str = "server") -> None:
        """`extra` brings what is missing."""
        super().__init__(message)
        self.extra = extra


class Encoder(Protocol):
    """Makes a file of sound that comes piece by piece."""

    def feed(self, pcm: bytes) -> bytes:
        """Take whole frames of `FORMAT`, and return what of the file is ready."""
        ...

    def flush(self) -> bytes:
        """Return the rest; nothing may be fed any more."""
        ...


def new_encoder(encoding: Encoding) -> Encoder:
    """What writes a file in `encoding` whose length nobody knows yet. Raises EncoderMissing."""
    match encoding:
        case "pcm":
            return _Uncompressed(b"")
        case "wav":
            return _Uncompressed(streaming_header(FORMAT))
        case "mp3":
            return _Mp3()
        case "flac":
            return _SoundFile(encoding, "FLAC", "PCM_16")
        case "opus":
            return _SoundFile(encoding, "OGG", "OPUS")
        case "aac":
            return _Aac()


def encoded(pcm: bytes, encoding: Encoding) -> bytes:
    """A whole file of `FORMAT`'s frames, which says how long it is where its format can. Raises EncoderMissing."""
    if encoding == "wav":
        return wav_bytes(pcm, FORMAT)
    encoder = new_encoder(encoding)
    return encoder.feed(pcm) + encoder.flush()


class _Uncompressed:
    """Frames as they are, behind a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def feed(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm

    def flush(self) -> bytes:
        return self.feed(b"")


class _Mp3:
    """Holds back about 50 ms, which the next frames are needed for."""

    def __init__(self) -> None:
        try:
            import lameenc
        except ImportError as error:
            raise EncoderMissing("mp3 needs the package lameenc on the server") from error
        self._lame = lameenc.Encoder()
        self._lame.silence()
        self._lame.set_in_sample_rate(FORMAT.sample_rate)
        self._lame.set_channels(FORMAT.channels)
        self._lame.set_bit_rate(_MP3_KILOBITS)
        self._lame.set_quality(_MP3_QUALITY)
        self._empty = True

    def feed(self, pcm: bytes) -> bytes:
        if not pcm:
            return b""
        self._empty = False
        return bytes(self._lame.encode(pcm))

    def flush(self) -> bytes:
        return b"" if self._empty else bytes(self._lame.flush())


class _SoundFile:
    """What libsndfile writes: FLAC in blocks of about 150 ms, Opus in pages of 100 ms."""

    def __init__(self, encoding: Encoding, container: str, codec: str) -> None:
        try:
            import soundfile
        except (ImportError, OSError) as error:  # OSError: the package without its library
            raise EncoderMissing(f"{encoding} needs the package soundfile on the server") from error
        if codec not in soundfile.available_subtypes(container):
            raise EncoderMissing(f"{encoding} needs a newer libsndfile on the server")
        self._written = _Written()
        self._file = soundfile.SoundFile(
            self._written, "w", FORMAT.sample_rate, FORMAT.channels, format=container, subtype=codec
        )
        if codec == "OPUS":
            with suppress(AttributeError):  # the package has no public name for this command, as it has for others
                milliseconds = soundfile._ffi.new("double *", _OPUS_PAGE_MILLISECONDS)
                soundfile._snd.sf_command(self._file._file, _SET_PAGE_MILLISECONDS, milliseconds, 8)

    def feed(self, pcm: bytes) -> bytes:
        self._file.buffer_write(pcm, "int16")
        return self._written.take()

    def flush(self) -> bytes:
        self._file.close()
        return self._written.take()


class _Aac:
    """What FFmpeg writes: frames of 43 ms, each behind a header of its own (ADTS), two of which it holds back."""

    def __init__(self) -> None:
        try:
            import av
            import numpy as np
        except ImportError as error:
            raise EncoderMissing("aac needs the package av on the server", extra="aac") from error
        self._written = _Written()
        self._file = av.open(self._written, "w", format="adts")
        self._stream = self._file.add_stream("aac", rate=FORMAT.sample_rate, layout="mono")
        self._stream.bit_rate = _AAC_BITS
        self._samples = partial(np.frombuffer, dtype="<i2")
        self._new_frame = partial(av.AudioFrame.from_ndarray, format="s16", layout="mono")
        self._empty = True

    def feed(self, pcm: bytes) -> bytes:
        if not pcm:
            return b""
        self._empty = False
        frame = self._new_frame(self._samples(pcm).reshape(1, -1))
        frame.sample_rate = FORMAT.sample_rate
        return self._encoded(frame)

    def flush(self) -> bytes:
        rest = b"" if self._empty else self._encoded(None)
        self._file.close()
        return rest + self._written.take()

    def _encoded(self, frame: AudioFrame | None) -> bytes:
        for packet in self._stream.encode(frame):
            self._file.mux(packet)
        return self._written.take()


class _Written:
    """A file of which only what was not taken yet is kept; what is written over what was taken is lost.

    That is how long it has become, which is written into its head at the end: a stream is long gone by then.
    """

    def __init__(self) -> None:
        self._kept = io.BytesIO()
        self._taken = 0
        self._position = 0

    def write(self, data: bytes) -> int:
        lost = max(0, self._taken - self._position)
        if lost < len(data):
            self._kept.seek(self._position + lost - self._taken)
            self._kept.write(bytes(data)[lost:])
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        match whence:
            case os.SEEK_SET:
                self._position = offset
            case os.SEEK_CUR:
                self._position += offset
            case _:
                self._position = self._taken + self._kept.getbuffer().nbytes + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - soundfile asks for it, and does not call it
        return b""

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken = self._kept.getvalue()
        self._taken += len(taken)
        self._kept = io.BytesIO()
        return taken
