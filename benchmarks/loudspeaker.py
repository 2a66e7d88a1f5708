"""What is heard on a null sink: a cold start's first sound, joints between clips, the tail, silence after Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.figures import Figure, quantile, spread
from benchmarks.start import COMMAND
from tests.null_sink import MISSING, RATE, NullSink, Samples, best_match, null_sink, sounds, wait_until

TEXT = "This is the first sentence. Here comes the second one. And the third one ends the text."
STORY = "Once upon a time there was a lighthouse that nobody had ever seen by day, and it sang to the ships. " * 3


def measure_loudspeaker(repeat: int) -> list[Figure]:
    """All of it, each figure from `repeat` runs."""
    if MISSING:
        print(f"loudspeaker: not run: {MISSING}", file=sys.stderr)
        return []
    cold = []
    for _ in range(repeat):
        with null_sink() as sink:
            began = time.monotonic()
            run_to_end(sink, "say", "hello")
            cold.append(sink.moment(sounds(sink.samples())[0][0]) - began)
    jumps, tails, matches = zip(*(_joints() for _ in range(max(1, repeat // 3))), strict=True)
    stops = [_interrupt() for _ in range(repeat)]
    silences, codes, tracebacks = zip(*stops, strict=True)
    return [
        Figure("cold start: voicebot say hello → first sound", quantile(cold, 0.5), 0.40, "s", spread(cold, "s")),
        Figure(
            "clips ready in time: samples added or lost at a joint",
            max(jumps),
            0,
            "frames",
            f"match {min(matches):.4f}",
        ),
        Figure("tail: last sound before that of the engine's own audio", max(tails), 1.0, "ms"),
        Figure("Ctrl-C → silence, p99", quantile(silences, 0.99), 60, "ms", spread(silences, "ms")),
        Figure("Ctrl-C: exit codes that are not 130", float(sum(code != 130 for code in codes)), 0, "runs"),
        Figure("Ctrl-C: tracebacks", float(sum(tracebacks)), 0, "runs"),
    ]


def run_to_end(sink: NullSink, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run voicebot on `sink` and wait until all of it is in the recording."""
    done = subprocess.run([*COMMAND, *arguments], env=sink.environment, capture_output=True, check=True)
    time.sleep(0.3)
    return done


def _joints() -> tuple[float, float, float]:
    """How many frames the joints are off, the milliseconds missing at the end, and how well all matches (1: equal)."""
    with TemporaryDirectory() as folder, null_sink() as sink:
        file = Path(folder) / "wanted.wav"
        run_to_end(sink, "say", TEXT, "-o", str(file))  # the same audio, from file to file without a device
        run_to_end(sink, "say", TEXT)
        wanted = at_sink_rate(file)
        heard = sink.samples()
        at, match = best_match(heard, wanted)
        # each third by itself: a gap or a lost block between two clips would shift what comes after it
        third = len(wanted) // 3
        places = [best_match(heard, wanted[i * third : (i + 1) * third])[0] - i * third for i in range(3)]
        jump = float(max(places) - min(places))
        missing = (at + sounds(wanted, pause=1)[-1][1] - sounds(heard, pause=1)[-1][1]) / RATE * 1000
        return jump, missing, match


def at_sink_rate(file: Path) -> Samples:
    """The audio of a WAV file, as a recording of the null sink would hold it."""
    from voicebot.audio.pcm import convert, read_wav
    from voicebot.speech import AudioFormat, Clip, Utterance

    pcm, format = read_wav(file.read_bytes())
    clip = Clip(Utterance(0, (), 0, 0), pcm, format)
    return np.frombuffer(convert(clip, AudioFormat(RATE)), "<i2").astype(float) / 32768


def _interrupt() -> tuple[float, int, bool]:
    """Milliseconds from Ctrl-C to the last sound, the exit code, and whether there was a traceback."""
    with null_sink() as sink:
        process = subprocess.Popen(
            [*COMMAND, "say", STORY],
            env=sink.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        wait_until(lambda: sink.last_sound > 0, "no sound")
        time.sleep(1.15)
        os.killpg(process.pid, signal.SIGINT)
        sent = time.monotonic()
        _, err = process.communicate(timeout=20)
        time.sleep(0.4)
        last = sink.moment(sounds(sink.samples())[-1][1])
        return max(0.0, last - sent) * 1000, process.returncode, b"Traceback" in err
