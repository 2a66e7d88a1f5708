"""What the command does about a sound server that is there and answers nothing."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.command import COMMAND
from tests.null_sink import NullSink, wait_until

ON_DEVICE = ("--set", "audio.kind=device")
LONG = "This goes on for quite some time, as you can hear. " * 5


def started(sink: NullSink, home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments], cwd=home, env={**sink.environment, "HOME": str(home)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [("devices",), ("say", "Hello.", *ON_DEVICE)], ids=["devices", "say"])
def test_it_is_told_with_what_to_do(null_sink: NullSink, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Both waited for ever."""
    null_sink.freeze_server()
    _, err = (process := started(null_sink, tmp_path, *arguments)).communicate(timeout=20)
    assert process.returncode == 6
    assert "the sound server does not answer" in err
    assert "start it anew" in err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("arguments", [("devices",), ("say", "Hello.", *ON_DEVICE)], ids=["devices", "say"])
def test_a_signal_ends_the_wait_for_it(
    null_sink: NullSink, tmp_path: Path, arguments: tuple[str, ...], number: signal.Signals, code: int
) -> None:
    """Neither Ctrl-C nor SIGTERM did."""
    null_sink.freeze_server()
    process = started(null_sink, tmp_path, *arguments)
    wait_until(lambda: "PortAudio" in threads(process), "it did not get as far as PortAudio")
    process.send_signal(number)
    sent = time.monotonic()
    _, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err) == (code, False)
    assert time.monotonic() - sent < 2.0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_reply_that_it_holds_up(
    null_sink: NullSink, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = started(null_sink, tmp_path, "say", LONG, *ON_DEVICE)
    wait_until(lambda: null_sink.last_sound > 0, "no sound")
    null_sink.freeze_server()
    process.send_signal(number)
    sent = time.monotonic()
    process.communicate(timeout=20)
    assert process.returncode == code
    assert time.monotonic() - sent < 2.0


def test_a_reply_that_it_holds_up_fails(null_sink: NullSink, tmp_path: Path) -> None:
    process = started(null_sink, tmp_path, "say", LONG, *ON_DEVICE)
    wait_until(lambda: null_sink.last_sound > 0, "no sound")
    null_sink.freeze_server()
    _, err = process.communicate(timeout=20)
    assert process.returncode == 6
    assert "the sound server does not answer" in err


def threads(process: subprocess.Popen[str]) -> set[str]:
    """What its threads are called, as far as the operating system knows."""
    return {task.read_text().strip() for task in Path(f"/proc/{process.pid}/task").glob("*/comm")}
