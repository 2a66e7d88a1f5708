"""Calls that may never return are waited for as long as they may take, and no longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from tests.cli.command import freeze
from tests.null_sink import wait_until

CALLS = """
import os
from voicebot.audio.portaudio.watch import WatchedThread
print(WatchedThread(overdue=lambda: None).call(lambda: os.read(0, 99), seconds=2.0))
"""


def test_a_call_has_its_time_though_the_machine_stands_still() -> None:
    """Behind ten seconds without a processor the sound server was said not to answer, and nothing was heard."""
    with subprocess.Popen([sys.executable, "-c", CALLS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        wait_until(lambda: len(os.listdir(f"/proc/{process.pid}/task")) == 2, "nothing is called")
        freeze(process)
        time.sleep(2.5)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.3)
        process.stdin.write(b"answer")
        process.stdin.close()
        assert process.stdout.read() == b"b'answer'\n"
