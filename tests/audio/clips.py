"""Clips that can be told apart, and where a recording holds them."""

from __future__ import annotations

import subprocess

import numpy as np
import numpy.typing as npt

from tests.null_sink import RATE, NullSink, Samples, best_match, wait_until
from voicebot.speech import AudioFormat, Clip, Span, Utterance


def noise(seed: int, frames: int) -> npt.NDArray[np.int16]:
    """Noise that is unlike that of any other seed."""
    return np.random.default_rng(seed).integers(-9000, 9000, frames, dtype=np.int16)


def noise_clip(seed: int, seconds: float, sample_rate: int = RATE) -> Clip:
    """The clip `seed`."""
    return clip_of(noise(seed, round(seconds * sample_rate)).tobytes(), AudioFormat(sample_rate))


def clip_of(pcm: bytes, format: AudioFormat) -> Clip:
    """A clip of some utterance."""
    return Clip(Utterance(0, (Span("a", "a", "a"),), 0, 1), pcm, format)


def settle(sink: NullSink) -> Samples:
    """The recording, when it has all that was played before now."""
    frames = len(sink.samples()) + RATE // 5
    wait_until(lambda: len(sink.samples()) >= frames, "the recording stopped")
    return sink.samples()


def open_streams(sink: NullSink) -> int:
    """How many streams the sound server has, playing or not."""
    listed = subprocess.run(
        ["pactl", "list", "short", "sink-inputs"], env=sink.environment, capture_output=True, text=True, check=True
    )
    return len(listed.stdout.splitlines())


def assert_heard(recording: Samples, seed: int, seconds: float, *, likeness: float = 0.99) -> int:
    """The frame at which all of the clip `seed` was heard."""
    at, match = best_match(recording, noise(seed, round(seconds * RATE)) / 32768)
    assert match > likeness, f"clip {seed} is damaged or lost: {match:.3f}"
    return at
