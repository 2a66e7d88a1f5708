"""A WAV file is valid at any moment, whatever happens to the reply, the disk or the program."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import wave
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from typing_extensions import Buffer

from tests.virtual_time import in_virtual_time
from voicebot.audio.paced import PacedOutput
from voicebot.audio.pcm import read_wav
from voicebot.audio.wav_file import WavFile, open_wav
from voicebot.config.models import AudioWav
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat, Clip, Span, Utterance

FORMAT = AudioFormat(1000)
ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system: /dev/full, limits of a process")


def clip(value: int, seconds: float = 1.0, format: AudioFormat = FORMAT) -> Clip:
    """A clip of `value` all through."""
    frames = round(seconds * format.sample_rate)
    pcm = value.to_bytes(2, "little", signed=True) * frames * format.channels
    return Clip(Utterance(0, (Span("a", "a", "a"),), 0, 1), pcm, format)


def config(path: Path, *, realtime: bool = False) -> AudioWav:
    return AudioWav(kind="wav", path=str(path), realtime=realtime)


def runs(path: Path) -> list[tuple[int, int]]:
    """(value, how many frames) along the file, after checking that two readers agree on all of it."""
    with wave.open(str(path)) as file:
        pcm = file.readframes(file.getnframes())
        assert len(pcm) == file.getnframes() * 2 * file.getnchannels()
    assert read_wav(path.read_bytes())[0] == pcm
    assert path.stat().st_size == 44 + len(pcm)
    found: list[tuple[int, int]] = []
    for value in memoryview(pcm).cast("h"):
        if found and found[-1][0] == value:
            found[-1] = (value, found[-1][1] + 1)
        else:
            found.append((value, 1))
    return found


@pytest.mark.anyio
async def test_the_file_is_valid_after_every_clip(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    async with open_wav(config(path)) as output:
        for number in range(1, 6):
            await output.play(clip(number, 0.1))
            assert runs(path) == [(value, 100) for value in range(1, number + 1)]
        await output.drain()
    assert runs(path) == [(value, 100) for value in range(1, 6)]


@pytest.mark.anyio
async def test_without_realtime_clips_are_taken_at_once_and_none_is_cut_by_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    async with open_wav(config(path)) as output:
        assert not output.realtime
        with anyio.fail_after(20):
            for number in (1, 2, 3):
                playback = await output.play(clip(number, 1000.0))
                await playback.started()
                await playback.finished()
        output.abort()
    assert runs(path) == [(1, 1_000_000), (2, 1_000_000), (3, 1_000_000)]


def test_in_realtime_an_interruption_cuts_the_file_to_what_was_heard(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"

    async def body() -> None:
        async with open_wav(config(path, realtime=True)) as output:
            first = await output.play(clip(1))
            second = await output.play(clip(2))
            await first.finished()
            await anyio.sleep(0.25)
            output.abort()
            assert runs(path) == [(1, 1000), (2, 250)]
            assert second.heard_seconds() == pytest.approx(0.25)
            await anyio.sleep(5)
            assert second.heard_seconds() == pytest.approx(0.25)

    in_virtual_time(body)
    assert runs(path) == [(1, 1000), (2, 250)]


def test_an_interruption_before_the_first_frame_leaves_a_valid_file_without_audio(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"

    async def body() -> None:
        async with open_wav(config(path, realtime=True)) as output:
            await output.play(clip(1))
            output.abort()

    in_virtual_time(body)
    assert runs(path) == []


def test_in_realtime_gaps_are_silence_of_their_length(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"

    async def body() -> None:
        async with open_wav(config(path, realtime=True)) as output:
            await anyio.sleep(3)  # before the first sound there is nothing to keep
            await (await output.play(clip(1))).finished()
            await anyio.sleep(0.4)
            await output.play(clip(2))
            await output.play(clip(3))

    in_virtual_time(body)
    assert runs(path) == [(1, 1000), (0, 400), (2, 1000), (3, 1000)]


def test_in_realtime_the_silence_behind_an_interruption_is_kept_too(tmp_path: Path) -> None:
    """The silence between two turns was in the file, unless the first of them had been interrupted."""
    path = tmp_path / "speech.wav"

    async def body() -> None:
        async with open_wav(config(path, realtime=True)) as output:
            await output.play(clip(1))
            await anyio.sleep(0.3)
            output.abort()
            await anyio.sleep(0.5)
            await output.play(clip(2))
            await anyio.sleep(3)
            output.abort()  # nothing left to cut

    in_virtual_time(body)
    assert runs(path) == [(1, 300), (0, 500), (2, 1000)]


def test_of_a_pause_the_file_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"

    async def body() -> None:
        async with open_wav(config(path, realtime=True)) as output:
            first = await output.play(clip(1))
            await anyio.sleep(0.3)
            output.pause()
            await anyio.sleep(60)
            assert first.heard_seconds() == pytest.approx(0.3)
            second = await output.play(clip(2))
            output.resume()
            assert await second.finished() - await first.started() == pytest.approx(62)
            output.pause()  # with nothing to say
            await anyio.sleep(60)
            output.resume()
            await anyio.sleep(0.5)
            await output.play(clip(3))

    in_virtual_time(body)
    assert runs(path) == [(1, 1000), (2, 1000), (0, 500), (3, 1000)]


def test_an_interruption_during_a_pause_cuts_the_file_to_what_was_heard(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"

    async def body() -> None:
        async with open_wav(config(path, realtime=True)) as output:
            await output.play(clip(1))
            await anyio.sleep(0.3)
            output.pause()
            await anyio.sleep(60)
            output.abort()
            await anyio.sleep(0.2)
            await output.play(clip(2))

    in_virtual_time(body)
    assert runs(path) == [(1, 300), (0, 200), (2, 1000)]


@pytest.mark.anyio
async def test_without_realtime_an_interruption_during_a_pause_cuts_what_came_in_it(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    async with open_wav(config(path)) as output:
        first = await output.play(clip(1))
        await anyio.sleep(0.05)
        output.pause()
        second = await output.play(clip(2))
        output.abort()
        assert (first.heard_seconds(), second.heard_seconds()) == (1.0, 0.0)
        assert runs(path) == [(1, 1000)]
        await output.play(clip(3))
    assert runs(path) == [(1, 1000), (3, 1000)]


def test_in_realtime_a_clip_is_taken_when_the_one_before_begins(tmp_path: Path) -> None:
    async def body() -> list[float]:
        async with open_wav(config(tmp_path / "speech.wav", realtime=True)) as output:
            began = anyio.current_time()
            taken = []
            for number in range(1, 5):
                await output.play(clip(number))
                taken.append(anyio.current_time() - began)
            return taken

    assert in_virtual_time(body) == pytest.approx([0, 0, 1, 2])


@pytest.mark.anyio
async def test_clips_of_other_formats_follow_in_that_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    async with open_wav(config(path)) as output:
        await output.play(clip(1000, 1.0, AudioFormat(24_000)))
        await output.play(clip(1000, 1.0, AudioFormat(48_000, 2)))
        await output.play(clip(1000, 1.0, AudioFormat(22_050)))
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels()) == (24_000, 1)
        assert file.getnframes() == pytest.approx(72_000, abs=2)


@pytest.mark.anyio
async def test_what_the_file_held_stays_until_the_first_clip_comes(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    path.write_bytes(b"the recording of yesterday" * 1000)
    async with open_wav(config(path)):
        pass
    assert path.read_bytes() == b"the recording of yesterday" * 1000
    async with open_wav(config(path)) as output:
        await output.play(clip(1, 0.1))
    assert runs(path) == [(1, 100)]


@pytest.mark.anyio
async def test_a_new_file_into_which_nothing_was_written_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    async with open_wav(config(path)) as output:
        assert output.name == str(path)
        assert path.exists()
    assert not path.exists()
    with pytest.raises(ZeroDivisionError):
        async with open_wav(config(path)):
            raise ZeroDivisionError
    assert not path.exists()


@pytest.mark.anyio
@pytest.mark.parametrize("where", ["no/such/folder/speech.wav", "", "a-file/speech.wav", "x" * 300])
async def test_a_path_that_cannot_be_written_is_named(tmp_path: Path, where: str) -> None:
    (tmp_path / "a-file").touch()
    path = tmp_path / where
    with pytest.raises(AudioError, match="cannot write") as raised:
        async with open_wav(config(path)):
            pytest.fail("it opened")
    assert str(path) in raised.value.message
    assert "-o" in raised.value.hint


@posix
@pytest.mark.anyio
async def test_a_device_that_is_not_a_file_is_an_audio_error() -> None:
    """Its refusal to be truncated came out as an OSError."""
    with pytest.raises(AudioError, match="/dev/full") as raised:
        async with open_wav(config(Path("/dev/full"))) as output:
            await output.play(clip(1))
    assert raised.value.hint
    assert await anyio.Path("/dev/full").exists()


FULL_DISK = """
import json, resource, sys, anyio
from pathlib import Path
from tests.audio.test_wav_file import clip, config
from voicebot.audio.wav_file import open_wav
from voicebot.errors import AudioError

