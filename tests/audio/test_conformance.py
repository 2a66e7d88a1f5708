"""What every audio output promises, whatever it is.

A new output needs one more line in `OUTPUTS`: an async context manager that yields it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
import trio
from trio.testing import MockClock

from tests.audio.clips import clip_of, noise
from tests.audio.conftest import loudspeaker_of
from tests.audio.remote_client import FakeClient, open_with
from tests.audio.websocket_listener import open_websocket
from tests.null_sink import MISSING, RATE, null_sink
from voicebot.audio.portaudio import open_device
from voicebot.audio.silent import open_silent
from voicebot.audio.wav_file import open_wav
from voicebot.config.models import AudioDevice, AudioSilent, AudioWav
from voicebot.protocols import AudioOutput, Playback
from voicebot.speech import AudioFormat, Clip

Body = Callable[[AudioOutput], Awaitable[None]]
Opener = Callable[[Path], AbstractAsyncContextManager[AudioOutput]]

SETTLED_SECONDS = 0.4
"""By then nothing more of what had left is heard, whatever the output's latency."""


@asynccontextmanager
async def device(_: Path) -> AsyncIterator[AudioOutput]:
    async with open_device(AudioDevice(kind="device", device="pulse"), AudioFormat(RATE)) as output:
        yield output


@asynccontextmanager
async def wav(folder: Path, *, realtime: bool) -> AsyncIterator[AudioOutput]:
    async with open_wav(AudioWav(kind="wav", path=str(folder / "speech.wav"), realtime=realtime)) as output:
        yield output


@asynccontextmanager
async def silent(_: Path, *, realtime: bool) -> AsyncIterator[AudioOutput]:
    async with open_silent(AudioSilent(kind="silent", realtime=realtime)) as output:
        yield output


@asynccontextmanager
async def remote(_: Path) -> AsyncIterator[AudioOutput]:
    async with open_with(FakeClient(report_every=3, delay=0.001)) as output:
        yield output


@asynccontextmanager
async def websocket(_: Path) -> AsyncIterator[AudioOutput]:
    async with open_websocket() as output:
        yield output


OUTPUTS: dict[str, tuple[Opener, tuple[str, ...]]] = {
    "device": (device, ("asyncio", "trio")),
    "wav-realtime": (partial(wav, realtime=True), ("asyncio", "virtual time")),
    "wav": (partial(wav, realtime=False), ("asyncio", "virtual time")),
    "silent-realtime": (partial(silent, realtime=True), ("asyncio", "virtual time")),
    "silent": (partial(silent, realtime=False), ("asyncio", "virtual time")),
    "remote": (remote, ("asyncio", "virtual time")),
    "websocket": (websocket, ("asyncio",)),
}
"""How each is opened, and in which times it is tried: those of the event loops, or trio's with a clock that jumps."""


@pytest.fixture(scope="module")
def loudspeaker() -> Iterator[None]:
    """One null sink for all tests of this module."""
    if MISSING:
        pytest.skip(MISSING)
    with null_sink() as sink, loudspeaker_of(sink):
        yield


@pytest.fixture(params=[(name, time) for name, (_, times) in OUTPUTS.items() for time in times], ids=" in ".join)
def on_output(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Body], None]:
    """Lets a body run with the output open; no test takes longer than 20 seconds of its time."""
    name, time = request.param
    if name == "device":
        request.getfixturevalue("loudspeaker")

    def run(body: Body) -> None:
        async def opened() -> None:
            with anyio.fail_after(20):
                async with OUTPUTS[name][0](tmp_path) as output:
                    await body(output)

        if time == "virtual time":
            trio.run(opened, clock=MockClock(autojump_threshold=0))
        else:
            anyio.run(opened, backend=time)

    return run


Run = Callable[[Body], None]


FORMAT = AudioFormat(24_000)


def clip(seconds: float, format: AudioFormat = FORMAT) -> Clip:
    frames = round(seconds * format.sample_rate)
    return clip_of(noise(1, frames * format.channels).tobytes(), format)


def heard(playbacks: list[Playback]) -> list[float]:
    return [playback.heard_seconds() for playback in playbacks]


async def ends(playback: Playback, within: float) -> bool:
    with anyio.move_on_after(within) as patience:
        await playback.finished()
    return not patience.cancelled_caught


