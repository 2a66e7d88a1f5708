"""What a sound device promises, on a real sound server whose loudspeaker is a recording."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audio.clips import assert_heard, noise, open_streams, settle
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import MISSING, RATE, NullSink, Samples, best_match, null_sink, sounds, wait_until

ROOT = Path(__file__).parents[2]
on_null_sink = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

Said = dict[str, Any]  # Any: JSON
Step = tuple[object, ...]


@pytest.fixture
def sink() -> Iterator[NullSink]:
    with null_sink() as sink:
        yield sink


class Player:
    """tests/audio/player.py at work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[Said] = []

    def until(self, key: str) -> Said:
        """Read on until it says `key`."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(json.loads(line))
            if key in self.said[-1]:
                return self.said[-1]
        raise AssertionError(f"never said {key!r}: {self.said}")

    def tell(self) -> None:
        """Let it go on."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def to_the_end(self) -> list[Said]:
        """All it says; nothing on standard error."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.said += [json.loads(line) for line in out.splitlines()]
        assert err == ""
        assert self.process.returncode == 0
        return self.said

    def one(self, key: str) -> Said:
        return next(said for said in self.said if key in said)


@contextmanager
def player(
    environment: dict[str, str],
    *steps: Step,
    backend: str = "asyncio",
    latency: float = 0.15,
    folder: Path = ROOT,
    **plan: object,
) -> Iterator[Player]:
    audio = {"kind": "device", "latency_seconds": latency, "device": "pulse"}
    plan = {"backend": backend, "audio": audio, "sample_rate": RATE, "steps": steps, **plan}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.audio.player", json.dumps(plan)],
        env={**environment, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Player(process)
        finally:
            process.kill()


def played(sink: NullSink, *steps: Step, backend: str = "asyncio", latency: float = 0.15) -> tuple[Player, Samples]:
    """Let `steps` be played to the end; return what was said, and heard."""
    with player(sink.environment, *steps, backend=backend, latency=latency) as program:
        program.to_the_end()
    return program, settle(sink)


@on_null_sink
@pytest.mark.parametrize("latency", [0.2, 0.5])
def test_clips_that_are_ready_in_time_follow_each_other_without_a_single_sample_between(
    sink: NullSink, anyio_backend: str, latency: float
) -> None:
    lengths = [0.8, 0.25, 0.6, 0.013, 0.3, 0.5]  # the first is longer than the deepest buffer and its last period
    steps = [("play", seed, seconds) for seed, seconds in enumerate(lengths)]
    _, heard = played(sink, *steps, ("drain",), backend=anyio_backend, latency=latency)
    places = [assert_heard(heard, seed, seconds) for seed, seconds in enumerate(lengths)]
    assert np.diff(places).tolist() == [round(seconds * RATE) for seconds in lengths[:-1]]


@on_null_sink
@pytest.mark.parametrize("latency", [0.05, 0.5])
def test_nothing_of_the_tail_is_lost_however_deep_the_buffer(sink: NullSink, latency: float) -> None:
    """On a busy machine a block of a shallow buffer comes too late: a hole further ahead is not the tail's loss."""
    _, heard = played(sink, ("play", 1, 0.7), ("drain",), latency=latency)
    tail = RATE // 50  # shorter than any block
    at, match = best_match(heard, noise(1, round(0.7 * RATE))[-tail:] / 32768)
    assert match > 0.99
    assert sounds(heard)[-1][1] - (at + tail - 1) == pytest.approx(0, abs=5)
    if latency == 0.5:  # which no machine outlasts
        assert_heard(heard, 1, 0.7)


@on_null_sink
def test_the_first_sound_does_not_wait_for_the_depth_of_the_buffer(sink: NullSink) -> None:
    program, heard = played(sink, ("sleep", 0.3), ("play", 1, 0.5), ("finish",), ("drain",), latency=0.5)
    sounded = sink.moment(sounds(heard)[0][0])
    assert sounded - program.one("enqueued")["at"] < 0.4
    assert program.one("started")["started"][0] == pytest.approx(sounded, abs=0.1)


