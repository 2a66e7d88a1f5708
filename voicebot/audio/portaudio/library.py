"""PortAudio in this process: its devices, its open streams, and what it and its drivers print."""

from __future__ import annotations

import atexit
import contextlib
import platform
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from voicebot.audio.portaudio.quiet import StandardError, StandardErrorOfC, silence_alsa
from voicebot.audio.portaudio.watch import NoAnswer, WatchedThread
from voicebot.errors import AudioError
from voicebot.installation import install_command
from voicebot.speech import AudioFormat
from voicebot.translation import foreign, marked, tr

T = TypeVar("T")

_ANSWER_SECONDS = 3.5
"""A Bluetooth loudspeaker may take two seconds to wake up, while a person waits."""
_SILENCE_SECONDS = 0.5
"""Stopping or closing a stream may block the event loop for this long; normally it takes a millisecond."""

ON_ALSA = sys.platform.startswith("linux")

Device = int | str | None
"""As sounddevice takes it: a number, a part of the name, or the default."""


class PortAudioLibrary:
    """PortAudio and the streams that are open in it. Any thread may call it.

    A process has one, `PORTAUDIO`, because it has one PortAudio: the list of devices is frozen when that is
    initialised, and terminating it, the only way to a new list, ends every stream of the process. So looking for new
    devices takes knowledge of all streams.
    """

    def __init__(self) -> None:
        self._stderr = StandardError()
        self._watched = WatchedThread(overdue=self._stderr.give_back)
        self._sounddevice: ModuleType | None = None
        self._streams: set[Any] = set()  # Any, here and below: sounddevice has no types
        self._started: set[Any] = set()
        self._starting: set[Any] = set()  # their start has not returned
        self._left: set[Any] = set()  # nor will it, perhaps: PortAudio must not be asked to stop or close them
        self._leaving = threading.Lock()
        self._stderr_of_c: StandardErrorOfC | None = None

    def load(self) -> ModuleType:
        """Load PortAudio, which looks for devices meanwhile. Raises AudioError when it is not installed."""
        return self._sounddevice or self._answer(self._load)

    def _answer(self, work: Callable[[], T]) -> T:
        """What PortAudio answers. Raises AudioError when it does not."""
        try:
            return self._watched.call(work, seconds=_ANSWER_SECONDS)
        except NoAnswer as error:
            raise no_answer() from error

    def _load(self) -> ModuleType:
        if self._sounddevice is not None:
            return self._sounddevice
        with self._stderr.diverted():
            try:
                import sounddevice
            except (OSError, ImportError) as error:
                hint = (
                    tr(
                        "sudo apt install libportaudio2  (or your distribution's PortAudio), or write a file: "
                        "-o speech.wav"
                    )
                    if sys.platform.startswith("linux")
                    else tr(
                        "reinstall it: {command} --force-reinstall",
                        command=install_command("sounddevice"),
                    )
                )
                raise AudioError(
                    tr("there is no PortAudio on this machine ({error})", error=error), hint=hint
                ) from error
        if ON_ALSA:
            silence_alsa()
        if platform.libc_ver()[0] == "glibc":  # elsewhere the pointer is constant
            self._stderr_of_c = StandardErrorOfC()
        self._sounddevice = sounddevice
        # Its own handler would let the interpreter wait for a sound server that hangs.
        atexit.unregister(sounddevice._exit_handler)
        atexit.register(self._soon, lambda: None if self._left else sounddevice._exit_handler())
        return sounddevice  # type: ignore[no-any-return]  # sounddevice has no types

    def devices(self) -> list[dict[str, Any]]:  # Any: numbers, names and rates, ready for json.dumps
        """The output devices, as `list_devices` describes them."""
        return self._answer(self._devices)

    def _devices(self) -> list[dict[str, Any]]:  # Any: as above
        sounddevice = self._load()
        hosts = sounddevice.query_hostapis()
        default = sounddevice.default.device[1]
        devices = list(enumerate(sounddevice.query_devices()))
        return [
            {
                "number": number,
                "name": device["name"],
                "host_api": hosts[device["hostapi"]]["name"],
                "channels": device["max_output_channels"],
                "sample_rate": int(device["default_samplerate"]),
                "default": number == default,
            }
            for number, device in devices
            if device["max_output_channels"] > 0
        ]

    def name(self, device: Device) -> str:
        """What `device` calls itself. Raises AudioError if there is no such device."""
        return str(self._query(device)["name"])

    def mixer_format(self, device: Device) -> AudioFormat:
        """What `device` runs at, which it takes even if it refuses everything else. Raises AudioError."""
        info = self._query(device)
        return AudioFormat(int(info["default_samplerate"]), min(2, int(info["max_output_channels"])))

    def open_stream(
        self,
        device: Device,
        format: AudioFormat,
        *,
        latency_seconds: float,
        fill: Callable[[Any, int, Any, Any], None],
        finished: Callable[[], None],
    ) -> Any:
        """A stream that, once started, takes its blocks from `fill`, and sounds when its buffer is full of them.

        PortAudio's own thread calls `fill(out, frames, time_info, status)`, and `finished()` when the stream has
        ended. Raises AudioError with PortAudio's reason alone as its message.
        """
        given_up = threading.Event()

        def opened() -> Any:
            sounddevice = self._load()
            with self._stderr.diverted():
                try:
                    stream: Any = sounddevice.RawOutputStream(
                        samplerate=format.sample_rate,
                        channels=format.channels,
                        dtype="int16",
                        device=device,
                        latency=latency_seconds,
                        callback=fill,
                        finished_callback=lambda: self._end(stream, finished),
                        prime_output_buffers_using_stream_callback=True,
                    )
                except (sounddevice.PortAudioError, ValueError) as error:
                    raise AudioError(_reason(error)) from error
            self._streams.add(stream)
            if given_up.is_set():
                self._close(stream)
            return stream

        try:
            return self._answer(opened)
        except AudioError:
            given_up.set()
            raise

    def start(self, stream: Any, *, wanted: Callable[[], bool] = lambda: True) -> None:
        """Let `stream` play, if that is still `wanted` when it comes to that.

        Raises AudioError as `open_stream` does, also if it was closed.
        """

        def started() -> None:
            with self._stderr.diverted():
                try:
                    if wanted():
                        self._started.add(stream)
                        self._be_quiet_while_playing()
                        self._start(stream)
                except Exception as error:
                    raise AudioError(_reason(error)) from error

        self._answer(started)

    def _start(self, stream: Any) -> None:
        self._starting.add(stream)
        try:
            stream.start()
        finally:
            with self._leaving:
                self._starting.discard(stream)
                left = stream in self._left
                self._left.discard(stream)
            if left:
                self._watched.post(lambda: self._close(stream))

    def _end(self, stream: Any, finished: Callable[[], None]) -> None:
        """Let nobody wait for a start that has not returned by now; called in PortAudio's own thread, as that ends.

        On ALSA it never does where the sound server has died: it waits for a lock that this thread does not release.
        """
        with self._leaving:
            if stream in self._starting:
                self._left.add(stream)
                self._stderr.give_back()
                self._watched.leave()
        finished()

    def stop(self, stream: Any) -> None:
        """Silence `stream` at once and drop what its buffer holds."""

        def stopped() -> None:
            if stream not in self._left:
                stream.abort(ignore_errors=True)
            self._started.discard(stream)
            self._be_quiet_while_playing()

        self._soon(stopped)

    def close(self, stream: Any) -> None:
        """Give the device of `stream` back."""
        self._soon(lambda: self._close(stream))

    def _close(self, stream: Any) -> None:
        if stream in self._streams:
            if stream not in self._left:
                self._streams.discard(stream)
                stream.close(ignore_errors=True)
            self._started.discard(stream)
            self._be_quiet_while_playing()

    def _soon(self, work: Callable[[], None]) -> None:
        """Do `work` now, or when PortAudio answers again."""
        with contextlib.suppress(NoAnswer):
            self._watched.call(work, seconds=_SILENCE_SECONDS)

    def look_again(self) -> bool:
        """Look for devices again, unless that would end a stream that plays or starts; return whether it was done.

        Streams that do not play are closed; their owners open them again when they need them. Raises AudioError when
        PortAudio does not answer.
        """
        return self._answer(self._look_again)

    def _look_again(self) -> bool:
        sounddevice = self._load()
        with self._stderr.diverted():
            if self._left or any(stream.active for stream in self._streams):
                return False
            for stream in tuple(self._streams):
                self._close(stream)  # PortAudio would free it, and its owner close it a second time
            sounddevice._terminate()
            sounddevice._initialize()
            return True

    def trying_again(self, open_it: Callable[[], T]) -> T:
        """What `open_it` returns, if necessary after looking for devices again: it may be another device by now."""
        try:
            return open_it()
        except AudioError as error:
            if isinstance(error.__cause__, NoAnswer) or not self.look_again():
                raise
            return open_it()

    def _query(self, device: Device) -> Any:
        return self._answer(lambda: self._queried(device))

    def _queried(self, device: Device) -> Any:
        sounddevice = self._load()
        try:
            return sounddevice.query_devices(device, "output")
        except (sounddevice.PortAudioError, ValueError) as error:
            if _reason(error).endswith("device -1"):
                raise AudioError(
                    tr("this machine has no loudspeaker that PortAudio can see"),
                    hint=tr("see what there is: voicebot devices, or write a file: -o speech.wav"),
                ) from error
            raise AudioError(
                tr("there is no such sound device: {error}", error=foreign(_reason(error), _REASONS)),
                hint=tr("list them: voicebot devices"),
            ) from error

    def _be_quiet_while_playing(self) -> None:
        """Let PortAudio's own thread print nothing: it reports the death of a sound server in lines of C."""
        if self._stderr_of_c is not None:
            self._stderr_of_c.silence(bool(self._started))


PORTAUDIO = PortAudioLibrary()


def list_devices() -> list[dict[str, Any]]:  # Any: numbers, names and rates, ready for json.dumps
    """The output devices: `number`, `name`, `host_api`, `channels`, `sample_rate`, `default`. Raises AudioError."""
    return PORTAUDIO.devices()


def import_sounddevice() -> ModuleType:
    """Load PortAudio ahead of its first use. Raises AudioError when it is not installed."""
    return PORTAUDIO.load()


def no_answer() -> AudioError:
    """The error for a sound server that is there and hangs."""
    return AudioError(
        tr("the sound server does not answer"),
        hint=tr(
            "restart it (systemctl --user restart pipewire pipewire-pulse, or pulseaudio -k), or "
            "write a file: -o speech.wav"
        )
        if ON_ALSA
        else tr("restart the computer's sound, or write a file: -o speech.wav"),
    )


_REASONS = (
    marked("Error querying device {device}"),
    marked("No output device matching {device}"),
    marked("Multiple output devices found for {device}:{devices}"),
)
"""What PortAudio says of a device that cannot be found."""


def _reason(error: BaseException) -> str:
    return " ".join(str(argument) for argument in error.args[:1]).strip() or type(error).__name__
