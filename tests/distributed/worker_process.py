"""Workers as real processes, which a test can kill."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TextIO

import anyio

from tests.distributed.broker import Broker

_SECONDS = 30.0


class WorkerProcess:
    """`voicebot worker`; with the tone it takes `delay_seconds` for each text."""

    def __init__(
        self, broker: Broker, voice_class: str, *options: str, delay_seconds: float, url: str = "", tts: str = "tone"
    ) -> None:
        environment = os.environ | {"VOICEBOT_WORKER__AMQP_URL": url or broker.url, "LC_ALL": "C.UTF-8"}
        command = [
            *(sys.executable, "-m", "voicebot", "worker", "--config", os.devnull, "--tts", tts),
            *(("--set", f"tts.delay_seconds={delay_seconds}") if tts == "tone" else ()),
            *("--voice-class", voice_class, *options),
        ]
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.written: list[str] = []
        """Every line of its output so far."""
        self._lines: queue.Queue[str | None] = queue.Queue()
        assert self.process.stdout
        self._reader = threading.Thread(target=self._read, args=[self.process.stdout])
        self._reader.start()

    async def says(self, words: str) -> str:
        """The next line of its output that has these words in it."""
        return await anyio.to_thread.run_sync(self._find, words, abandon_on_cancel=True)

    async def ends(self) -> int:
        """Its exit code."""
        return await anyio.to_thread.run_sync(self.process.wait, _SECONDS)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def close(self) -> None:
        """Leave nothing of it."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()

    def _read(self, output: TextIO) -> None:
        for line in output:
            self.written.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _find(self, words: str) -> str:
        while True:
            try:
                line = self._lines.get(timeout=_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no {words!r} in:\n{''.join(self.written)}")
            if words in line:
                return line


@asynccontextmanager
async def open_worker_process(
    broker: Broker, voice_class: str, *options: str, delay_seconds: float = 0.0, url: str = "", tts: str = "tone"
) -> AsyncGenerator[WorkerProcess]:
    """A worker that takes jobs by now."""
    worker = WorkerProcess(broker, voice_class, *options, delay_seconds=delay_seconds, url=url, tts=tts)
    try:
        await worker.says("taking jobs")
        yield worker
    finally:
        worker.close()