@on_null_sink
def test_moments_are_those_at_which_the_clips_are_heard(sink: NullSink, anyio_backend: str) -> None:
    steps = [("play", 1, 0.5), ("play", 2, 0.5), ("finish",), ("drain",)]
    program, heard = played(sink, *steps, backend=anyio_backend)
    (start, end), moments = sounds(heard)[0], program.one("finished")
    assert moments["started"][0] == pytest.approx(sink.moment(start), abs=0.1)
    assert moments["finished"][1] == pytest.approx(sink.moment(end), abs=0.1)
    assert moments["finished"][0] == pytest.approx(moments["started"][1], abs=1e-6)


@on_null_sink
@pytest.mark.parametrize("latency", [0.05, 0.5])
def test_abort_is_silence_at_once_and_what_was_heard_is_known(
    sink: NullSink, anyio_backend: str, latency: float
) -> None:
    steps = [("play", 1, 1.0), ("play", 2, 3.0), ("sleep", 1.2), ("abort",), ("heard",), ("sleep", 0.8), ("heard",)]
    program, heard = played(sink, *steps, backend=anyio_backend, latency=latency)
    audible = sounds(heard)  # with holes, where the machine was too busy for a shallow buffer
    assert sink.moment(audible[-1][1]) - program.one("aborting")["at"] < 0.3
    first, second = program.one("heard")["heard"]
    assert first == 1.0
    assert first + second == pytest.approx(sum(end - start for start, end in audible) / RATE, abs=0.15)
    assert program.said[-1]["heard"] == [first, second]


@on_null_sink
def test_a_first_clip_shorter_than_the_buffer_costs_the_next_one_no_whole_buffer(sink: NullSink) -> None:
    """What the device took as silence behind it cannot be taken back, but need not be waited for."""
    _, heard = played(sink, ("play", 1, 0.2), ("play", 2, 0.4), ("drain",), latency=1.0)
    gap = assert_heard(heard, 2, 0.4) - assert_heard(heard, 1, 0.2) - round(0.2 * RATE)
    assert 0 <= gap < 0.25 * RATE


@on_null_sink
def test_what_was_heard_before_an_interruption_stays_so_when_the_next_clip_plays(sink: NullSink) -> None:
    """It grew with the next turn's audio until the interrupted clip counted as heard to its end."""
    steps = [("play", 1, 3.0), ("sleep", 0.4), ("abort",), ("heard",), ("play", 2, 0.5), ("drain",), ("heard",)]
    program, heard = played(sink, *steps, latency=0.5)
    before = program.one("heard")["heard"][0]
    assert 0.2 < before < 0.6
    assert program.said[-1]["heard"] == [before, 0.5]
    assert_heard(heard, 2, 0.5)