def test_clips_are_heard_in_order_and_to_their_end(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        lengths = [0.3, 0.05, 0.2, 0.1]
        playbacks = [await output.play(clip(length)) for length in lengths]
        moments: list[float] = []
        for playback, length in zip(playbacks, lengths, strict=True):
            moments += [await playback.started(), await playback.finished()]
            assert playback.heard_seconds() == length
        assert moments == sorted(moments)
        assert moments[-1] <= anyio.current_time()

    on_output(body)


def test_clips_that_come_in_time_follow_each_other_without_a_gap(on_output: Run) -> None:
    """A file that is written as fast as it can be has no time of its own: what comes between two clips there is how
    long the machine took to write the first, which was 2 ms on a busy one."""

    async def body(output: AudioOutput) -> None:
        first, second = await output.play(clip(1.0)), await output.play(clip(0.1))
        between = await second.started() - await first.finished()
        assert between == pytest.approx(0.0, abs=0.001) if output.realtime else between >= 0

    on_output(body)


def test_what_is_heard_grows_to_the_length_of_the_clip_and_never_falls(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        playbacks = [await output.play(clip(0.3)), await output.play(clip(0.2))]
        before = [0.0, 0.0]
        while not await ends(playbacks[1], within=0.01):
            now = heard(playbacks)
            for i, length in enumerate((0.3, 0.2)):
                assert before[i] - 1e-9 <= now[i] <= length
            assert now[1] == 0 or now[0] == 0.3
            before = now
        assert heard(playbacks) == [0.3, 0.2]

    on_output(body)


def test_clips_of_any_format_are_heard_in_their_own_length(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        formats = [AudioFormat(24_000), AudioFormat(48_000, 2), AudioFormat(22_050), AudioFormat(44_100)]
        clips = [clip(0.1, format) for format in formats]
        playbacks = [await output.play(each) for each in clips]
        await output.drain()
        later = clip(0.1, AudioFormat(16_000))
        playbacks.append(await output.play(later))
        await output.drain()
        assert heard(playbacks) == [each.seconds for each in [*clips, later]]

    on_output(body)


def test_clips_are_taken_no_faster_than_they_are_heard(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        with anyio.move_on_after(0.3 if output.realtime else 30) as full:
            for _ in range(5):
                await output.play(clip(30.0))
        assert full.cancelled_caught == output.realtime

    on_output(body)


def test_drain_returns_when_all_was_heard(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        playbacks = [await output.play(clip(0.2)), await output.play(clip(0.3))]
        await output.drain()
        assert heard(playbacks) == [0.2, 0.3]
        assert await ends(playbacks[1], within=10)

    on_output(body)


def test_turn_after_turn_is_heard(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        for _ in range(3):
            playback = await output.play(clip(0.1))
            await output.drain()
            assert playback.heard_seconds() == 0.1

    on_output(body)


def test_an_output_without_a_clip_can_do_it_all(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        assert output.name
        for _ in range(2):
            output.resume()
            output.pause()
            output.pause()
            await output.drain()
            output.resume()
            output.resume()
            output.abort()
            output.abort()
            await output.drain()
        playback = await output.play(clip(0.1))
        await output.drain()
        assert playback.heard_seconds() == 0.1

    on_output(body)


def test_abort_keeps_what_was_heard_and_ends_what_waits(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        playbacks = [await output.play(clip(10.0)), await output.play(clip(10.0))]
        await playbacks[0].started()
        await anyio.sleep(0.2)
        output.abort()
        kept = heard(playbacks)
        for playback in playbacks:
            assert await playback.started() <= await playback.finished() <= anyio.current_time()
        await anyio.sleep(SETTLED_SECONDS)
        assert heard(playbacks) == kept
        if output.realtime:
            assert kept[0] < 10.0
            assert kept[1] == 0.0

    on_output(body)


def test_after_abort_the_next_turn_is_heard_and_nothing_old(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        old = [await output.play(clip(10.0)), await output.play(clip(10.0))]
        output.abort()
        kept = heard(old)
        new = await output.play(clip(0.2))
        await output.drain()
        assert new.heard_seconds() == 0.2
        assert heard(old) == kept

    on_output(body)


def test_in_a_pause_nothing_is_heard_and_nothing_ends(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        playbacks = [await output.play(clip(2.0)), await output.play(clip(0.2))]
        await playbacks[0].started()
        before = heard(playbacks)
        output.pause()
        assert all(then - 1e-9 <= now for then, now in zip(before, heard(playbacks), strict=True))
        await anyio.sleep(SETTLED_SECONDS)
        held = heard(playbacks)
        for _ in range(2):
            assert await ends(playbacks[0], within=0.15 if output.realtime else 10) != output.realtime
        assert heard(playbacks) == held
        output.resume()
        assert await playbacks[0].started() <= await playbacks[0].finished() <= await playbacks[1].started()
        await output.drain()
        assert heard(playbacks) == [2.0, 0.2]

    on_output(body)


def test_what_is_queued_in_a_pause_is_heard_behind_it(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        output.pause()
        playback = await output.play(clip(0.2))
        assert not await ends(playback, within=SETTLED_SECONDS)
        assert playback.heard_seconds() == 0.0
        with anyio.move_on_after(0.1) as waiting:
            await output.drain()
        assert waiting.cancelled_caught
        resumed = anyio.current_time()
        output.resume()
        assert resumed <= await playback.started()
        await output.drain()
        assert playback.heard_seconds() == 0.2

    on_output(body)


def test_pauses_of_any_length_lose_nothing(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        playbacks = [await output.play(clip(0.3)), await output.play(clip(0.2))]
        before = heard(playbacks)
        for pause in (0.0, 0.01, 0.3):
            output.pause()
            await anyio.sleep(pause)
            output.resume()
            await anyio.sleep(0.1)
            now = heard(playbacks)
            assert all(then - 1e-9 <= so_far for then, so_far in zip(before, now, strict=True))
            before = now
        await output.drain()
        assert heard(playbacks) == [0.3, 0.2]

    on_output(body)


def test_an_output_tells_how_long_it_was_paused(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        began = anyio.current_time()
        assert output.paused_seconds() == 0
        told = [0.0]
        for end in (output.resume, output.abort):
            output.pause()
            output.pause()
            await anyio.sleep(0.1)
            told.append(output.paused_seconds())
            end()
            assert told[-1] <= output.paused_seconds()
            told.append(output.paused_seconds())
            await anyio.sleep(0.1)
            assert output.paused_seconds() == told[-1]
        assert told == sorted(told)
        assert 0.2 - 1e-9 <= told[-1] <= anyio.current_time() - began - 0.2 + 1e-9

    on_output(body)


def test_abort_ends_a_pause(on_output: Run) -> None:
    async def body(output: AudioOutput) -> None:
        old = await output.play(clip(10.0))
        await old.started()
        output.pause()
        await anyio.sleep(SETTLED_SECONDS)
        held = old.heard_seconds()
        output.abort()
        assert await ends(old, within=5)
        new = await output.play(clip(0.2))
        await output.drain()
        assert (old.heard_seconds(), new.heard_seconds()) == (held, 0.2)

    on_output(body)