async def main():
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    async with open_wav(config(Path(sys.argv[1]))) as output:
        for number in range(1, 10):
            await output.play(clip(number))

try:
    anyio.run(main)
except AudioError as error:
    print(json.dumps([error.message, error.hint]))
"""


def on_a_disk_of(room: int, path: Path) -> tuple[str, str]:
    """Message and hint of what a process raises that writes clips without end."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path, str(room)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    message, hint = json.loads(done.stdout)
    return message, hint


@posix
@pytest.mark.parametrize(("room", "fits"), [(44 + 3 * 2000 + 999, 3), (44 + 2 * 2000, 2), (44 + 10, 0)])
def test_on_a_full_disk_what_was_written_stays_valid(tmp_path: Path, room: int, fits: int) -> None:
    path = tmp_path / "speech.wav"
    message, hint = on_a_disk_of(room, path)
    assert str(path) in message
    assert "room" in hint
    assert runs(path) == [(number, 1000) for number in range(1, fits + 1)]


@posix
def test_on_a_disk_without_room_for_a_header_no_file_remains(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    assert str(path) in on_a_disk_of(20, path)[0]
    assert not path.exists()


class BottomlessFile(io.FileIO):
    """Takes everything at once and keeps nothing: nobody has the time to write four gigabytes."""

    def write(self, data: Buffer) -> int:
        size = memoryview(data).nbytes
        self.seek(size, os.SEEK_CUR)
        return size

    def truncate(self, size: int | None = None) -> int:
        return size or 0


@pytest.mark.anyio
async def test_a_file_of_four_gigabytes_is_full(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    eighth_of_a_gigabyte = replace(clip(0), pcm=bytes(2**27))
    with BottomlessFile(path, "w+b") as file:
        output = PacedOutput(str(path), realtime=False, write=WavFile(file, path).write)
        for _ in range(31):
            await output.play(eighth_of_a_gigabyte)
        with pytest.raises(AudioError, match="4 GB"):
            await output.play(eighth_of_a_gigabyte)


@pytest.mark.anyio
async def test_the_home_of_nobody_is_told_and_not_a_fault_of_ours() -> None:
    """It ended with "unexpected RuntimeError"."""
    with pytest.raises(AudioError, match="no such folder: ~nobody-at-all") as caught:
        async with open_wav(AudioWav(kind="wav", path="~nobody-at-all/x.wav")):
            pass
    assert "-o FILE.wav" in caught.value.hint
