"""Audio outputs: one file for each kind, and the one place that chooses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import assert_never

from voicebot.config.models import AudioAuto, AudioConfig, AudioDevice, AudioPlugin, AudioSilent, AudioWav
from voicebot.errors import AudioError
from voicebot.protocols import AudioOutput
from voicebot.speech import AudioFormat
from voicebot.translation import tr


@asynccontextmanager
async def open_audio(
    config: AudioConfig,
    format: AudioFormat,
    *,
    notify: Callable[[str], None],
    tell_file: Callable[[str], None] | None = None,
    close_after_seconds: float | None = None,
) -> AsyncIterator[AudioOutput]:
    """The configured output, ready for clips of `format`; `notify` is told when `auto` finds no device.

    Where it then makes a file that nobody has named, `tell_file` (usually `notify`) is told of it once it holds sound.
    A device that has been idle for `close_after_seconds` is closed, so that the sound server can sleep, and opened
    again for the next clip. Raises AudioError.
    """
    async with AsyncExitStack() as stack:
        if isinstance(config, AudioAuto):
            try:
                output = await _open(device_of(config), format, stack, close_after_seconds)
            except AudioError as error:
                notify(tr("no sound here: {reason}", reason=error.in_one_line))
                output = await _open_new_wav(stack, tell_file or notify)
        else:
            output = await _open(config, format, stack, close_after_seconds)
        yield output


def device_of(config: AudioAuto) -> AudioDevice:
    """The device alone, for callers that want no file instead where there is no device."""
    return AudioDevice(kind="device", latency_seconds=config.latency_seconds)


async def _open(
    config: AudioDevice | AudioWav | AudioSilent | AudioPlugin,
    format: AudioFormat,
    stack: AsyncExitStack,
    close_after_seconds: float | None,
) -> AudioOutput:
    match config:
        case AudioDevice():
            from voicebot.audio.portaudio import open_device

            return await stack.enter_async_context(open_device(config, format, close_after_seconds=close_after_seconds))
        case AudioWav(path="-"):
            from voicebot.audio.wav_stream import open_wav_stream

            return await stack.enter_async_context(open_wav_stream(realtime=config.realtime))
        case AudioWav():
            from voicebot.audio.wav_file import open_wav

            return await stack.enter_async_context(open_wav(config))
        case AudioSilent():
            from voicebot.audio.silent import open_silent

            return await stack.enter_async_context(open_silent(config))
        case AudioPlugin():
            from voicebot.audio.plugin import open_plugin

            return await stack.enter_async_context(open_plugin(config))
        case _:
            assert_never(config)


async def _open_new_wav(stack: AsyncExitStack, tell: Callable[[str], None]) -> AudioOutput:
    """A new file in the working directory, or in the temporary folder if none can be made there."""
    from voicebot.audio.wav_file import open_wav

    async def opened(folder: Path) -> AudioOutput:
        path = str(_new_wav_path(folder))
        begun = partial(tell, tr("writing {name}", name=path))
        return await stack.enter_async_context(open_wav(AudioWav(kind="wav", path=path), begun=begun))

    try:
        return await opened(Path())
    except AudioError:
        return await opened(Path(tempfile.gettempdir()))


def _new_wav_path(folder: Path) -> Path:
    """A name in `folder` that no file has yet."""
    stem = f"voicebot-{datetime.now():%Y%m%d-%H%M%S}"
    path, number = folder / f"{stem}.wav", 1
    while os.path.lexists(path):  # a link that leads nowhere yet would lead the sound there
        number += 1
        path = folder / f"{stem}-{number}.wav"
    return path
