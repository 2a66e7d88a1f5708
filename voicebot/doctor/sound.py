"""The loudspeaker: whether it opens, and whether somebody hears it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from voicebot.audio import device_of, open_audio
from voicebot.audio.portaudio.watch import NoAnswer
from voicebot.config.models import AudioAuto, AudioConfig, AudioDevice, AudioSilent, AudioWav
from voicebot.doctor.checkup import Finding, fails, fine
from voicebot.errors import AudioError
from voicebot.installation import install_command
from voicebot.speech import AudioFormat, Clip, Span, Utterance
from voicebot.translation import tr
from voicebot.tts.tone import tone

_FORMAT = AudioFormat(24_000)
_TONES_HERTZ = (523, 784)
_TONE_SECONDS = 0.4


async def check_audio(config: AudioConfig) -> Finding:
    """Open the device, without a sound."""
    match config:
        case AudioSilent():
            return fine(tr("audio.kind is silent: nothing will be heard"))
        case AudioWav():
            return _check_folder(config.path)
        case AudioAuto():
            config = device_of(config)
        case _:
            pass
    try:
        async with open_audio(config, _FORMAT, notify=_nobody) as output:
            return fine(output.name)
    except AudioError as error:
        return fails(error.message, _how_to_mend(error))


async def play_two_tones(config: AudioAuto | AudioDevice) -> None:
    """A low one and a high one. Raises AudioError."""
    device = device_of(config) if isinstance(config, AudioAuto) else config
    async with open_audio(device, _FORMAT, notify=_nobody) as output:
        for index, hertz in enumerate(_TONES_HERTZ):
            utterance = Utterance(index, (Span("♪", "♪", "♪"),), index, index + 1)
            playback = await output.play(Clip(utterance, tone(hertz, _TONE_SECONDS, _FORMAT.sample_rate), _FORMAT))
        await playback.finished()
        await output.drain()


def not_heard() -> Finding:
    """What to do where the device takes the tones and nobody hears them."""
    if sys.platform.startswith("linux") and shutil.which("pactl"):
        return fails(tr("the device took two tones, and nobody heard them"), "pactl list short sinks")
    return fails(tr("the device took two tones, and nobody heard them"), "voicebot devices")


def _nobody(text: str) -> None:
    """Whatever is said on the way is found out here anyway."""


def _check_folder(path: str) -> Finding:
    folder = Path(path).expanduser().absolute().parent
    if path == "-" or folder.is_dir():
        return fine(tr("a WAV file: {path}", path=path))
    return fails(tr("there is no folder {folder}", folder=folder), "voicebot config edit")


def _how_to_mend(error: AudioError) -> str:
    linux = sys.platform.startswith("linux")
    match error.__cause__:
        case NoAnswer() if linux and shutil.which("pulseaudio") and not shutil.which("pipewire"):
            return "pulseaudio -k"
        case NoAnswer() if linux:
            return "systemctl --user restart pipewire pipewire-pulse"
        case NoAnswer() if sys.platform == "darwin":
            return "sudo killall coreaudiod"
        case OSError() | ImportError():
            return "sudo apt install libportaudio2" if linux else install_command("sounddevice")
    return "voicebot devices"
