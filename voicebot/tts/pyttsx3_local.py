"""The operating system's own voice through pyttsx3, in a child process that can be killed."""

from __future__ import annotations

import difflib
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
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from voicebot.audio.pcm import read_sound_file
from voicebot.config.models import TtsPyttsx3
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.translation import foreign, marked, tr

logger = logging.getLogger(__name__)

_CHILD = Path(__file__).with_name("pyttsx3_child.py")
_MOST_CHARACTERS = 4_000
"""espeak-ng's buffers break at about 15,000."""
_GRACE_SECONDS = 0.3
"""How long a sentence that nobody waits for any more may hold up the next one; a new engine takes 0.1 s."""
_START_SECONDS = 20.0
"""How long a cold machine may take to start the engine."""

_NO_SOUND_SERVER = (
    {"PULSE_SERVER": f"unix:{os.devnull}", "ALSA_CONFIG_PATH": os.devnull} if sys.platform.startswith("linux") else {}
)
"""espeak-ng opens a device that it does not need here, and would wait for ever for a sound server that hangs."""

Json = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class LocalVoice:
    """One voice of the operating system."""

    id: str
    name: str
    languages: tuple[str, ...]


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


class _Engine:
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


class Pyttsx3Synthesizer:
    """Says texts with the operating system's engine."""

    credit = ""
    capabilities = Capabilities()

    def __init__(self, engine: _Engine, config: TtsPyttsx3) -> None:
        self._engine = engine
        self._config = config
        self._voice = config.voice
        self._voices: list[LocalVoice] = []
        self.format = AudioFormat(22_050)

    @property
    def name(self) -> str:
        """The engine, and the voice if one was chosen."""
        return " ".join(filter(None, ["pyttsx3", self._engine.driver, self._voice]))

    @property
    def identity(self) -> str:
        """Its name: it is always on this machine."""
        return self.name

    async def voices(self) -> list[LocalVoice]:
        """The voices that are installed."""
        if not self._voices:
            header, _, _ = await self._engine.exchange({"op": "voices"}, tr("pyttsx3 did not list its voices"))
            self._voices = [LocalVoice(v["id"], v["name"], tuple(v["languages"])) for v in header.get("voices", [])]
        return self._voices

    def expect(self, language: str) -> None:
        """Load on the side what only texts in `language` (BCP 47) need."""
        if language.partition("-")[0] == "ja":
            self._engine.expect_japanese()

    async def choose(self, wanted: str) -> None:
        """Use the voice with this id, name or language from now on. Raises VoiceUnavailable when there is none."""
        self._voice = await self._find(wanted)

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Say `text`. Raises SynthesisError."""
        text = text.replace("\0", "").encode("utf-8", "replace").decode()  # lone surrogates cannot be said
        if len(text) > _MOST_CHARACTERS:
            raise SynthesisError(
                tr("{count} characters are too many for one utterance", count=len(text)),
                hint=tr("lower chunking.max_characters"),
            )
        request = {
            "op": "say",
            "text": text,
            "voice": await self._find(style.voice) if style.voice else self._voice,
            "rate": round(self._config.rate * style.speed),
            "volume": self._config.volume,
        }
        header, data, work_seconds = await self._engine.exchange(request, tr("pyttsx3 did not finish"))
        if "error" in header:
            raise SynthesisError(tr("pyttsx3 failed: {reason}", reason=header["error"]))
        try:
            pcm, format = read_sound_file(data)
        except ValueError as error:
            raise SynthesisError(tr("pyttsx3 gave no audio: {error}", error=error)) from error
        if not pcm:
            raise SynthesisError(tr("pyttsx3 gave no audio"))
        self.format = format
        yield Audio(pcm, format, work_seconds=work_seconds)

    async def _find(self, wanted: str) -> str:
        """The id of the voice with this id, name or language. Raises VoiceUnavailable when there is none."""
        voices = await self.voices()
        for matches in (
            lambda v: v.id == wanted,
            lambda v: wanted.casefold() in {v.id.casefold(), v.name.casefold()},
            lambda v: wanted.casefold() in {language.casefold() for language in v.languages},
            lambda v: wanted.casefold() == v.id.rpartition("/")[2].casefold(),
        ):
            if found := next(filter(matches, voices), None):
                return found.id
        return _by_language(wanted, voices).id


def _by_language(wanted: str, voices: Sequence[LocalVoice]) -> LocalVoice:
    """The voice that speaks the language that `wanted` names. Raises VoiceUnavailable when there is none."""
    from voicebot.text.language_tags import closest, language_name, language_tag, nearest_language

    if tag := language_tag(wanted):
        code = tag.partition("-")[0]
        usual = [voice for voice in voices if tag == code and voice.id.rpartition("/")[2].casefold() == code]
        speaking = usual + [voices[number] for number in closest(tag, [voice.languages for voice in voices])]
        if speaking:
            return speaking[0]
        told = tr("there is no voice for {language}", language=language_name(tag))
    elif tag := nearest_language(wanted):
        near = [voices[number].name for number in closest(tag, [voice.languages for voice in voices])[:3]]
        told = _no_voice(wanted, near)
    else:
        names = [voice.id if "/" in wanted else voice.name for voice in voices]
        near = difflib.get_close_matches(wanted, names, 3, 0.6)
        told = _no_voice(wanted, near)
    raise VoiceUnavailable(told, hint=tr("list them: voicebot voices --tts pyttsx3"))


def _no_voice(wanted: str, near: Sequence[str]) -> str:
    if not near:
        return tr("there is no voice {wanted!r}", wanted=wanted)
    return tr("there is no voice {wanted!r}; near to it: {near}", wanted=wanted, near=tr(", ").join(near))


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


@asynccontextmanager
async def open_pyttsx3(
    config: TtsPyttsx3, *, command: list[str] | None = None, japanese_expected: bool = False
) -> AsyncIterator[Pyttsx3Synthesizer]:
    """The operating system's voice, ready to speak. Raises VoiceUnavailable.

    `command` starts another engine that speaks the same protocol; `japanese_expected` lets it load its Japanese
    dictionary (0.7 s) while the reply is still awaited.
    """
    command = command or [sys.executable, "-P", os.fspath(_CHILD)]
    engine = _Engine(command, timeout_seconds=config.timeout_seconds, japanese_expected=japanese_expected)
    try:
        await engine.start()
        synthesizer = Pyttsx3Synthesizer(engine, config)
        if config.voice:
            await synthesizer.choose(config.voice)
        yield synthesizer
    finally:
        engine.close()
