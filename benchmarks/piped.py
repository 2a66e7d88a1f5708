"""What a listener hears of a reply that is piped into `voicebot say -` at a model's pace, on a null sink."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import Figure, quantile, spread
from benchmarks.loudspeaker import at_sink_rate
from benchmarks.start import COMMAND
from tests.null_sink import MISSING, RATE, Samples, null_sink, sounds
from voicebot.lab.traces import Trace, read_trace

TRACES = Path(__file__).parent.parent / "tests" / "data" / "traces"
REPLIES = {"English chat": "tr-en-chat@30", "Japanese chat": "tr-ja-chat@30", "short Japanese reply": "tr-ja-short@30"}
_LOCALES = {"en": {"LC_ALL": "en_US.UTF-8"}, "ja": {"LC_ALL": "ja_JP.UTF-8"}}
"""Of the listener: voicebot loads what Japanese needs in advance where it is expected."""
_SETTLED_SECONDS = 0.2
"""From the line that says it is ready to the request."""
_PAUSE_SECONDS = 0.15
"""A shorter silence is part of speaking."""
_STALL_SECONDS = 0.05
"""Beyond the engine's own longest pause."""


class _Heard(NamedTuple):
    """One run."""

    first_sound: float
    """Seconds from the request."""
    longest_pause: float
    """Seconds."""
    memory: float
    """The most that all processes took together, in MB."""


def measure_piped(repeat: int) -> list[Figure]:
    """First sound, stalls and memory for each reply, in a third of `repeat` runs: each takes as long as its speech."""
    if MISSING:
        print(f"piped: not run: {MISSING}", file=sys.stderr)
        return []
    figures = []
    for what, name in REPLIES.items():
        trace = read_trace(TRACES / f"{name}.jsonl")
        allowed = _engines_longest_pause(trace.text) + _STALL_SECONDS
        runs = [_listen(trace) for _ in range(max(1, repeat // 3))]
        first_sounds = [run.first_sound for run in runs]
        stalls = [max(0.0, run.longest_pause - allowed) for run in runs]
        memory = max(run.memory for run in runs)
        figures += [
            Figure(
                f"piped: {what}: request → first sound",
                quantile(first_sounds, 0.5),
                0.7,
                "s",
                spread(first_sounds, "s"),
            ),
            Figure(f"piped: {what}: longest stall", max(stalls), 0, "s"),
            Figure(f"piped: {what}: memory of all processes", memory, 250, "MB"),
        ]
    return figures


def _listen(trace: Trace) -> _Heard:
    with null_sink() as sink:
        process = subprocess.Popen(
            [*COMMAND, "say", "-"],
            env={**sink.environment, **_LOCALES[trace.language]},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stdin
        assert process.stderr
        while not process.stderr.readline().startswith(b"ready"):
            assert process.poll() is None, "voicebot has ended"
        time.sleep(_SETTLED_SECONDS)
        with _peak_memory(process.pid) as peak:
            began = time.monotonic()
            for seconds, delta in trace.deltas:
                time.sleep(max(0.0, began + seconds - time.monotonic()))
                process.stdin.write(delta.encode())
                process.stdin.flush()
            process.communicate()
        assert process.returncode == 0
        time.sleep(0.3)
        heard = sink.samples()
        return _Heard(sink.moment(sounds(heard)[0][0]) - began, _longest_pause(heard), max(peak))


def _engines_longest_pause(text: str) -> float:
    """In seconds, where the whole text is there from the beginning and nothing is waited for."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "wanted.wav"
        subprocess.run([*COMMAND, "say", text, "-o", str(file)], check=True, capture_output=True)
        return _longest_pause(at_sink_rate(file))


def _longest_pause(samples: Samples) -> float:
    heard = sounds(samples, pause=_PAUSE_SECONDS)
    return max(((start - end) / RATE for (_, end), (start, _) in pairwise(heard)), default=0.0)


@contextmanager
def _peak_memory(pid: int) -> Iterator[list[float]]:
    """MB that a process and its children take, twenty times a second."""
    seen = [0.0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            seen.append(_memory(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def _memory(pid: int) -> float:
    """MB of resident memory, shared pages counted in each process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return 0.0  # it has ended
    kilobytes = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return kilobytes / 1000 + sum(_memory(int(child)) for line in children for child in line.split())
