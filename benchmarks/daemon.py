"""The daemon at a null sink: how soon it is heard and silent, cold and warm, and what it costs while it only waits."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np

from benchmarks.figures import Figure, quantile, spread
from tests.cli.command import COMMAND, children_of, environment
from tests.daemon.running import QUIET, Caller, Daemon, home_with_config, pid_of, running_daemon
from tests.null_sink import AUDIBLE, MISSING, NullSink, null_sink, wait_until

T = TypeVar("T")

_SHORT = "Hello."
_LONG = "Once upon a time there was a lighthouse that nobody had ever seen by day, and it sang to the ships. " * 3
_AT_LOUDSPEAKER = QUIET.replace('kind = "silent"\nrealtime = true', 'kind = "auto"')
_VOICES = {"tone": _AT_LOUDSPEAKER, "pyttsx3": _AT_LOUDSPEAKER.replace('"tone"', '"pyttsx3"')}
_TO_NOBODY = QUIET.replace("realtime = true", "realtime = false")
_IDLE_SECONDS = 10.0
_TENTHS = 10
_SPEECHD_CONF = """
LogLevel 0
AddModule "espeak-ng" "sd_espeak-ng" "espeak-ng.conf"
DefaultModule espeak-ng
AudioOutputMethod "pulse"
"""


def measure_daemon(repeat: int, *, utterances: int, clients: int, peers: bool) -> list[Figure]:
    """All of it: three times `repeat` runs of what takes a second, `repeat` of what takes longer."""
    if MISSING:
        print(f"daemon: not run: {MISSING}", file=sys.stderr)
        return []
    figures = []
    for voice in _VOICES:
        figures += _warm(voice, 3 * repeat)
    if peers:
        figures += _peers(repeat)
    return [
        *figures,
        _cold(repeat, "tone", _AT_LOUDSPEAKER),
        _cold(repeat, "pyttsx3", _VOICES["pyttsx3"]),
        *_idle(),
        *_many_utterances(utterances),
        _first_clients(clients),
    ]


# ---------------------------------------------------------------- what is heard


@dataclass(frozen=True, slots=True)
class _Listener:
    """Dates what a null sink hears."""

    sink: NullSink

    def first_sound(self, begin: Callable[[], T]) -> tuple[float, T]:
        """Milliseconds from what begins it to the first sound, and what it returned."""
        frames = len(self.sink.samples())
        self.sink.last_sound = 0.0
        began = time.monotonic()
        begun = begin()
        wait_until(lambda: self.sink.last_sound > began, "no sound")
        loud = np.flatnonzero(np.abs(self.sink.samples()[frames:]) > AUDIBLE)
        return (self.sink.moment(frames + int(loud[0])) - began) * 1000, begun

    def silence(self, end: Callable[[], object]) -> float:
        """Milliseconds from what ends it to the last sound."""
        sent = time.monotonic()
        end()
        self.be_quiet()
        last = int(np.flatnonzero(np.abs(self.sink.samples()) > AUDIBLE)[-1])
        return max(0.0, self.sink.moment(last) - sent) * 1000

    def be_quiet(self) -> None:
        """Wait until nothing has been heard for a while."""
        wait_until(lambda: time.monotonic() - self.sink.last_sound > 0.4, "it speaks on", seconds=30)


def _warm(voice: str, runs: int) -> list[Figure]:
    """A daemon that has spoken before."""
    firsts, costs, stops, interrupts = [], [], [], []
    with _home() as home, null_sink() as sink, _at(home, _VOICES[voice], sink) as daemon:
        heard, env = _Listener(sink), environment(home)
        daemon.ask(command="say", text=_SHORT, wait="finished")
        for _ in range(runs):
            heard.be_quiet()
            milliseconds, client = heard.first_sound(lambda: _start(env, "say", _SHORT))
            firsts.append(milliseconds)
            costs.append(_cpu_seconds(client) * 1000)
        for _ in range(runs):
            heard.be_quiet()
            heard.first_sound(lambda: _start(env, "say", _LONG))
            time.sleep(0.2)
            stops.append(heard.silence(lambda: _start(env, "stop")))
        for _ in range(runs):
            heard.be_quiet()
            _, client = heard.first_sound(lambda: _start(env, "say", "--wait", _LONG))
            time.sleep(0.2)
            interrupts.append(heard.silence(partial(client.send_signal, signal.SIGINT)))
            client.wait()
    name = f"daemon: {voice}:"
    return [
        *_both(f"{name} warm say → first sound", firsts, 100, 150),
        Figure(f"{name} CPU of the client", quantile(costs, 0.5), 30, "ms", spread(costs, "ms")),
        *_both(f"{name} stop → silence", stops, 28, 60),
        Figure(f"{name} Ctrl-C → silence, p99", quantile(interrupts, 0.99), 60, "ms", spread(interrupts, "ms")),
    ]


def _cold(runs: int, voice: str, config: str) -> Figure:
    """Nobody runs: the client starts the daemon."""
    firsts = []
    for _ in range(runs):
        with _home(config) as home, null_sink() as sink:
            env = environment(home, PULSE_SERVER=sink.environment["PULSE_SERVER"])
            milliseconds, _ = _Listener(sink).first_sound(partial(_start, env, "say", "--daemon", _SHORT))
            firsts.append(milliseconds / 1000)
            _shut_down(home)
    return Figure(f"daemon: {voice}: cold say → first sound", quantile(firsts, 0.5), 0.8, "s", spread(firsts, "s"))


def _peers(runs: int) -> list[Figure]:
    """What else is installed, in the same way; the goals are ours."""
    figures = []
    with null_sink() as sink:
        heard = _Listener(sink)
        if shutil.which("espeak-ng"):
            firsts = []
            for _ in range(runs):
                heard.be_quiet()
                firsts.append(heard.first_sound(lambda: _start(sink.environment, _SHORT, command=["espeak-ng"]))[0])
            figures += _both("peer: espeak-ng → first sound", firsts, 100, 150)
        if not (shutil.which("spd-say") and shutil.which("speech-dispatcher")):
            return figures
        with _speech_dispatcher(sink) as env:
            heard.first_sound(lambda: _start(env, _SHORT, command=["spd-say"]))
            firsts, costs, stops = [], [], []
            for _ in range(runs):
                heard.be_quiet()
                milliseconds, client = heard.first_sound(lambda: _start(env, _SHORT, command=["spd-say"]))
                firsts.append(milliseconds)
                costs.append(_cpu_seconds(client) * 1000)
                heard.be_quiet()
                heard.first_sound(lambda: _start(env, _LONG, command=["spd-say"]))
                time.sleep(0.2)
                stops.append(heard.silence(lambda: _start(env, "-C", command=["spd-say"])))
    return [
        *figures,
        *_both("peer: spd-say → first sound", firsts, 100, 150),
        Figure("peer: CPU of spd-say", quantile(costs, 0.5), 30, "ms", spread(costs, "ms")),
        *_both("peer: spd-say -C → silence", stops, 28, 60),
    ]


@contextmanager
def _speech_dispatcher(sink: NullSink) -> Iterator[dict[str, str]]:
    """One of our own, with espeak-ng, at `sink`."""
    with _home() as home:
        (home / "speechd.conf").write_text(_SPEECHD_CONF)
        (home / "modules").mkdir()
        shutil.copy("/etc/speech-dispatcher/modules/espeak-ng.conf", home / "modules")
        path = home / "speechd.sock"
        env = {**sink.environment, "HOME": str(home), "SPEECHD_ADDRESS": f"unix_socket:{path}"}
        command = ["speech-dispatcher", "--run-single", "-c", "unix_socket", "-S", str(path), "-C", str(home)]
        command += ["-P", str(home / "pid"), "-L", str(home)]
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(path.exists, "speech-dispatcher did not start")
            yield env
        finally:
            process.kill()
            process.wait()


# ---------------------------------------------------------------- what it costs


def _idle() -> list[Figure]:
    """Five seconds after it has spoken, and long after."""
    with _home() as home, null_sink() as sink, _at(home, _VOICES["pyttsx3"], sink) as daemon:
        daemon.ask(command="say", text=_SHORT, wait="finished")
        wait_until(lambda: not _streams(sink), "the device stays open")
        family = [daemon.process.pid, *children_of(daemon.process.pid)]
        before = sum(map(ticks, family))
        time.sleep(_IDLE_SECONDS)
        spent = (sum(map(ticks, family)) - before) / os.sysconf("SC_CLK_TCK")
        return [
            Figure("daemon: idle: CPU", 100 * spent / _IDLE_SECONDS, 0.5, "%", f"in {_IDLE_SECONDS:g} s"),
            Figure("daemon: idle: TCP ports", float(sum(map(_tcp_ports, family))), 0, "ports"),
            Figure("daemon: idle: open devices", float(_streams(sink)), 0, "streams"),
            Figure(
                "daemon: idle: memory",
                sum(map(_unshared, family)) / 1e6,
                90,
                "MB",
                f"PSS of {len(family)} processes",
            ),
        ]


def _streams(sink: NullSink) -> int:
    """How many programs hold the sound server open."""
    command = ["pactl", "list", "short", "sink-inputs"]
    return len(subprocess.check_output(command, env=sink.environment).splitlines())


def _many_utterances(count: int) -> list[Figure]:
    """Through one daemon, to nobody: how much more it holds at the end than after a tenth of them, and on the way."""
    held = []
    with _home() as home, running_daemon(home, config=_TO_NOBODY) as daemon:
        caller = daemon.caller()
        began = time.monotonic()
        for _ in range(_TENTHS):
            _say_all(caller, count // _TENTHS)
            held.append(_held(daemon.process.pid))
        seconds = time.monotonic() - began
    grown = [after - before for before, after in zip(held[0], held[-1], strict=True)]
    steps = " ".join(f"{(after[0] - before[0]) / 1e6:+.1f}" for before, after in pairwise(held))
    note = f"{count} utterances, {count / seconds:.0f} a second, {held[-1][0] / 1e6:.0f} MB; by tenths {steps}"
    return [
        Figure("daemon: many utterances: memory grown", grown[0] / 1e6, 5, "MB", note),
        Figure("daemon: many utterances: threads grown", grown[1], 0, "threads", f"{held[-1][1]:.0f}"),
        Figure("daemon: many utterances: descriptors grown", grown[2], 0, "files", f"{held[-1][2]:.0f}"),
    ]


def _say_all(caller: Caller, count: int) -> None:
    """Sixteen are on their way at any time."""

    def hear_one() -> None:
        answer = caller.read()
        assert answer.get("state") == "finished", answer

    for number in range(count):
        caller.send(id=number, command="say", text=f"Number {number}.", wait="finished")
        if number >= 16:
            hear_one()
    for _ in range(min(count, 16)):
        hear_one()


def _first_clients(count: int) -> Figure:
    """All at once where no daemon runs: each has to get through."""
    with _home(_TO_NOBODY) as home:
        env = environment(home)
        began = time.monotonic()
        clients = [_start(env, "say", "--daemon", f"{number}.") for number in range(count)]
        failed = sum(client.wait() != 0 for client in clients)
        seconds = time.monotonic() - began
        _shut_down(home)
    return Figure("daemon: cold clients at once that fail", float(failed), 0, "clients", f"{count} in {seconds:.1f} s")


# ---------------------------------------------------------------- processes


@contextmanager
def _home(config: str = QUIET) -> Iterator[Path]:
    with TemporaryDirectory(prefix="voicebot-bench-") as folder:
        yield home_with_config(Path(folder), config)


@contextmanager
def _at(home: Path, config: str, sink: NullSink) -> Iterator[Daemon]:
    with running_daemon(home, config=config, PULSE_SERVER=sink.environment["PULSE_SERVER"]) as daemon:
        yield daemon


def _start(env: dict[str, str], *arguments: str, command: list[str] = COMMAND) -> subprocess.Popen[bytes]:
    nowhere = subprocess.DEVNULL
    return subprocess.Popen([*command, *arguments], env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere)


def _cpu_seconds(client: subprocess.Popen[bytes]) -> float:
    """What a client has used, from its start to its end."""
    _, status, used = os.wait4(client.pid, 0)
    client.returncode = os.waitstatus_to_exitcode(status)
    assert client.returncode == 0
    return used.ru_utime + used.ru_stime


def _shut_down(home: Path) -> None:
    """End the daemon that a client has started; it is not a child of this process."""
    pid = pid_of(home)
    caller = Caller(home / "voicebot" / "control.sock")
    caller.ask(command="shutdown")
    caller.close()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the daemon does not end")


def _both(name: str, values: list[float], median: float, p99: float) -> list[Figure]:
    note = spread(values, "ms")
    return [
        Figure(f"{name}, median", quantile(values, 0.5), median, "ms", note),
        Figure(f"{name}, p99", quantile(values, 0.99), p99, "ms", note),
    ]


def _held(pid: int) -> tuple[float, float, float]:
    """Bytes, threads and descriptors."""
    folder = Path(f"/proc/{pid}")
    return resident(pid), len(os.listdir(folder / "task")), len(os.listdir(folder / "fd"))


def resident(pid: int) -> float:
    """Bytes that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def most_resident(pid: int) -> float:
    """The most bytes that it has held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _unshared(pid: int) -> float:
    """Bytes, what several processes share counted once among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def ticks(pid: int) -> int:
    """Of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _tcp_ports(pid: int) -> int:
    """How many of its sockets are TCP's."""
    open_files = [os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir()]
    lines = [line for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    inodes = {f"socket:[{line.split()[9]}]" for line in lines}
    return sum(file in inodes for file in open_files)
