"""The voice of the workers needs a package that not everybody has."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
sys.modules["aio_pika"] = None  # as if it were not installed
import anyio
from voicebot.config.models import TtsRabbitmq
from voicebot.errors import VoiceUnavailable
from voicebot.tts import list_voices, open_synthesizer

async def main():
    config = TtsRabbitmq(kind="rabbitmq")
    async def opened():
        async with open_synthesizer(config):
            pass
    for attempt in (opened, lambda: list_voices(config)):
        try:
            await attempt()
        except VoiceUnavailable as error:
            print(error.in_one_line)

anyio.run(main)
"""


def test_without_its_package_it_says_how_to_install_it() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    told = done.stdout.splitlines()
    assert len(told) == 2
    assert all("aio-pika" in line and "rabbitmq" in line for line in told)
