"""What the command does about a sound server that is there and answers nothing."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, assert_took_at_most
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import NullSink, wait_until

ON_DEVICE = ("--set", "audio.kind=device")
LONG = "This goes on for quite some time, as you can hear. " * 20


@contextmanager
def started(sink: NullSink, home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=home, env={**sink.environment, "HOME": str(home)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def knows_portaudio(process: subprocess.Popen[str]) -> bool:
    """Whether it has loaded the library, which then looks for devices."""
    return "libportaudio" in Path(f"/proc/{process.pid}/maps").read_text()


@pytest.mark.parametrize("arguments", [("devices",), ("say", "Hello.", *ON_DEVICE)], ids=["devices", "say"])
def test_it_is_told_with_what_to_do(null_sink: NullSink, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Both waited forever."""
    null_sink.freeze_server()
    with started(null_sink, tmp_path, *arguments) as process:
        wait_until(lambda: knows_portaudio(process), "it did not get as far as PortAudio")
        asked = time.monotonic()
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 6
    assert "the sound server does not answer" in err
    assert "restart it" in err
    assert_took_at_most(5.0, time.monotonic() - asked)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("arguments", [("devices",), ("say", "Hello.", *ON_DEVICE)], ids=["devices", "say"])
def test_a_signal_ends_the_wait_for_it(
    null_sink: NullSink, tmp_path: Path, arguments: tuple[str, ...], number: signal.Signals, code: int
) -> None:
    """Neither Ctrl-C nor SIGTERM did."""
    null_sink.freeze_server()
    with started(null_sink, tmp_path, *arguments) as process:
        wait_until(lambda: knows_portaudio(process), "it did not get as far as PortAudio")
        process.send_signal(number)
        sent = time.monotonic()
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, "Traceback" in err) == (code, False)
    assert_took_at_most(2.0, time.monotonic() - sent)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_reply_that_it_holds_up(
    null_sink: NullSink, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with started(null_sink, tmp_path, "say", LONG, *ON_DEVICE) as process:
        wait_until(lambda: null_sink.last_sound > 0, "no sound")
        null_sink.freeze_server()
        process.send_signal(number)
        sent = time.monotonic()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == code
    assert_took_at_most(2.0, time.monotonic() - sent)


def test_a_reply_that_it_holds_up_fails(null_sink: NullSink, tmp_path: Path) -> None:
    with started(null_sink, tmp_path, "say", LONG, *ON_DEVICE) as process:
        wait_until(lambda: null_sink.last_sound > 0, "no sound")
        null_sink.freeze_server()
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 6
    assert "the sound server does not answer" in err
