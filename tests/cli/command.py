"""Runs the real `voicebot` command in a process of its own, as a new user has it: an empty home, no configuration."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from tests.cli.warm_start import Started, WarmStart
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import wait_until
from tests.self_contained import is_quick

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "voicebot"]
SHARED_FOLDER = "TESTS_SHARED_FOLDER"
"""The name of the variable with the folder that the workers of one run have in common."""
Process = subprocess.Popen[bytes] | Started
_STANDSTILL_SECONDS = 2.5
"""Longer than those wait that are tried."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """No settings of the person who runs the tests, and no sound server."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "PULSE_SERVER": f"unix:{home}/no-such-server",
        "XDG_RUNTIME_DIR": str(home),
        **more,
    }


def voicebot(
    home: Path, *arguments: str, input: str | bytes | None = "", timeout: float = PATIENCE_SECONDS, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run to the end; the working folder is `home`. Whatever happens, there is no traceback."""
    data = input.encode() if isinstance(input, str) else input
    mine = environment(home, **more)
    warm = None if data is None else _warm_start(mine)
    if warm:
        process = warm.start(arguments, home, mine, group="tests")
        out, err = process.communicate(data, timeout)
        raw = subprocess.CompletedProcess(process.args, process.wait(), out, err)
    else:
        raw = subprocess.run(
            [*COMMAND, *arguments], cwd=home, env=mine, input=data, capture_output=True, timeout=timeout
        )
    done = subprocess.CompletedProcess(raw.args, raw.returncode, raw.stdout.decode(), raw.stderr.decode())
    assert "Traceback" not in done.stderr, done.stderr
    return done


_warm_starts: dict[tuple[tuple[str, str], ...], WarmStart] = {}


def _warm_start(environment: dict[str, str]) -> WarmStart | None:
    """What forks commands in this environment; None where Python itself is told how to start."""
    early = ("PYTHON", "LANG", "LC_", "TZ", "_TYPER")  # looked at by Python, or when the command line is imported
    fixed = {name: value for name, value in environment.items() if name.startswith(early)}
    if sys.platform != "linux" or not fixed.keys() <= {"PYTHONPATH", "LANG"} or fixed["PYTHONPATH"] != str(ROOT):
        return None
    key = tuple(sorted(fixed.items()))
    if key not in _warm_starts:
        address = Path(os.environ[SHARED_FOLDER], f"warm start {fixed.get('LANG')}")
        _warm_starts[key] = WarmStart(address, {**fixed, "PATH": os.environ["PATH"]}, quick=is_quick())
    return _warm_starts[key]


def start(
    home: Path, *arguments: str, stdin: int = subprocess.PIPE, stderr: int = subprocess.PIPE, **more: str
) -> Process:
    """Start it with pipes to its standard input, output and error, in a process group of its own."""
    return start_with(home, *arguments, streams=(stdin, subprocess.PIPE, stderr), **more)


def start_with(home: Path, *arguments: str, streams: tuple[int, int, int], **more: str) -> Process:
    """Start it with these standard streams."""
    stdin, stdout, stderr = streams
    mine = environment(home, **more)
    if warm := _warm_start(mine):
        return warm.start(arguments, home, mine, stdin=stdin, stdout=stdout, stderr=stderr)
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=home,
        env=mine,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        process_group=0,
    )


def start_in_terminal(terminal: int, home: Path, *arguments: str, **more: str) -> Process:
    """Start it as the first process of a terminal, whose descriptor that is."""
    mine = environment(home, **more)
    if warm := _warm_start(mine):
        return warm.start(arguments, home, mine, stdin=terminal, stdout=terminal, stderr=terminal, group="terminal")
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=home,
        env=mine,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=partial(os.login_tty, 0),
    )


def install(home: Path) -> None:
    """Put `voicebot` into the bin folder of this home, as an installation does."""
    script = home / "bin" / "voicebot"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom voicebot.__main__ import main\nmain()\n")
    script.chmod(0o755)


def shell_environment(home: Path, **more: str) -> dict[str, str]:
    """That of a shell which finds what `install` has put there."""
    mine = environment(home, **more)
    return mine | {"PATH": os.pathsep.join([str(home / "bin"), mine["PATH"]])}


def start_shell_in_terminal(terminal: int, home: Path, *command: str, **more: str) -> subprocess.Popen[bytes]:
    """Start a shell as the first process of a terminal, whose descriptor that is."""
    return subprocess.Popen(
        command,
        cwd=home,
        env=shell_environment(home, **more),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=partial(os.login_tty, 0),
    )


def freeze(process: Process) -> None:
    """Stop a process that was started; return when it stands still."""
    if isinstance(process, Started):
        process.freeze()
    else:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


def printed_behind_a_standstill(code: str, answer: bytes) -> bytes:
    """What `code` prints that waits in a thread for its input: the machine stands still, then `answer` comes."""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        wait_until(lambda: len(os.listdir(f"/proc/{process.pid}/task")) == 2, "it does not wait")
        freeze(process)
        time.sleep(_STANDSTILL_SECONDS)
        process.send_signal(signal.SIGCONT)
        time.sleep(_STANDSTILL_SECONDS / 10)
        printed, _ = process.communicate(answer)
    return printed


def json_lines(text: str) -> list[dict[str, Any]]:  # Any: JSON
    """The objects that --json printed, as a list or one a line."""
    if text.startswith("["):
        listed: list[dict[str, Any]] = json.loads(text)
        return listed
    return [json.loads(line) for line in text.splitlines()]


def wav_seconds(path: Path) -> float:
    """The length of a valid WAV file."""
    with wave.open(str(path)) as file:
        frames = file.readframes(file.getnframes())
        assert len(frames) == file.getnframes() * file.getsampwidth() * file.getnchannels()
        return float(file.getnframes() / file.getframerate())


def assert_took_at_most(seconds: float, took: float) -> None:
    """`seconds` on a machine that is idle; on a busy one as much more as a process waits there for its processor."""
    if took > seconds:
        before, began = os.times(), time.monotonic()
        subprocess.run([sys.executable, "-c", "import typer"], check=True)
        waited, now = time.monotonic() - began, os.times()
        worked = now.children_user + now.children_system - before.children_user - before.children_system
        assert took <= seconds * waited / worked


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has started and that still run."""
    return [child for child in map(int, filter(str.isdecimal, os.listdir("/proc"))) if _parent_of(child) == pid]


def survivors(pids: Iterable[int], *, seconds: float) -> list[int]:
    """Those of these processes that still run after `seconds`, whoever their parent is by then."""
    deadline = time.monotonic() + seconds
    left = list(pids)
    while (left := [pid for pid in left if _parent_of(pid) is not None]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def _parent_of(pid: int) -> int | None:
    """The parent of a process that runs; None once it has ended, also where nobody has asked for its exit code yet."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else int(parent)
