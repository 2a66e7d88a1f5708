"""What holds whatever a command does."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.machine import PATIENCE_SECONDS

STUBBORN = """
import anyio
from voicebot.cli.runner import run_command

async def body(context):
    try:
        print("running", flush=True)
        await anyio.sleep_forever()
    finally:
        with anyio.CancelScope(shield=True):
            print("leaving", flush=True)
            await anyio.sleep_forever()

run_command(lambda: body)
"""

PATIENT = """
import sys
import anyio
from voicebot.cli.runner import run_command

async def body(context):
    print("running", flush=True)
    return len(await anyio.to_thread.run_sync(sys.stdin.readline))

run_command(lambda: body)
"""

BUSY = """
import asyncio
from voicebot.cli.runner import Busy, run_command

async def body(context):
    print(type(asyncio.get_running_loop()).__module__.split(".")[0])
    return 0

run_command(lambda: Busy(body))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop needs Unix")
def test_what_serves_many_runs_in_the_fast_event_loop() -> None:
    """uvloop was installed with the server, and nobody used it."""
    done = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, check=True)
    assert done.stdout == "uvloop\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asking_twice_does_not_wait_for_what_does_not_end(number: signal.Signals, code: int) -> None:
    """The second signal was not obeyed any more: whoever obeyed them ended with the first."""
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for word in ("running", "leaving"):
            assert process.stdout.readline().strip() == word
            process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == code


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize(("started", "code"), [(("nohup",), 3), ((), 143)], ids=["with nohup", "without"])
def test_whoever_starts_it_with_nohup_may_leave(started: tuple[str, ...], code: int) -> None:
    with subprocess.Popen(
        [*started, sys.executable, "-c", PATIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "running"
        process.send_signal(signal.SIGHUP)
        process.communicate("go\n", timeout=PATIENCE_SECONDS)
        assert process.returncode == code