@on_null_sink
def test_the_rest_of_an_interrupted_clip_never_returns(sink: NullSink) -> None:
    steps = [("play", 1, 2.0), ("play", 2, 2.0), ("abort",), ("play", 3, 0.5), ("drain",)]
    _, heard = played(sink, *steps)
    at = assert_heard(heard, 3, 0.5)
    assert np.abs(heard[at + RATE // 2 + 5 :]).max() < 0.001


def without_the_pause(recording: Samples, seed: int, seconds: float) -> Samples:
    """What was heard of the clip `seed`, which was paused once, and all silence left out of it.

    On a busy machine a block of a shallow buffer comes too late: that is one more silence, and no sample is lost.
    """
    wanted = noise(seed, round(seconds * RATE)) / 32768
    start, _ = best_match(recording, wanted[: RATE // 20])
    tail, _ = best_match(recording, wanted[-RATE // 20 :])
    part = recording[start : tail + RATE // 20]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], part == 0, [False]))))
    silences = [(first, end) for first, end in edges.reshape(-1, 2) if end - first > RATE // 1000]
    assert silences
    heard = np.delete(part, np.concatenate([np.arange(*silence) for silence in silences]))
    assert len(heard) == len(wanted)
    return heard


@on_null_sink
@pytest.mark.parametrize(("latency", "paused"), [(0.05, 0.6), (0.5, 1.2), (0.5, 0.3)])
def test_a_pause_loses_and_repeats_no_sample(sink: NullSink, anyio_backend: str, latency: float, paused: float) -> None:
    steps = [("play", 1, 1.5), ("sleep", 0.4), ("pause",), ("sleep", paused), ("resume",), ("drain",), ("heard",)]
    program, heard = played(sink, *steps, backend=anyio_backend, latency=latency)
    assert np.abs(without_the_pause(heard, 1, 1.5) - noise(1, RATE * 3 // 2) / 32768).max() < 0.01
    assert program.said[-1]["heard"] == [1.5]


@on_null_sink
@pytest.mark.parametrize("latency", [0.05, 0.5])
def test_after_a_pause_the_sound_does_not_wait_for_the_depth_of_the_buffer(sink: NullSink, latency: float) -> None:
    steps = [("play", 1, 1.5), ("sleep", 0.4), ("pause",), ("sleep", 1.0), ("resume",), ("drain",)]
    program, heard = played(sink, *steps, latency=latency)
    _, (resumed, _) = sounds(heard, pause=0.2)
    assert sink.moment(resumed) - program.one("resuming")["at"] < 0.3


@on_null_sink
def test_nothing_is_heard_by_the_time_that_passes_in_a_pause(sink: NullSink, anyio_backend: str) -> None:
    steps = [("play", 1, 3.0), ("play", 2, 1.0), ("sleep", 0.3), ("pause",), ("sleep", 0.5), ("heard",)]
    steps += [("sleep", 0.5), ("heard",), ("abort",), ("heard",), ("play", 3, 0.3), ("drain",), ("heard",)]
    program, heard = played(sink, *steps, backend=anyio_backend)
    first, second, third, last = (said["heard"] for said in program.said if "heard" in said)
    assert first == second == third == last[:2]
    (start, end), _ = sounds(heard, pause=0.1)
    assert first[0] == pytest.approx((end - start) / RATE, abs=0.15)
    assert first[1] == 0.0
    assert_heard(heard, 3, 0.3)


@on_null_sink
def test_what_is_queued_in_a_pause_is_heard_from_its_first_sample_behind_it(sink: NullSink) -> None:
    steps = [("pause",), ("play", 1, 0.3), ("sleep", 1.0), ("heard",), ("resume",), ("play", 2, 0.3), ("drain",)]
    program, heard = played(sink, *steps)
    assert program.one("heard")["heard"] == [0.0]
    # Sound in the pause would be a second early; the recorder's clock is a block off on a busy machine.
    assert sink.moment(assert_heard(heard, 1, 0.3)) > program.one("resuming")["at"] - 0.5
    assert_heard(heard, 2, 0.3)


@on_null_sink
def test_a_sound_server_that_dies_in_a_pause_is_an_error_and_not_a_wait(sink: NullSink, anyio_backend: str) -> None:
    steps = [("play", 1, 5.0), ("sleep", 0.5), ("pause",), ("finish",)]
    with player(sink.environment, *steps, backend=anyio_backend) as program:
        program.until("paused")
        sink.kill_server()
        error = program.until("error")
    assert "went away" in error["error"]


@on_null_sink
def test_an_idle_device_is_closed_and_plays_again_from_the_first_sample(sink: NullSink, anyio_backend: str) -> None:
    steps = [("play", 1, 0.3), ("drain",), ("told",), ("sleep", 1.0), ("play", 2, 0.3), ("play", 3, 0.3), ("drain",)]
    with player(sink.environment, *steps, backend=anyio_backend, close_after_seconds=0.2) as program:
        program.until("drained")
        wait_until(lambda: open_streams(sink) == 0, "the idle device stays open")
        program.tell()
        program.to_the_end()
    heard = settle(sink)
    assert_heard(heard, 1, 0.3)
    assert assert_heard(heard, 3, 0.3) - assert_heard(heard, 2, 0.3) == round(0.3 * RATE)


@on_null_sink
def test_an_idle_device_stays_open_unless_told(sink: NullSink) -> None:
    with player(sink.environment, ("play", 1, 0.3), ("drain",), ("sleep", 1.0), ("heard",), ("sleep", 30)) as program:
        program.until("heard")
        assert open_streams(sink) == 1


@on_null_sink
def test_a_device_is_not_idle_between_the_clips_of_a_turn(sink: NullSink) -> None:
    steps = [("play", 1, 0.3), ("sleep", 1.0), ("heard",), ("sleep", 30)]
    with player(sink.environment, *steps, close_after_seconds=0.2) as program:
        program.until("heard")
        assert open_streams(sink) == 1


@on_null_sink
@pytest.mark.parametrize("latency", [0.05, 0.5])
def test_a_long_pause_closes_the_device_and_loses_no_sample(sink: NullSink, anyio_backend: str, latency: float) -> None:
    steps = [("play", 1, 3.0), ("told",), ("pause",), ("told",), ("sleep", 1.0), ("resume",)]
    steps += [("drain",), ("heard",)]
    closing = player(sink.environment, *steps, backend=anyio_backend, latency=latency, close_after_seconds=0.1)
    with closing as program:
        wait_until(lambda: sink.last_sound > 0, "nothing was audible")
        program.tell()
        program.until("paused")
        wait_until(lambda: open_streams(sink) == 0, "the paused device stays open")
        program.tell()
        program.to_the_end()
    assert np.abs(without_the_pause(settle(sink), 1, 3.0) - noise(1, RATE * 3) / 32768).max() < 0.01
    assert program.said[-1]["heard"] == [3.0]


@on_null_sink
@pytest.mark.parametrize("late", [0.0, 0.02, 0.1, 0.7])
def test_a_clip_that_comes_too_late_is_heard_in_full_and_soon(sink: NullSink, late: float) -> None:
    steps = [("play", 1, 0.3), ("finish",), ("sleep", late), ("play", 2, 0.3), ("drain",)]
    program, heard = played(sink, *steps, latency=0.3)
    assert_heard(heard, 1, 0.3)
    second = assert_heard(heard, 2, 0.3)
    assert sink.moment(second) - program.said[-3]["at"] < 0.3, "it does not wait behind a buffer full of silence"


@on_null_sink
def test_a_block_that_came_too_late_is_not_reported_on_the_terminal(sink: NullSink) -> None:
    """ALSA's own thread printed "underrun occurred" between the words of the reply."""
    with player(sink.environment, ("play", 1, 1.5), ("drain",), ("play", 2, 0.3), ("drain",), latency=0.2) as program:
        wait_until(lambda: sink.last_sound > 0, "nothing was audible")
        program.process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        program.process.send_signal(signal.SIGCONT)
        program.to_the_end()
    settle(sink)
    assert_heard(sink.samples(), 2, 0.3)


@on_null_sink
@pytest.mark.parametrize("device", ["pulse", "PULSE", "default", ""])
def test_a_device_is_found_by_its_name(sink: NullSink, device: str) -> None:
    audio = {"kind": "device", "device": device}
    with player(sink.environment, ("play", 1, 0.3), ("drain",), audio=audio) as program:
        program.to_the_end()
    settle(sink)
    assert_heard(sink.samples(), 1, 0.3)


@on_null_sink
@pytest.mark.parametrize("device", ["loudspeaker of my neighbour", 4711, "no-1"])
def test_an_unknown_device_is_named_with_the_command_that_lists_the_known(sink: NullSink, device: str | int) -> None:
    with player(sink.environment, audio={"kind": "device", "device": device}) as program:
        error = program.to_the_end()[-1]
    assert "there is no such sound device" in error["error"]
    assert str(device) in error["error"]
    assert "voicebot devices" in error["hint"]


@on_null_sink
def test_a_sound_server_that_dies_while_playing_is_an_error_and_not_a_wait(sink: NullSink, anyio_backend: str) -> None:
    steps = [("play", 1, 20.0), ("play", 2, 20.0), ("finish",)]
    with player(sink.environment, *steps, backend=anyio_backend) as program:
        program.until("ready")
        wait_until(lambda: sink.last_sound > 0, "nothing was audible")
        sink.kill_server()
        error = program.until("error")
        _, printed = program.process.communicate(timeout=PATIENCE_SECONDS)
    assert "went away" in error["error"]
    assert "voicebot devices" in error["hint"]
    assert "ALSA" not in printed


@on_null_sink
def test_a_sound_server_that_died_between_two_turns_is_an_error_and_not_a_wait(sink: NullSink) -> None:
    """PortAudio waited forever, and the event loop with it, in starting the stream that had been at rest."""
    steps = [("play", 1, 0.2), ("drain",), ("sleep", 1.0), ("told",), ("play", 2, 0.2), ("drain",)]
    with player(sink.environment, *steps) as program:
        program.until("drained")
        sink.kill_server()
        program.tell()
        error = program.until("error")
        assert program.process.wait(PATIENCE_SECONDS) == 0
    assert "voicebot devices" in error["hint"]


@on_null_sink
def test_the_next_turn_is_heard_when_the_sound_server_is_back(sink: NullSink) -> None:
    steps = [("play", 1, 0.2), ("drain",), ("told",), ("sleep", 1.0), ("play", 2, 0.4), ("drain",)]
    with null_sink() as another, player(sink.environment, *steps) as program:
        program.until("drained")
        sink.kill_server()
        sink.answer_by(another)
        program.tell()
        program.to_the_end()
        settle(another)
        assert_heard(another.samples(), 2, 0.4)


@on_null_sink
def test_a_clip_right_after_a_turn_is_heard_when_the_sound_server_is_back(sink: NullSink, anyio_backend: str) -> None:
    """PortAudio's start, and whatever was asked of it later, waited for ever for a lock of its own dead thread."""
    steps = [("play", 1, 0.2), ("drain",), ("told",), ("play", 2, 0.4), ("finish",), ("drain",), ("sleep", 1.0)]
    steps += [("play", 3, 0.4), ("drain",), ("heard",)]
    playing = player(sink.environment, *steps, backend=anyio_backend, latency=0.5)  # no busy machine outlasts that
    with null_sink() as another, playing as program:
        program.until("drained")
        sink.kill_server()
        program.tell()
        program.until("enqueued")
        sink.answer_by(another)
        program.to_the_end()
        settle(another)
        assert_heard(another.samples(), 2, 0.4)
        assert_heard(another.samples(), 3, 0.4)
    assert program.said[-1]["heard"] == [0.2, 0.4, 0.4]


@on_null_sink
def test_a_sound_server_that_dies_right_before_a_clip_is_an_error_and_not_a_wait(sink: NullSink) -> None:
    steps = [("play", 1, 0.2), ("drain",), ("told",), ("play", 2, 0.2), ("drain",)]
    with player(sink.environment, *steps) as program:
        program.until("drained")
        sink.kill_server()
        program.tell()
        error = program.until("error")
        assert program.process.wait(PATIENCE_SECONDS) == 0
    # The second, where the machine is so busy that the stream has ended before the clip comes.
    assert re.search("went away|there is no such sound device", error["error"])


@on_null_sink
def test_a_sound_server_that_hangs_while_playing_is_an_error_and_not_a_wait(sink: NullSink, anyio_backend: str) -> None:
    """PortAudio waited forever, and so did everything that waited for a clip; neither Ctrl-C nor SIGTERM helped."""
    steps = [("play", 1, 20.0), ("play", 2, 20.0), ("finish",)]
    with player(sink.environment, *steps, backend=anyio_backend) as program:
        program.until("ready")
        wait_until(lambda: sink.last_sound > 0, "nothing was audible")
        sink.freeze_server()
        error = program.until("error")
        _, printed = program.process.communicate(timeout=PATIENCE_SECONDS)
    assert "does not answer" in error["error"]
    assert "systemctl --user restart" in error["hint"]
    assert printed == ""


@on_null_sink
@pytest.mark.parametrize("step", [("play", 2, 0.2), ("abort",), ("drain",)])
def test_a_sound_server_that_hangs_between_two_clips_is_an_error_and_not_a_wait(
    sink: NullSink, step: tuple[object, ...]
) -> None:
    steps = [("play", 1, 0.2), ("drain",), ("sleep", 1.0), ("told",), step, ("play", 3, 0.2), ("drain",)]
    with player(sink.environment, *steps) as program:
        program.until("drained")
        sink.freeze_server()
        program.tell()
        error = program.until("error")
        program.process.communicate(timeout=PATIENCE_SECONDS)
    assert "does not answer" in error["error"]


@on_null_sink
def test_a_sound_server_that_hangs_from_the_start_is_an_error_and_not_a_wait(sink: NullSink) -> None:
    sink.freeze_server()
    with player(sink.environment, ("play", 1, 0.2)) as program:
        error = program.to_the_end()[-1]
    assert "does not answer" in error["error"]


@on_null_sink
def test_abort_is_over_soon_when_the_sound_server_hangs(sink: NullSink) -> None:
    with player(sink.environment, ("play", 1, 20.0), ("told",), ("sleep", 1.0), ("abort",)) as program:
        wait_until(lambda: sink.last_sound > 0, "nothing was audible")
        sink.freeze_server()
        program.tell()
        program.to_the_end()
    assert program.one("aborted")["at"] - program.one("aborting")["at"] < 2.0


@on_null_sink
def test_a_clip_is_heard_when_the_sound_server_answers_again(sink: NullSink) -> None:
    """One call that had not returned in time must not make all later ones fail."""
    steps = [("play", 1, 20.0), ("told",), ("abort",), ("told",), ("sleep", 2.0), ("play", 2, 0.5), ("drain",)]
    with player(sink.environment, *steps) as program:
        program.until("played")
        wait_until(lambda: sink.last_sound > 0, "nothing was audible")
        sink.freeze_server()
        program.tell()
        program.until("aborted")
        sink.thaw_server()
        program.tell()
        program.to_the_end()
    assert_heard(settle(sink), 2, 0.5)


@on_null_sink
def test_a_sound_server_that_is_started_anew_goes_on_with_what_was_not_heard(
    sink: NullSink, anyio_backend: str
) -> None:
    """A restart in mid-play ended the reply, with exit code 6."""
    steps = [("play", 1, 2.0), ("play", 2, 0.5), ("finish",), ("drain",), ("heard",)]
    with null_sink() as another, player(sink.environment, *steps, backend=anyio_backend) as program:
        program.until("ready")
        wait_until(lambda: sink.last_sound > 0, "nothing was audible")
        time.sleep(0.5)
        killed = time.monotonic()
        sink.kill_server()
        sink.answer_by(another)
        program.to_the_end()
        rest = settle(another)
    begun = sink.samples()
    unrecorded = max(0.0, killed - sink.moment(len(begun)))  # what the recording had not received yet
    assert program.said[-1]["heard"] == [2.0, 0.5]
    assert_heard(rest, 2, 0.5)
    # together the two loudspeakers have played all of the first clip, and hardly anything of it twice
    (start, end), (again, _) = sounds(begun, pause=0.5)[0], sounds(rest, pause=0.5)[0]
    second = assert_heard(rest, 2, 0.5)
    twice = (end - start) + (second - again) - 2.0 * RATE
    assert -(0.01 + unrecorded) * RATE <= twice < 0.5 * RATE
    wanted = noise(1, 2 * RATE) / 32768
    tail = rest[again:second]
    assert np.abs(tail - wanted[-len(tail) :]).max() < 0.01


@on_null_sink
def test_a_sound_server_that_stays_away_can_still_be_interrupted(sink: NullSink) -> None:
    steps = [("play", 1, 20.0), ("told",), ("sleep", 1.0), ("abort",), ("heard",)]
    with player(sink.environment, *steps) as program:
        program.until("played")
        wait_until(lambda: sink.last_sound > 0, "nothing was audible")
        sink.kill_server()
        program.tell()
        program.to_the_end()
    (start, end), *_ = sounds(sink.samples(), pause=2)
    assert program.one("heard")["heard"][0] == pytest.approx((end - start) / RATE, abs=0.5)


def test_without_portaudio_the_error_says_what_to_install() -> None:
    with player(dict(os.environ), no_portaudio=True) as program:
        error = program.to_the_end()[-1]
    assert "no PortAudio" in error["error"]
    assert ("libportaudio2" if sys.platform.startswith("linux") else "pip install") in error["hint"]


def test_without_portaudio_auto_writes_a_file_and_says_which(tmp_path: Path) -> None:
    steps = [("play", 1, 0.3), ("drain",)]
    auto = {"kind": "auto"}
    with player(dict(os.environ), *steps, folder=tmp_path, no_portaudio=True, audio=auto) as program:
        said = program.to_the_end()
    (path,) = tmp_path.glob("*.wav")
    lines = [line["announced"] for line in said if "announced" in line]
    assert "no PortAudio" in lines[0]
    assert path.name in lines[1]
    with wave.open(str(path)) as file:
        assert file.readframes(RATE) == noise(1, round(0.3 * RATE)).tobytes()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a machine without sound")
def test_a_machine_without_sound_is_an_error_and_alsa_keeps_quiet(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "PULSE_SERVER": f"unix:{tmp_path}/none"}
    with player(environment, audio={"kind": "device"}) as program:
        said = program.to_the_end()  # also says that standard error is empty
    if "error" in said[-1]:  # else there is a sound card here
        assert "no loudspeaker" in said[-1]["error"]
