"""What the listener hears of the command, measured in the recording of a null sink."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np

from tests.cli.command import COMMAND, assert_took_at_most, voicebot
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import RATE, NullSink, Samples, best_match, sounds, wait_until
from tests.null_sink import null_sink as another_null_sink
from voicebot.audio.pcm import convert, read_wav
from voicebot.speech import AudioFormat, Clip, Utterance

TEXT = "This is the first sentence. Here comes the second one. 三つ目は日本語です。And the fourth one ends the text."


def wanted(home: Path, text: str, *arguments: str) -> Samples:
    """What the voice says of `text`, at the rate of the recording."""
    # Twice: espeak-ng says a text a few samples longer or shorter behind another, and a voice is tried out once.
    for name in ("first.wav", "wanted.wav"):
        assert voicebot(home, "say", text, "-o", name, *arguments).returncode == 0
    pcm, format = read_wav((home / "wanted.wav").read_bytes())
    clip = Clip(Utterance(0, (), 0, 0), pcm, format)
    return np.frombuffer(convert(clip, AudioFormat(RATE)), "<i2").astype(float) / 32768


def speak(sink: NullSink, home: Path, *arguments: str, input: bytes | None = None) -> str:
    """Run to the end on `sink`; return what it printed."""
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=home, env={**sink.environment, "HOME": str(home)}, input=input,
        capture_output=True, timeout=60,
    )  # fmt: skip
    time.sleep(0.3)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_whole_text_is_heard_without_a_gap_and_with_its_tail(null_sink: NullSink, tmp_path: Path) -> None:
    """Each sentence by itself: how many the pacer joins depends on how busy the machine is, and espeak-ng says them
    differently then."""
    alone = ("--set", "chunking.strategy=sentence")
    whole = wanted(tmp_path, TEXT, *alone)
    deep = ("--set", "audio.kind=device", "--set", "audio.latency_seconds=0.4")  # for a test machine that is busy
    assert speak(null_sink, tmp_path, "say", TEXT, *alone, *deep) == TEXT + "\n"
    heard = null_sink.samples()
    at, match = best_match(heard, whole)
    assert match > 0.99
    # quarter by quarter: a gap or a lost block between two clips would shift what comes behind it
    quarter = len(whole) // 4
    for i in range(4):
        place, match = best_match(heard, whole[i * quarter : (i + 1) * quarter])
        assert match > 0.99
        assert abs(place - (at + i * quarter)) <= 1
    assert abs((sounds(heard, pause=2)[-1][1] - at) - sounds(whole, pause=2)[-1][1]) < 0.001 * RATE


def test_a_text_that_arrives_slowly_is_heard_before_it_is_complete(null_sink: NullSink, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "say", "-"], cwd=tmp_path, env={**null_sink.environment, "HOME": str(tmp_path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(b"The first sentence is complete. The second ")
    process.stdin.flush()
    wait_until(lambda: null_sink.last_sound > 0, "the first sentence was not heard")
    out, _ = process.communicate(b"one was not.", timeout=PATIENCE_SECONDS)
    assert out == b"The first sentence is complete. The second one was not.\n"
    assert process.returncode == 0


def test_ctrl_c_is_silence(null_sink: NullSink, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "say", "A sentence that is long enough to be interrupted somewhere in the middle of it. " * 20],
        cwd=tmp_path, env={**null_sink.environment, "HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, process_group=0,
    )  # fmt: skip
    wait_until(lambda: null_sink.last_sound > 0, "no sound")
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)
    sent = time.monotonic()
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    time.sleep(0.5)
    after = null_sink.moment(sounds(null_sink.samples())[-1][1]) - sent
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert_took_at_most(0.3, after)  # the goal is 60 ms: the benchmark measures it


def heard_saying(sink: NullSink, folder: Path, text: str, *options: str) -> subprocess.Popen[bytes]:
    """A command that has been heard for half a second."""
    process = subprocess.Popen(
        [*COMMAND, "say", text, *options],
        cwd=folder, env={**sink.environment, "HOME": str(folder)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    wait_until(lambda: sink.last_sound > 0, "no sound")
    time.sleep(0.5)
    return process


def test_a_sound_server_that_is_started_anew_says_the_rest_and_is_exit_code_0(
    null_sink: NullSink, tmp_path: Path
) -> None:
    """A restart in mid-play was exit code 6, and the rest of the text was not said."""
    text = "This goes on for quite some time, as you can hear. " * 3 + "And now it ends."
    with another_null_sink() as another:
        process = heard_saying(null_sink, tmp_path, text, "--set", "chunking.strategy=sentence")
        null_sink.kill_server()
        null_sink.answer_by(another)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out.decode()) == (0, text + "\n"), err.decode()
    whole = wanted(tmp_path, text, "--set", "chunking.strategy=sentence")
    (start, end), *_ = sounds(null_sink.samples(), pause=2)
    (again, last), *_ = sounds(another.samples(), pause=2)
    assert (end - start) + (last - again) > 0.9 * len(whole)


def test_a_sound_server_that_dies_is_exit_code_6_and_what_was_said_is_kept(null_sink: NullSink, tmp_path: Path) -> None:
    process = heard_saying(null_sink, tmp_path, "This goes on for quite some time, as you can hear. " * 20)
    null_sink.kill_server()
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 6, err.decode()
    assert b"went away" in err
    assert b"Traceback" not in err
    assert out.startswith(b"This goes on for quite some time")
