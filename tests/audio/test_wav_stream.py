"""A WAV file through a pipe: a header that players take, and nothing lost or mixed by an interruption."""

from __future__ import annotations

import io
import os
import threading

import anyio
import pytest

from tests.audio.clips import clip_of
from voicebot.audio.pcm import read_wav
from voicebot.audio.wav_stream import streaming_header, wav_stream_output
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat, Clip

FORMAT = AudioFormat(8000)

pytestmark = pytest.mark.anyio


def clip(value: int, seconds: float = 0.1, format: AudioFormat = FORMAT) -> Clip:
    return clip_of(value.to_bytes(2, "little") * round(seconds * format.sample_rate), format)


async def test_every_clip_is_sent_in_the_format_of_the_first_behind_one_header() -> None:
    file = io.BytesIO()
    stream = wav_stream_output(file, realtime=False)
    for one in (clip(1), clip(2, format=AudioFormat(16_000)), clip(3)):
        await stream.play(one)
    data = file.getvalue()
    assert data.startswith(streaming_header(FORMAT))
    pcm, format = read_wav(data)
    assert format == FORMAT
    assert len(pcm) == 3 * len(clip(1).pcm)
    assert (pcm[:2], pcm[-2:]) == (b"\x01\x00", b"\x03\x00")


async def test_a_reader_that_takes_its_time_holds_up_the_turn_and_not_the_event_loop() -> None:
    reading, writing = os.pipe()
    long = clip(1, 60)
    with os.fdopen(writing, "wb", buffering=0) as file, os.fdopen(reading, "rb") as other_end:
        stream = wav_stream_output(file, realtime=False)
        with anyio.move_on_after(0.2) as interrupted:
            await stream.play(long)
        assert interrupted.cancelled_caught
        stream.abort()
        received = bytearray()
        wanted = 44 + len(long.pcm) + len(clip(2).pcm)
        reader = threading.Thread(target=lambda: received.extend(other_end.read(wanted)))
        reader.start()
        await stream.play(clip(2))  # behind the whole of what was begun
        await anyio.to_thread.run_sync(reader.join)
    assert read_wav(bytes(received))[0] == long.pcm + clip(2).pcm


async def test_when_realtime_the_silence_between_turns_is_sent_too() -> None:
    file = io.BytesIO()
    stream = wav_stream_output(file, realtime=True)
    await stream.play(clip(1))
    await stream.drain()
    await anyio.sleep(0.2)
    await stream.play(clip(2))
    pcm, _ = read_wav(file.getvalue())
    assert len(pcm) >= 2 * len(clip(1).pcm) + len(clip(1, 0.19).pcm)


async def test_a_full_disk_behind_a_redirection_is_an_audio_error() -> None:
    with (
        os.fdopen(os.open("/dev/full", os.O_WRONLY), "wb", buffering=0) as file,
        pytest.raises(AudioError, match="standard output"),
    ):
        await wav_stream_output(file, realtime=False).play(clip(1))
