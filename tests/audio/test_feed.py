"""The queue of a sound device, on a device whose time we make ourselves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.audio.portaudio.feed import DevicePlayback, Feed
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat

RATE = 1000
FORMAT = AudioFormat(RATE)


class Device:
    """Takes blocks of `frames` so that `depth` of them are always in its buffer, and plays them one by one."""

    def __init__(self, *, frames: int = 20, depth: int = 3) -> None:
        self.now = 0.0
        self.feed = Feed(FORMAT, device_name="test", call=self._call, clock=lambda: self.now)
        self.frames, self.depth = frames, depth
        self.taken = bytearray()
        """All that was written since the start, 0 for silence."""
        self.played: list[int] = []
        """What it had played when it was started anew."""
        self.began = 0.0

    def _call(self, call: Callable[[], object]) -> None:
        call()

    def start(self) -> None:
        """Begin with the buffer full."""
        self.taken.clear()
        self.began = self.now
        self.feed.begin()
        for _ in range(self.depth):
            self._take(None)

    def run(self, seconds: float) -> None:
        """Play that long."""
        end = self.now + seconds
        while (due := self.began + len(self.taken) // 2 / RATE - (self.depth - 1) * self.frames / RATE) <= end:
            self.now = max(self.now, due)
            self._take(self.began + len(self.taken) // 2 / RATE - self.now)
        self.now = end

    def pause(self) -> None:
        self.feed.paused = True

    def resume(self, *, anew: bool) -> None:
        """Go on, in a stream that is started `anew` if all that this one had taken is heard."""
        if anew and self.now > self.feed.audible_until:
            self.played += self._played()
            self.feed.paused = False
            self.start()
        self.feed.paused = False

    def _take(self, delay: float | None) -> None:
        out = bytearray(2 * self.frames)
        self.feed.fill(out, self.frames, self.now, delay)
        assert len(out) == 2 * self.frames
        self.taken += out

    def samples(self) -> list[int]:
        """What it was given."""
        return list(memoryview(bytes(self.taken)).cast("h"))

    def heard(self) -> list[int]:
        """What it has played, without silence."""
        return [sample for sample in self.played + self._played() if sample]

    def _played(self) -> list[int]:
        return self.samples()[: math.floor((self.now - self.began) * RATE + 1e-6)]


def clip(device: Device, first: int, frames: int) -> DevicePlayback:
    """Queue samples `first`, `first` + 1, …"""
    pcm = b"".join(value.to_bytes(2, "little") for value in range(first, first + frames))
    return device.feed.append(pcm, frames / RATE)


def test_clips_follow_each_other_sample_by_sample_and_their_moments_too() -> None:
    device = Device()
    playbacks = [clip(device, 1, 77), clip(device, 78, 5), clip(device, 83, 200)]
    device.start()
    device.run(1.0)
    assert device.samples()[:282] == list(range(1, 283))
    assert [playback.starts for playback in playbacks] == pytest.approx([0.0, 0.077, 0.082])
    assert [playback.stretches[-1][1] for playback in playbacks] == pytest.approx([0.077, 0.082, 0.282])


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 150), min_size=1, max_size=5),
    frames=st.integers(1, 40),
    depth=st.integers(1, 6),
    waits=st.lists(st.integers(0, 120), max_size=8),
)
def test_a_clip_has_been_heard_as_far_as_the_device_has_played_it(
    lengths: list[int], frames: int, depth: int, waits: list[int]
) -> None:
    device = Device(frames=frames, depth=depth)
    playbacks = [clip(device, 1 + sum(lengths[:i]), length) for i, length in enumerate(lengths)]
    device.start()
    before = 0.0
    for wait in [*waits, 2000]:
        device.run(wait / RATE)
        heard = sum(playback.heard_seconds() for playback in playbacks)
        assert heard >= before
        assert heard * RATE == pytest.approx(len(device.heard()), abs=1e-6)
        before = heard
    assert [playback.heard_seconds() for playback in playbacks] == [length / RATE for length in lengths]
    assert device.heard() == list(range(1, 1 + sum(lengths)))


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 150), min_size=1, max_size=5),
    frames=st.integers(1, 40),
    depth=st.integers(1, 6),
    waits=st.lists(st.integers(0, 150), max_size=6),
)
def test_a_device_that_takes_the_place_of_another_plays_all_that_was_not_heard_and_nothing_twice(
    lengths: list[int], frames: int, depth: int, waits: list[int]
) -> None:
    device = Device(frames=frames, depth=depth)
    playbacks = [clip(device, 1 + sum(lengths[:i]), length) for i, length in enumerate(lengths)]
    device.start()
    for wait in [*waits, 2000]:
        device.run(wait / RATE)
        before = [playback.heard_seconds() for playback in playbacks]
        device.played = device.heard()
        device.feed.rewind(device.now)
        assert [playback.heard_seconds() for playback in playbacks] == pytest.approx(before)
        device.start()
    assert device.heard() == list(range(1, 1 + sum(lengths)))
    assert [playback.heard_seconds() for playback in playbacks] == [length / RATE for length in lengths]


Step = Literal["pause", "resume", "resume anew"]


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 150), min_size=1, max_size=5),
    frames=st.integers(1, 40),
    depth=st.integers(1, 6),
    steps=st.lists(st.tuples(st.sampled_from(get_args(Step)), st.integers(0, 150)), max_size=12),
)
def test_pauses_lose_and_repeat_no_frame_and_nothing_is_heard_by_the_time_that_passes(
    lengths: list[int], frames: int, depth: int, steps: list[tuple[Step, int]]
) -> None:
    device = Device(frames=frames, depth=depth)
    playbacks = [clip(device, 1 + sum(lengths[:i]), length) for i, length in enumerate(lengths)]
    device.start()
    before = 0.0
    for step, wait in [*steps, ("resume", 2000)]:
        if step == "pause":
            device.pause()
        else:
            device.resume(anew=step == "resume anew")
        device.run(wait / RATE)
        heard = sum(playback.heard_seconds() for playback in playbacks)
        assert heard >= before
        assert heard * RATE == pytest.approx(len(device.heard()), abs=1e-6)
        before = heard
    assert device.heard() == list(range(1, 1 + sum(lengths)))
    assert [playback.heard_seconds() for playback in playbacks] == [length / RATE for length in lengths]
    for playback in playbacks:
        assert playback.starts <= playback.stretches[-1][1]


def test_what_was_heard_when_the_stream_stops_stays() -> None:
    device = Device()
    first, second, third = clip(device, 1, 100), clip(device, 101, 100), clip(device, 201, 100)
    device.start()
    device.run(0.15)
    device.feed.stop()
    device.run(0.0)
    device.now += 5.0
    assert [p.heard_seconds() for p in (first, second, third)] == pytest.approx([0.1, 0.05, 0.0])
    assert device.feed.all_heard()


def test_a_clip_for_a_device_that_went_away_is_an_error() -> None:
    device = Device()
    playing = clip(device, 1, 100)
    device.start()
    device.run(0.03)
    device.feed.lose()
    assert playing.heard_seconds() == pytest.approx(0.03)
    with pytest.raises(AudioError, match="test went away"):
        clip(device, 101, 100)
