"""Calls that may never return are waited for as long as they may take, and no longer."""

from __future__ import annotations

from tests.cli.command import printed_behind_a_standstill

CALLS = """
import os
from voicebot.audio.portaudio.watch import WatchedThread
print(WatchedThread(overdue=lambda: None).call(lambda: os.read(0, 99), seconds=2.0))
"""


def test_a_call_has_its_time_though_the_machine_stands_still() -> None:
    """Behind ten seconds without a processor the sound server was said not to answer, and nothing was heard."""
    assert printed_behind_a_standstill(CALLS, b"answer") == b"b'answer'\n"
