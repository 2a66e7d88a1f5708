"""Files of each format, decoded again: as long as the sound that went in, and the same sound."""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from itertools import pairwise

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from voicebot.server.openai.encoders import ENCODINGS, FORMAT, Encoding, encoded, new_encoder
from voicebot.tts.tone import tone

PCM = b"".join(tone(pitch, 0.5, FORMAT.sample_rate) for pitch in (440, 880, 587))
LOSSLESS: list[Encoding] = ["wav", "pcm", "flac"]
LATE_FRAMES = {"mp3": 3 * 1152, "opus": 480, "aac": 3 * 1024}
"""How much silence a format may put before and behind the sound: whole frames, and what its filters are late by."""


def decoded(file: bytes, encoding: Encoding) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """The frames of a file that may not say how long it is."""
    if encoding == "pcm":
        return np.frombuffer(file, "<i2")
    if encoding == "wav":
        assert file[:4] == b"RIFF"
        return np.frombuffer(file[44:], "<i2")
    if encoding == "flac":
        # libsndfile cannot read what does not say its length, though other decoders can: bits 4 to 40 from here on
        file = file[:21] + bytes([file[21] & 0xF0]) + (len(PCM) // 2).to_bytes(4, "big") + file[26:]
    if encoding == "aac":
        with av.open(io.BytesIO(file), "r") as opened:
            frames = list(opened.decode(audio=0))
        assert {(frame.sample_rate, frame.layout.nb_channels) for frame in frames} == {(FORMAT.sample_rate, 1)}
        return (np.concatenate([frame.to_ndarray()[0] for frame in frames]) * 32767).astype("<i2")
    samples, rate = soundfile.read(io.BytesIO(file), dtype="int16")
    assert (rate, samples.ndim) == (FORMAT.sample_rate, FORMAT.channels)
    return samples  # type: ignore[no-any-return] # soundfile has no types


def streamed(encoding: Encoding, cuts: list[int]) -> bytes:
    """A file whose sound came in pieces that end at `cuts`."""
    encoder = new_encoder(encoding)
    places = [0, *sorted(2 * cut for cut in cuts), len(PCM)]
    return b"".join(encoder.feed(PCM[start:end]) for start, end in pairwise(places)) + encoder.flush()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_decoded_is_what_went_in(encoding: Encoding) -> None:
    frames = decoded(streamed(encoding, [12_000, 12_100, 30_000]), encoding).astype(float)
    sound = np.frombuffer(PCM, "<i2").astype(float)
    late = LATE_FRAMES.get(encoding, 0)
    assert 0 <= len(frames) - len(sound) <= late
    best = max(
        float(np.corrcoef(sound[: len(frames) - lag], frames[lag : lag + len(sound)])[0, 1]) for lag in range(late + 1)
    )
    assert best > 0.99


@pytest.mark.parametrize("encoding", LOSSLESS)
@given(cuts=st.lists(st.integers(0, len(PCM) // 2), max_size=8))
def test_however_the_sound_comes_nothing_is_lost(encoding: Encoding, cuts: list[int]) -> None:
    assert decoded(streamed(encoding, cuts), encoding).tobytes() == PCM


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_beginning_leaves_before_the_end_is_there(encoding: Encoding) -> None:
    encoder = new_encoder(encoding)
    begun = encoder.feed(PCM)
    assert len(begun) > len(encoder.flush()) / 2


HELD_SECONDS: list[tuple[Encoding, float]] = [
    ("pcm", 0),
    ("wav", 0),
    ("mp3", 0.1),
    ("opus", 0.15),
    ("aac", 0.15),
    ("flac", 0.2),
]


@pytest.mark.parametrize(("encoding", "held"), HELD_SECONDS)
def test_no_more_is_held_back_than_a_listener_would_notice(encoding: Encoding, held: float) -> None:
    """Opus left in pages of a second."""
    block, rate = 480, FORMAT.sample_rate
    encoder = new_encoder(encoding)
    encoder.feed(b"")  # the head of the file
    ready = [bool(encoder.feed(PCM[2 * start : 2 * (start + block)])) for start in range(0, rate, block)]
    places = [0, *(block * number for number, is_ready in enumerate(ready, 1) if is_ready)]
    longest = max(later - place for place, later in pairwise(places))
    assert longest / rate <= held + block / rate
    assert rate - places[-1] <= (held + block / rate) * rate


@pytest.mark.parametrize("encoding", ["wav", "pcm"])
def test_no_sound_at_all_is_an_empty_file(encoding: Encoding) -> None:
    encoder = new_encoder(encoding)
    assert len(decoded(encoder.feed(b"") + encoder.flush(), encoding)) == 0


def test_a_wav_file_that_streams_says_that_nobody_knows_its_length() -> None:
    header = new_encoder("wav").feed(b"")
    assert header[4:8] == header[40:44] == b"\xff\xff\xff\xff"


def test_a_whole_wav_file_says_its_length() -> None:
    """Strict readers take nothing else."""
    with wave.open(io.BytesIO(encoded(PCM, "wav"))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(file.getnframes()) == PCM


@pytest.mark.parametrize(
    ("encoding", "package"), [("mp3", "lameenc"), ("flac", "soundfile"), ("opus", "soundfile"), ("aac", "av")]
)
def test_a_package_that_is_missing_is_named(encoding: str, package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import asyncio\n"
        "from voicebot.server.openai.sound import Refusal, sound_in\n"
        "try:\n"
        f"    asyncio.run(sound_in({encoding!r}, param='response_format'))\n"
        "except Refusal as refusal:\n"
        "    print(refusal.status, refusal.param, refusal.message)\n"
        "    print(refusal.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message = f"response_format: {encoding} needs the package {package} on the server"
    refused, hint = done.stdout.splitlines()
    assert refused == f"400 response_format {message}"
    assert "install" in hint
    assert hint.endswith("or ask for mp3, opus, flac, wav or pcm" if encoding == "aac" else "or ask for wav")
