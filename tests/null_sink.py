"""A loudspeaker nobody hears: a private PulseAudio with a null sink, and a recording in which moments can be told.

The sink renders the block that is due at a moment when its own clock (CLOCK_MONOTONIC) shows that moment, so the first
frame of a recorded block reaches us a small delay later; the smallest delay seen dates all frames, to a few
milliseconds.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
import numpy.typing as npt

from tests.machine import PATIENCE_SECONDS

RATE = 48_000
AUDIBLE = 10 ** (-50 / 20)
MISSING = (
    None
    if shutil.which("pulseaudio") and shutil.which("parec")
    else "needs a null sink: apt install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
)
"""Why there can be no null sink on this machine, or None."""

Samples = npt.NDArray[np.float64]


class NullSink:
    """`environment` makes a program play here; `samples` is all that was heard so far."""

    def __init__(self, environment: dict[str, str], server: subprocess.Popen[bytes]) -> None:
        self.environment = environment
        self._server = server
        self._recorder = subprocess.Popen(
            [
                "parec",
                "-d",
                "test.monitor",
                "--raw",
                "--format=s16le",
                f"--rate={RATE}",
                "--channels=1",
                "--latency-msec=10",
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._blocks: list[bytes] = []
        self._delay = float("inf")
        self._frames = 0
        self.last_sound = 0.0
        """Roughly when something was audible last (time.monotonic); 0 before."""
        assert self._recorder.stdout
        self._reader = threading.Thread(target=self._read, args=(self._recorder.stdout,), daemon=True)
        self._reader.start()
        wait_until(lambda: len(self._blocks) > 20, "the null sink's recording did not start")

    def _read(self, recording: IO[bytes]) -> None:
        descriptor, rest = recording.fileno(), b""
        while data := os.read(descriptor, 1 << 16):
            arrived = time.monotonic()
            data = rest + data
            whole, rest = data[: len(data) & ~1], data[len(data) & ~1 :]
            self._delay = min(self._delay, arrived - self._frames / RATE)
            self._frames += len(whole) // 2
            self._blocks.append(whole)
            if whole and np.abs(np.frombuffer(whole, "<i2").astype(float)).max() > AUDIBLE * 32768:
                self.last_sound = arrived

    def samples(self) -> Samples:
        """Everything recorded so far, -1 to 1, RATE frames a second."""
        return np.frombuffer(b"".join(self._blocks), "<i2").astype(float) / 32768

    def moment(self, frame: float) -> float:
        """When `frame` of the recording sounded, on time.monotonic."""
        return frame / RATE + self._delay

    def kill_server(self) -> None:
        """What a crash of the sound server, or pulling the plug of the device, is."""
        self._server.send_signal(signal.SIGKILL)
        self._server.wait()

    def answer_by(self, another: NullSink) -> None:
        """Let `another` play for clients of this server, which was killed."""
        socket, new = (e["PULSE_SERVER"].removeprefix("unix:") for e in (self.environment, another.environment))
        os.unlink(socket)
        os.symlink(new, socket)

    def freeze_server(self) -> None:
        """Let the sound server hang: it is there, and answers nothing."""
        self._server.send_signal(signal.SIGSTOP)

    def thaw_server(self) -> None:
        """Let it go on."""
        self._server.send_signal(signal.SIGCONT)

    def recorded_anew(self) -> NullSink:
        """The same sound server with a recording that begins now; `stop_recording` it."""
        return NullSink(self.environment, self._server)

    def stop_recording(self) -> None:
        self._recorder.kill()
        self._recorder.wait()
        self._reader.join(3)
        assert self._recorder.stdout
        self._recorder.stdout.close()

    def close(self) -> None:
        self._server.kill()
        self._server.wait()
        self.stop_recording()


@contextmanager
def null_sink() -> Iterator[NullSink]:
    """A fresh sound server with its own socket, so that no other can take its place."""
    folder = tempfile.mkdtemp(prefix="voicebot-sink-")
    socket = os.path.join(folder, "pulse.sock")
    environment = {**os.environ, "XDG_RUNTIME_DIR": folder, "PULSE_SERVER": f"unix:{socket}"}
    server = subprocess.Popen(
        ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no",
         "--high-priority=no", "--log-level=error",
         "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1",
         "-L", f"module-null-sink sink_name=test norewinds=1 rate={RATE} channels=2 format=s16le"],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sink = None
    try:
        wait_until(
            lambda: subprocess.run(["pactl", "info"], env=environment, capture_output=True).returncode == 0,
            "pulseaudio did not start",
        )
        sink = NullSink(environment, server)
        yield sink
    finally:
        if sink:
            sink.close()
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(done: object, failure: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something outside of this process."""
    assert callable(done)
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(failure)
        time.sleep(0.01)


def sounds(samples: Samples, *, pause: float = 0.01) -> list[tuple[int, int]]:
    """First and last audible frame of each sound between pauses of at least `pause` seconds."""
    loud = np.flatnonzero(np.abs(samples) > AUDIBLE)
    if not len(loud):
        return []
    edges = np.flatnonzero(np.diff(loud) > pause * RATE)
    starts = loud[np.concatenate(([0], edges + 1))]
    ends = loud[np.concatenate((edges, [len(loud) - 1]))]
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def best_match(recording: Samples, wanted: Samples) -> tuple[int, float]:
    """Where `wanted` fits best in `recording`, and the normalised correlation there (1 = the same but for loudness)."""
    size = 1 << (len(recording) + len(wanted)).bit_length()
    product = np.fft.irfft(np.fft.rfft(recording, size) * np.conj(np.fft.rfft(wanted, size)), size)
    at = int(np.argmax(product[: len(recording)]))
    part = recording[at : at + len(wanted)]
    wanted = wanted[: len(part)]
    norm = float(np.linalg.norm(part) * np.linalg.norm(wanted))
    return at, float(part @ wanted) / norm if norm else 0.0
