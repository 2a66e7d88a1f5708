"""Audio as bytes: read sound files, convert between formats. Pure; only conversions load numpy and soxr."""

from __future__ import annotations

import io
import struct
import wave
from typing import Any

from voicebot.speech import AudioFormat, Clip

_BLOCK_FRAMES = 1 << 18
"""Converted at once."""
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


def silence(seconds: float, format: AudioFormat) -> bytes:
    """`seconds` of silence, in whole frames."""
    return bytes(round(seconds * format.sample_rate) * format.frame_bytes)


def wav_bytes(pcm: bytes, format: AudioFormat) -> bytes:
    """A complete WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((format.channels, 2, format.sample_rate, 0, "NONE", ""))
        file.writeframes(pcm)
    return buffer.getvalue()


def read_wav(data: bytes) -> tuple[bytes, AudioFormat]:
    """The PCM of a WAV file as signed 16-bit frames, and its format.

    Reads 8, 16, 24 and 32-bit integers and 32-bit floats. All the data that is there is read, even if the header says
    that there is more or none: an engine that streams does not know the size when it writes it. Raises ValueError with
    the reason for anything else.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        start = data[:40].decode("latin-1").strip()
        raise ValueError(f"not a WAV file (it begins with {start!r})" if data else "empty, not a WAV file")
    riff_size = int.from_bytes(data[4:8], "little")
    position, encoding = 12, None
    while position + 8 <= len(data):
        name, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + size]
        if name == b"fmt ":
            if len(body) < 16:
                raise ValueError("a WAV file with a broken header")
            tag, channels, sample_rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            if tag == _EXTENSIBLE and len(body) >= 26:
                tag = int.from_bytes(body[24:26], "little")
            if not 1 <= channels <= 64 or not 1000 <= sample_rate <= 768_000:
                raise ValueError(f"a WAV file with {channels} channels at {sample_rate} Hz")
            encoding = (tag, bits, AudioFormat(sample_rate, channels))
        elif name == b"data":
            if encoding is None:
                raise ValueError("a WAV file without a format before its data")
            tag, bits, format = encoding
            if size == 0 and riff_size + 8 != len(data):
                body = data[position + 8 :]
            frame = bits // 8 * format.channels
            return _to_int16(body[: len(body) // frame * frame] if frame else body, tag, bits), format
        position += 8 + size + size % 2
    raise ValueError("a WAV file without audio data")


def _to_int16(pcm: bytes, tag: int, bits: int) -> bytes:
    if (tag, bits) == (_PCM, 16):
        return pcm
    if (tag, bits) not in {(_PCM, 8), (_PCM, 24), (_PCM, 32), (_FLOAT, 32)}:
        raise ValueError(f"a WAV file in an unknown encoding (tag {tag}, {bits} bits)")
    import numpy as np

    if tag == _FLOAT:
        samples = np.nan_to_num(np.frombuffer(pcm, "<f4"), nan=0.0, posinf=1.0, neginf=-1.0)
        return bytes((np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes())
    if bits == 8:
        return ((np.frombuffer(pcm, "u1").astype("<i2") - 128) << 8).astype("<i2").tobytes()
    if bits == 32:
        return (np.frombuffer(pcm, "<i4") >> 16).astype("<i2").tobytes()
    triples = np.frombuffer(pcm, "u1").reshape(-1, 3)  # the upper two bytes of 24 bits are the 16-bit sample
    return np.ascontiguousarray(triples[:, 1:]).tobytes()


def convert(clip: Clip, format: AudioFormat) -> bytes:
    """The clip's audio in another sample rate or number of channels; its own bytes if nothing has to change.

    Resampling is soxr's high quality (a windowed sinc, flat within the pass band, delay compensated), block by block:
    a long clip needs little more memory than its result.
    """
    if clip.format == format or not clip.pcm:
        return clip.pcm
    import numpy as np

    resampler: Any = None  # Any: soxr has no types
    if clip.format.sample_rate != format.sample_rate:
        import soxr

        resampler = soxr.ResampleStream(
            clip.format.sample_rate, format.sample_rate, format.channels, dtype="int16", quality="HQ"
        )
    converted = io.BytesIO()
    step = _BLOCK_FRAMES * clip.format.frame_bytes
    for start in range(0, len(clip.pcm), step):
        block = memoryview(clip.pcm)[start : start + step]
        samples: Any = np.frombuffer(block, "<i2").reshape(-1, clip.format.channels)
        if clip.format.channels != format.channels:
            samples = np.repeat(samples.mean(axis=1, keepdims=True), format.channels, axis=1).round().astype("<i2")
        if resampler is not None:
            samples = resampler.resample_chunk(np.ascontiguousarray(samples), last=start + step >= len(clip.pcm))
        converted.write(np.ascontiguousarray(samples, dtype="<i2").tobytes())
    return converted.getvalue()


def read_sound_file(data: bytes) -> tuple[bytes, AudioFormat]:
    """The PCM and the format of a WAV file, or of an AIFF file as macOS writes it. Raises ValueError."""
    return read_aiff(data) if data[:4] == b"FORM" else read_wav(data)


def read_aiff(data: bytes) -> tuple[bytes, AudioFormat]:
    """The PCM of a 16-bit AIFF or AIFF-C file as little-endian frames, and its format. Raises ValueError."""
    position, format, swapped = 12, None, True
    while position + 8 <= len(data):
        name, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "big")
        body = data[position + 8 : position + 8 + size]
        if name == b"COMM":
            if len(body) < 18:
                raise ValueError("an AIFF file with a broken header")
            channels, _, bits = struct.unpack(">HIH", body[:8])
            # the sample rate is an 80-bit float: a 15-bit exponent and a 64-bit mantissa with its leading one
            exponent, mantissa = struct.unpack(">HQ", body[8:18])
            compression = body[18:22] if data[8:12] == b"AIFC" else b"NONE"
            if bits != 16 or compression not in {b"NONE", b"twos", b"sowt"}:
                raise ValueError(f"an AIFF file in an unknown encoding ({compression.decode('latin-1')}, {bits} bits)")
            sample_rate = round(mantissa * 2.0 ** (exponent - 16383 - 63)) if exponent < 16383 + 32 else 0
            if not 1 <= channels <= 64 or not 1000 <= sample_rate <= 768_000:
                raise ValueError(f"an AIFF file with {channels} channels at {sample_rate} Hz")
            swapped = compression != b"sowt"
            format = AudioFormat(sample_rate, channels)
        elif name == b"SSND":
            if format is None:
                raise ValueError("an AIFF file without a format before its data")
            pcm = body[8 + int.from_bytes(body[:4], "big") :]
            pcm = pcm[: len(pcm) // format.frame_bytes * format.frame_bytes]
            if swapped:
                import numpy as np

                pcm = np.frombuffer(pcm, ">i2").astype("<i2").tobytes()
            return pcm, format
        position += 8 + size + size % 2
    raise ValueError("an AIFF file without audio data")
