"""What holds whatever a command does."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

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


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_whoever_asks_twice_does_not_wait_for_what_does_not_end(number: signal.Signals, code: int) -> None:
    """The second signal was not obeyed any more: whoever obeyed them ended with the first."""
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for word in ("running", "leaving"):
            assert process.stdout.readline().strip() == word
            process.send_signal(number)
        assert process.wait(15) == code
