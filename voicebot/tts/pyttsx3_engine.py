"""The operating system's engine in a child process, which can be killed when it hangs."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import Any

import anyio
from anyio import to_thread

from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.translation import foreign, marked, tr

logger = logging.getLogger(__name__)

_GRACE_SECONDS = 0.3
"""How long a sentence that nobody waits for any more may hold up the next one; a new engine takes 0.1 s."""
_START_SECONDS = 20.0
"""How long a cold machine may take to start the engine."""

_NO_SOUND_SERVER = (
    {"PULSE_SERVER": f"unix:{os.devnull}", "ALSA_CONFIG_PATH": os.devnull} if sys.platform.startswith("linux") else {}
)
"""espeak-ng opens a device that it does not need here, and would wait for ever for a sound server that hangs."""

Json = dict[str, Any]  # Any: JSON


class _Child:
    """The process and its one-request-at-a-time protocol; `exchange` blocks and is called in a thread."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_NO_SOUND_SERVER},
            # A group of its own: Ctrl-C in the terminal is for us alone.
            process_group=0,
            creationflags=0x200 if sys.platform == "win32" else 0,
        )
        self._turn = threading.Lock()

    def exchange(self, request: Json | None) -> tuple[Json, bytes]:
        """Send `request` (None: only wait for the greeting) and return its answer.

        Raises EOFError, which says how the process ended.
        """
        assert self._process.stdin
        with self._turn:  # a call that was cancelled while waiting leaves its answer to be read here first
            try:
                if request is not None:
                    self._process.stdin.write(json.dumps(request).encode() + b"\n")
                    self._process.stdin.flush()
                header_bytes, payload_bytes = struct.unpack(">II", self._read(8))
                return json.loads(self._read(header_bytes)), self._read(payload_bytes)
            except (EOFError, OSError, ValueError) as error:
                raise EOFError(self._how_it_ended()) from error

    def tell(self, request: Json) -> None:
        """Send what is not answered; if the process has gone, the next call notices."""
        assert self._process.stdin
        with suppress(OSError, ValueError):  # ValueError: it is closed
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def _read(self, size: int) -> bytes:
        assert self._process.stdout
        data: bytes = self._process.stdout.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return tr("it stopped answering")
        return tr("exit code {code}", code=code) if code >= 0 else tr("signal {number}", number=-code)

    def wait_until_free(self, seconds: float) -> bool:
        """Give an exchange that was cancelled so long to end; return whether it has."""
        if free := self._turn.acquire(timeout=seconds):
            self._turn.release()
        return free

    def kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
        elif self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # whatever it started holds our pipes too
        self._process.wait()
        with self._turn:  # a thread that still reads gets its end of file now
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    try:
                        pipe.close()
                    except OSError:
                        continue


NOTICES = (
    marked("kanji are read roughly: haqumei is not installed"),
    marked("kanji are read roughly: cannot write {folder}"),
    marked("kanji are read roughly: {reason}"),
    marked("unpacked the Japanese dictionary ({size} MB) into {folder}"),
)
"""What the child may have to tell."""


class Engine:
    """The operating system's engine: one child process that says one text at a time, started anew when it fails."""

    def __init__(self, command: list[str], *, timeout_seconds: float, japanese_expected: bool) -> None:
        self._command = command
        self._timeout_seconds = timeout_seconds
        self._japanese_expected = japanese_expected
        self._folder = tempfile.mkdtemp(prefix="voicebot-")
        self._in_use = anyio.Lock()
        self._child: _Child | None = None
        self.driver = ""

    async def start(self) -> None:
        """Start the engine if it does not run. Raises VoiceUnavailable when it cannot be started."""
        async with self._in_use:
            await self._start()

    def expect_japanese(self) -> None:
        """Let it load what only Japanese needs; an engine that is started anew does so at once."""
        if not self._japanese_expected:
            self._japanese_expected = True
            if self._child is not None:
                self._child.tell({"op": "expect", "language": "ja"})

    async def exchange(self, request: Json, failure: str) -> tuple[Json, bytes, float]:
        """Send one request and return its answer, and how long the engine worked on it.

        An engine that hangs or crashes is killed and started anew. After a crash the new one is asked once more:
        engines crash now and then, and the same text passes.
        """
        async with self._in_use:
            crashed_before = False
            while True:
                child = await self._start()
                began = anyio.current_time()
                try:
                    with anyio.fail_after(self._timeout_seconds):
                        header, data = await to_thread.run_sync(child.exchange, request, abandon_on_cancel=True)
                    if "notice" in header:
                        logger.warning("%s", foreign(header["notice"], NOTICES))
                    return header, data, anyio.current_time() - began
                except TimeoutError as error:
                    self._drop()
                    raise SynthesisError(
                        tr(
                            "{failure} within {seconds:g} s and is started anew",
                            failure=failure,
                            seconds=self._timeout_seconds,
                        ),
                        hint=tr("a longer tts.timeout_seconds?"),
                    ) from error
                except EOFError as error:
                    self._drop()
                    if crashed_before:
                        raise SynthesisError(
                            tr("pyttsx3's engine crashed twice ({error}) and is started anew", error=error)
                        ) from error
                    crashed_before = True

    async def _start(self) -> _Child:
        if self._child is not None:
            if self._child.wait_until_free(0) or await to_thread.run_sync(
                self._child.wait_until_free, _GRACE_SECONDS, abandon_on_cancel=True
            ):
                return self._child
            self._drop()
        languages = ["ja"] if self._japanese_expected else []
        try:
            self._child = child = _Child([*self._command, os.path.join(self._folder, "clip.wav"), *languages])
            with anyio.fail_after(_START_SECONDS):
                header, _ = await to_thread.run_sync(child.exchange, None, abandon_on_cancel=True)
        except (TimeoutError, EOFError, OSError) as error:
            self._drop()
            raise VoiceUnavailable(
                tr("pyttsx3's engine does not start: {error}", error=_reason(error)), hint=_how_to_install()
            ) from error
        except BaseException:
            self._drop()  # whose greeting nobody has read
            raise
        if "error" in header:
            self._drop()
            raise VoiceUnavailable(
                tr("pyttsx3 has no working speech engine here: {reason}", reason=header["error"]),
                hint=_how_to_install(),
            )
        self.driver = header["driver"]
        return child

    def _drop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def close(self) -> None:
        """End the child process and leave nothing behind."""
        self._drop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _how_to_install() -> str:
    if not sys.platform.startswith("linux"):
        return tr("try another voice: --tts voicevox")
    from voicebot.installation import install_command

    return tr(
        "sudo apt install libespeak-ng1, or {command}; or another voice: --tts voicevox",
        command=install_command("espeakng-loader"),
    )


def _reason(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return tr("no answer within {seconds:g} s", seconds=_START_SECONDS)
        case EOFError():
            return tr("it crashed ({error})", error=error)
        case _:
            return str(error)
