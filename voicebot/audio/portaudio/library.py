"""PortAudio itself: loading it, its devices, and what it and its drivers print."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from voicebot.errors import AudioError

ON_ALSA = sys.platform.startswith("linux")

_STDERR = threading.Lock()
"""Two threads that divert standard error at the same time would lose it for good."""

Device = int | str | None
"""As sounddevice takes it: a number, a part of the name, or the default."""


def list_devices() -> list[dict[str, Any]]:  # Any: numbers, names and rates, ready for json.dumps
    """The output devices: `number`, `name`, `host_api`, `channels`, `sample_rate`, `default`. Raises AudioError."""
    sounddevice = import_sounddevice()
    hosts = sounddevice.query_hostapis()
    default = sounddevice.default.device[1]
    return [
        {
            "number": number,
            "name": device["name"],
            "host_api": hosts[device["hostapi"]]["name"],
            "channels": device["max_output_channels"],
            "sample_rate": int(device["default_samplerate"]),
            "default": number == default,
        }
        for number, device in enumerate(sounddevice.query_devices())
        if device["max_output_channels"] > 0
    ]


def import_sounddevice() -> ModuleType:
    """Load PortAudio, which looks for devices meanwhile. Raises AudioError when it is not installed."""
    with quiet_stderr():
        try:
            import sounddevice
        except (OSError, ImportError) as error:
            hint = (
                "sudo apt install libportaudio2  (or your distribution's PortAudio), or write a file: -o speech.wav"
                if sys.platform.startswith("linux")
                else "reinstall it: pip install --force-reinstall sounddevice"
            )
            raise AudioError(f"there is no PortAudio on this machine ({error})", hint=hint) from error
    if ON_ALSA:
        _silence_alsa()
    return sounddevice  # type: ignore[no-any-return]  # sounddevice has no types


def _silence_alsa() -> None:
    """Keep ALSA from printing, whichever thread it is in: it reports a late block on the user's terminal."""
    with contextlib.suppress(OSError, AttributeError):  # a PortAudio without ALSA
        does_nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)  # not Python: the thread is not ours
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(does_nothing)


def reload_devices(sounddevice: ModuleType) -> None:
    """Look for devices again: PortAudio's list is frozen when it is loaded."""
    with quiet_stderr():
        sounddevice._terminate()
        sounddevice._initialize()


def guarded(query: Callable[[], Any]) -> Any:  # Any: sounddevice has no types
    import sounddevice

    try:
        return query()
    except (sounddevice.PortAudioError, ValueError) as error:
        if reason(error).endswith("device -1"):
            raise AudioError("this machine has no loudspeaker that PortAudio can see") from error
        raise AudioError(
            f"there is no such sound device: {reason(error)}", hint="list them: voicebot devices"
        ) from error


def reason(error: BaseException) -> str:
    return " ".join(str(argument) for argument in error.args[:1]).strip() or type(error).__name__


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep ALSA, JACK and PortAudio from printing their probing of absent hardware on the user's terminal."""
    with _STDERR:
        try:
            kept = os.dup(2)
        except OSError:  # no standard error to protect
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
