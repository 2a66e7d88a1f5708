"""What a remote output promises: little is out, only reports count, and nobody waits for a listener who is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.clips import clip_of, noise
from tests.audio.remote_client import FakeClient, open_with
from tests.virtual_time import in_virtual_time
from voicebot.audio.remote import (
    AudioBegin,
    AudioBlock,
    AudioEnd,
    Flush,
    Pause,
    RemoteMessage,
    RemotePlayback,
    Resume,
    open_remote,
)
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat, Clip

FORMAT = AudioFormat(24_000)


def clip(seed: int, seconds: float, format: AudioFormat = FORMAT) -> Clip:
    frames = round(seconds * format.sample_rate)
    return clip_of(noise(seed, frames * format.channels).tobytes(), format)


async def heard_of_nobody(message: RemoteMessage) -> None:
    """A listener who takes everything and reports nothing."""


# ---------------------------------------------------------------- frames out


def test_a_clip_goes_out_in_blocks_of_whole_frames_one_behind_the_other() -> None:
    client = FakeClient()
    clips = [clip(1, 0.5), clip(2, 0.3, AudioFormat(44_100, 2)), clip(3, 0.013, AudioFormat(22_050))]

    async def body() -> None:
        async with open_with(client) as output:
            for each in clips:
                await output.play(each)
            await output.drain()

    in_virtual_time(body)
    for number, each in enumerate(clips):
        mine = [m for m in client.received if not isinstance(m, Pause | Resume) and m.number == number]
        begin, *blocks, end = mine
        assert begin == AudioBegin(number, each)
        assert end == AudioEnd(number, each.frames)
        pcm = b""
        for block in blocks:
            assert isinstance(block, AudioBlock)
            assert block.first_frame == len(pcm) // each.format.frame_bytes
            assert 0 < len(block.pcm) / each.format.frame_bytes / each.format.sample_rate <= 0.04
            pcm += block.pcm
        assert pcm == each.pcm == client.heard[number]


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.floats(0.01, 4.0), min_size=1, max_size=6),
    ahead=st.floats(0.05, 3.0),
    report_every=st.integers(1, 6),
    delay=st.floats(0.0, 0.02),
)
def test_never_more_is_out_than_may_be_ahead_and_all_of_it_is_heard(
    lengths: list[float], ahead: float, report_every: int, delay: float
) -> None:
    client = FakeClient(report_every=report_every, delay=delay)
    if ahead < 0.04 * report_every + 0.04:
        ahead += 0.04 * report_every

    async def body() -> list[float]:
        async with open_with(client, ahead_seconds=ahead) as output:
            playbacks = [await output.play(clip(i, length)) for i, length in enumerate(lengths)]
            await output.drain()
            return [playback.heard_seconds() for playback in playbacks]

    heard = in_virtual_time(body)
    assert client.ahead <= ahead + 1e-9
    assert heard == [clip(i, length).seconds for i, length in enumerate(lengths)]
    assert [client.heard[i] for i in range(len(lengths))] == [clip(i, length).pcm for i, length in enumerate(lengths)]


def test_a_listener_who_takes_nothing_holds_back_the_next_clips() -> None:
    async def body() -> None:
        async def stalls(_: RemoteMessage) -> None:
            await anyio.sleep_forever()

        async with open_remote(stalls, name="stalled") as output:
            await output.play(clip(1, 1.0))
            with anyio.move_on_after(60) as waiting:
                await output.play(clip(2, 1.0))
            assert waiting.cancelled_caught

    in_virtual_time(body)


# ---------------------------------------------------------------- played in


def test_clips_that_are_there_in_time_follow_each_other_without_a_gap() -> None:
    """Reports come every 240 ms and late: their jitter is not silence."""

    async def body() -> None:
        async with open_with(FakeClient(report_every=6, delay=0.01)) as output:
            first, second = await output.play(clip(1, 0.5)), await output.play(clip(2, 0.5))
            assert await first.finished() == await second.started()
            await second.finished()
            await anyio.sleep(0.7)
            third = await output.play(clip(3, 0.5))
            assert await third.started() - await second.finished() == pytest.approx(0.72, abs=0.05)

    in_virtual_time(body)


Reported = tuple[int, int]


@settings(deadline=None)
@given(reports=st.lists(st.tuples(st.integers(-3, 5), st.integers(-(10**6), 10**6)), max_size=30))
def test_whatever_is_reported_heard_never_falls_nor_exceeds_what_was_sent(reports: list[Reported]) -> None:
    sent = [0, 0, 0]

    async def send(message: RemoteMessage) -> None:
        if isinstance(message, AudioBlock):
            sent[message.number] += len(message.pcm) // 2

    async def body() -> None:
        async with open_remote(send, name="liar", ahead_seconds=0.5) as output:
            playbacks: list[RemotePlayback] = []
            async with anyio.create_task_group() as tasks:

                async def play_all() -> None:
                    for i in range(3):
                        playback = await output.play(clip(i, 0.8))
                        playbacks.append(playback)

                tasks.start_soon(play_all)
                before = [0.0, 0.0, 0.0]
                for number, frame in reports:
                    await anyio.wait_all_tasks_blocked()
                    output.played(number, frame)
                    heard = [playback.heard_seconds() for playback in playbacks] + [0.0] * (3 - len(playbacks))
                    for i in range(3):
                        assert before[i] <= heard[i] <= sent[i] / FORMAT.sample_rate
                    before = heard
                tasks.cancel_scope.cancel()

    in_virtual_time(body)


def test_what_is_reported_of_an_earlier_turn_is_not_heard_of_this_one() -> None:
    async def body() -> None:
        async with open_remote(heard_of_nobody, name="late") as output:
            first = await output.play(clip(1, 1.0))
            await anyio.sleep(0.1)
            output.played(0, 2_400)
            output.abort()
            second = await output.play(clip(2, 1.0))
            await anyio.sleep(0.1)
            output.played(0, 12_000)
            assert (first.heard_seconds(), second.heard_seconds()) == (0.1, 0.0)

    in_virtual_time(body)


# ---------------------------------------------------------------- nothing is heard of the listener


def test_without_reports_nothing_is_heard_and_nobody_waits() -> None:
    async def body() -> None:
        async with open_remote(heard_of_nobody, name="mute") as output:
            first, second = await output.play(clip(1, 1.0)), await output.play(clip(2, 30.0))
            began = anyio.current_time()
            assert await first.started() <= await first.finished()
            assert anyio.current_time() - began == pytest.approx(1.0 + 2.0)
            await second.finished()
            assert anyio.current_time() - began < 3.0 + 2.0 + 2.0, "all that may be ahead, and the patience"
            assert (first.heard_seconds(), second.heard_seconds()) == (0.0, 0.0)
            await output.drain()

    in_virtual_time(body)


def test_a_report_that_came_while_this_process_stood_still_counts() -> None:
    """Behind ten seconds without a processor the clip was given up, and its rest flushed, with its reports unread."""

    async def body() -> None:
        async with open_remote(heard_of_nobody, name="page") as output:
            playback = await output.play(clip(1, 1.0))
            await anyio.sleep(0.1)
            clock = trio.lowlevel.current_clock()
            assert isinstance(clock, trio.testing.MockClock)
            clock.jump(10.0)
            for _ in range(20):  # until the connection is read
                await anyio.lowlevel.checkpoint()
            assert output.played(0, playback.clip.frames)
            assert playback.heard_seconds() == playback.clip.seconds

    in_virtual_time(body)


def test_a_clip_whose_last_report_is_missing_is_heard_as_far_as_reported_and_does_not_disturb_the_next() -> None:
    class Forgetful(FakeClient):
        async def play(self, report: Callable[[int, int], object]) -> None:
            await super().play(lambda number, frame: report(number, min(frame, 12_000) if number == 0 else frame))

    client = Forgetful()

    async def body() -> None:
        async with open_with(client) as output:
            first, second = await output.play(clip(1, 1.0)), await output.play(clip(2, 5.0))
            began = anyio.current_time()
            await first.finished()
            assert anyio.current_time() - began <= 0.5 + 0.5 + 2.0 + 0.1
            await second.finished()
            assert (first.heard_seconds(), second.heard_seconds()) == (0.5, 5.0)

    in_virtual_time(body)
    assert client.heard[1] == clip(2, 5.0).pcm


def test_a_listener_who_comes_to_life_again_hears_what_comes_then_and_nothing_old() -> None:
    client = FakeClient()

    async def body() -> None:
        async with open_with(client, plays=False) as output:
            await (await output.play(clip(1, 1.0))).finished()
            await anyio.wait_all_tasks_blocked()
            assert Flush(0) in client.received
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.play, output.played)
                second = await output.play(clip(2, 1.0))
                await second.finished()
                assert second.heard_seconds() == 1.0
                tasks.cancel_scope.cancel()

    in_virtual_time(body)
    assert list(client.heard) == [1]


# ---------------------------------------------------------------- pause, abort, good-bye


def test_a_pause_is_told_and_no_clip_is_given_up_in_it() -> None:
    client = FakeClient()

    async def body() -> None:
        async with open_with(client) as output:
            playback = await output.play(clip(1, 3.0))
            await anyio.sleep(1.0)
            output.pause()
            await anyio.sleep(100)
            sent = len(client.received)
            await anyio.sleep(100)
            assert len(client.received) == sent
            assert playback.heard_seconds() == pytest.approx(1.0, abs=0.05)
            output.resume()
            assert await playback.finished() - await playback.started() == pytest.approx(203.0, abs=0.1)
            assert playback.heard_seconds() == 3.0

    in_virtual_time(body)
    assert client.of(Pause) == [Pause()]
    assert client.of(Resume) == [Resume()]
    assert client.heard[0] == clip(1, 3.0).pcm


def test_abort_flushes_what_is_out_and_ends_a_pause_there() -> None:
    client = FakeClient()

    async def body() -> None:
        async with open_with(client) as output:
            await output.play(clip(1, 1.0))
            await output.play(clip(2, 30.0))
            await anyio.sleep(0.5)
            output.pause()
            await anyio.sleep(1)
            output.abort()
            third = await output.play(clip(3, 1.0))
            await third.finished()
            assert third.heard_seconds() == 1.0

    in_virtual_time(body)
    assert client.of(Flush) == [Flush(1)]
    assert client.received[client.received.index(Flush(1)) + 1] == Resume()
    assert client.heard[1] == b""
    assert client.heard[2] == clip(3, 1.0).pcm


@pytest.mark.parametrize("goes", ["told", "found out"])
def test_a_listener_who_goes_away_ends_what_waits_with_an_error(goes: str) -> None:
    async def body() -> None:
        gone = anyio.Event()

        async def send(message: RemoteMessage) -> None:  # noqa: ARG001 - a listener elsewhere
            if gone.is_set():
                raise AudioError("the browser has gone", hint="open the page again")

        async with open_remote(send, name="browser") as output:
            ended: list[str] = []

            async def expect_error(wait: Callable[[], Awaitable[object]]) -> None:
                with pytest.raises(AudioError, match="browser has gone") as raised:
                    await wait()
                ended.append(raised.value.hint)

            playback = await output.play(clip(1, 10.0))
            await output.play(clip(2, 10.0))
            async with anyio.create_task_group() as tasks:
                for wait in (playback.finished, output.drain, lambda: output.play(clip(3, 10.0))):
                    tasks.start_soon(expect_error, wait)
                await anyio.wait_all_tasks_blocked()
                output.played(0, 24_000)
                gone.set()
                if goes == "told":
                    output.close(AudioError("the browser has gone", hint="open the page again"))
            assert ended == ["open the page again"] * 3
            assert playback.heard_seconds() == 1.0
            await expect_error(lambda: output.play(clip(4, 1.0)))
            output.pause()
            output.resume()
            output.abort()

    in_virtual_time(body)


@pytest.mark.anyio
async def test_the_end_of_the_block_ends_what_waits() -> None:
    ended: list[str] = []

    async def wait(playback: RemotePlayback) -> None:
        with pytest.raises(AudioError) as raised:
            await playback.finished()
        ended.append(raised.value.message)

    async with anyio.create_task_group() as tasks, open_remote(heard_of_nobody, name="page") as output:
        tasks.start_soon(wait, await output.play(clip(1, 1.0)))
        await anyio.wait_all_tasks_blocked()
    assert ended == ["page has gone away"]
