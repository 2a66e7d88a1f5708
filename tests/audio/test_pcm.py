"""What engines send as sound files is understood, and what is not a sound file is refused with the reason."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio.pcm import convert, read_aiff, read_sound_file, read_wav, silence, wav_bytes
from voicebot.speech import AudioFormat, Clip, Utterance

SAMPLES = [0, 1, -1, 256, -256, 12_345, 32_512, -32_768]
PCM16 = struct.pack("<8h", *SAMPLES)
MONO = AudioFormat(22_050)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def wav(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def fmt(tag: int, bits: int, *, channels: int = 1, rate: int = 22_050, more: bytes = b"") -> bytes:
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits) + more)


def extension(tag: int, bits: int) -> bytes:
    return struct.pack("<HHI", 22, bits, 4) + struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")


def aiff(
    pcm: bytes, *, compression: bytes | None = None, bits: int = 16, channels: int = 1, rate: int = 22_050
) -> bytes:
    exponent = rate.bit_length() - 1
    extended = struct.pack(">HQ", 16383 + exponent, rate << (63 - exponent))
    common = struct.pack(">HIH", channels, len(pcm) // 2 // max(channels, 1), bits) + extended
    common += b"" if compression is None else compression + b"\x04none\0"
    chunks = [(b"COMM", common), (b"FLLR", b"\0" * 3), (b"SSND", struct.pack(">II", 4, 0) + b"skip" + pcm)]
    body = b"AIFF" if compression is None else b"AIFC"
    for name, content in chunks:
        body += name + struct.pack(">I", len(content)) + content + b"\0" * (len(content) % 2)
    return b"FORM" + struct.pack(">I", len(body)) + body


def clip(samples: np.ndarray[tuple[int, ...], np.dtype[np.float64]], format: AudioFormat) -> Clip:
    return Clip(Utterance(0, (), 0, 0), samples.round().astype("<i2").tobytes(), format)


@given(st.binary(max_size=400), st.integers(1, 8), st.integers(1000, 768_000))
def test_what_is_written_is_read(data: bytes, channels: int, sample_rate: int) -> None:
    format = AudioFormat(sample_rate, channels)
    pcm = data[: len(data) // format.frame_bytes * format.frame_bytes]
    assert read_wav(wav_bytes(pcm, format)) == (pcm, format)
    assert read_sound_file(wav_bytes(pcm, format)) == (pcm, format)


@pytest.mark.parametrize(
    ("tag", "bits", "data"),
    [
        (1, 16, PCM16),
        (1, 24, b"".join(struct.pack("<i", s << 8)[:3] for s in SAMPLES)),
        (1, 32, struct.pack("<8i", *(s << 16 for s in SAMPLES))),
    ],
)
@pytest.mark.parametrize("extensible", [False, True])
def test_integers_of_any_width_become_16_bits_without_loss(tag: int, bits: int, data: bytes, extensible: bool) -> None:
    header = fmt(0xFFFE, bits, more=extension(tag, bits)) if extensible else fmt(tag, bits)
    assert read_wav(wav(header, chunk(b"data", data))) == (PCM16, MONO)


def test_8_bits_are_unsigned() -> None:
    pcm, _ = read_wav(wav(fmt(1, 8), chunk(b"data", bytes([0, 127, 128, 255]))))
    assert struct.unpack("<4h", pcm) == (-32_768, -256, 0, 32_512)


def test_floats_are_limited_and_what_is_not_a_number_is_silence() -> None:
    values = struct.pack("<7f", 0.0, 1.0, -1.0, 7.5, float("nan"), float("inf"), float("-inf"))
    pcm, _ = read_wav(wav(fmt(3, 32), chunk(b"data", values)))
    assert struct.unpack("<7h", pcm) == (0, 32_767, -32_767, 32_767, 0, 32_767, -32_767)


def test_other_chunks_before_and_behind_the_audio_are_not_audio() -> None:
    odd = chunk(b"LIST", b"odd")
    assert read_wav(wav(odd, fmt(1, 16), odd, chunk(b"data", PCM16), odd)) == (PCM16, MONO)


@pytest.mark.parametrize("data_size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
@pytest.mark.parametrize("riff_size", [0, 36, 0xFFFFFFFF])
def test_sizes_that_a_streaming_engine_did_not_know_yet_are_not_believed(data_size: int, riff_size: int) -> None:
    data = wav(fmt(1, 16), chunk(b"data", PCM16, data_size), size=riff_size)
    assert read_wav(data) == (PCM16, MONO)


def test_a_file_that_holds_no_audio_has_none_though_other_chunks_follow() -> None:
    assert read_wav(wav(fmt(1, 16), chunk(b"data", b""), chunk(b"LIST", b"odd"))) == (b"", MONO)


@given(st.integers(1, 15))
def test_a_truncated_file_is_taken_to_its_last_whole_frame(missing: int) -> None:
    stereo = AudioFormat(22_050, 2)
    pcm, format = read_wav(wav_bytes(PCM16, stereo)[:-missing])
    assert format == stereo
    assert pcm == PCM16[: (len(PCM16) - missing) // 4 * 4]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>Bad Gateway</html>", "<!DOCTYPE html>"),
        (b'{"detail": "no such style"}', "no such style"),
        (b"RIFF", "not a WAV"),
        (b"RIFF\0\0\0\0WAVE", "without audio data"),
        (wav(chunk(b"data", PCM16)), "without a format"),
        (wav(chunk(b"fmt ", b"\1\0\1\0"), chunk(b"data", PCM16)), "broken header"),
        (wav(fmt(1, 16, channels=0), chunk(b"data", PCM16)), "0 channels"),
        (wav(fmt(1, 16, rate=0), chunk(b"data", PCM16)), "0 Hz"),
        (wav(fmt(1, 0), chunk(b"data", PCM16)), "0 bits"),
        (wav(fmt(85, 16), chunk(b"data", PCM16)), "tag 85"),
        (wav(fmt(1, 16)), "without audio data"),
    ],
)
def test_what_is_not_sound_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_sound_file(data)


@given(st.binary(max_size=60), st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"FORM\0\0\0\0AIFF", b"FORM\0\0\0\0AIFC"]))
def test_garbage_is_refused_and_never_another_error(garbage: bytes, start: bytes) -> None:
    try:
        read_sound_file(start + garbage)
    except ValueError:
        return


@given(st.data())
def test_damage_to_a_file_is_never_another_error(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([wav_bytes(PCM16, MONO), aiff(PCM16), aiff(PCM16, compression=b"sowt")]))
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(min_size=1, max_size=12)) + whole[at + 12 :]
    try:
        read_sound_file(damaged[: data.draw(st.integers(0, len(damaged)))])
    except ValueError:
        return


@pytest.mark.parametrize("compression", [None, b"NONE", b"twos", b"sowt"])
def test_aiff_is_read_in_either_order_of_bytes(compression: bytes | None) -> None:
    stored = PCM16 if compression == b"sowt" else struct.pack(">8h", *SAMPLES)
    assert read_sound_file(aiff(stored, compression=compression, channels=2)) == (PCM16, AudioFormat(22_050, 2))


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_the_sample_rate_of_an_aiff_file_is_exact(rate: int) -> None:
    assert read_aiff(aiff(b"", rate=rate)) == (b"", AudioFormat(rate))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (aiff(PCM16, bits=8), "8 bits"),
        (aiff(PCM16, compression=b"ulaw"), "ulaw"),
        (aiff(PCM16, channels=0), "0 channels"),
        (aiff(PCM16)[:30], "broken header"),
        (b"FORM\0\0\0\0AIFF", "without audio data"),
        (b"FORM\0\0\0\x0cAIFFSSND\0\0\0\4abcd", "without a format"),
    ],
)
def test_an_aiff_file_that_cannot_be_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_aiff(data)


@pytest.mark.parametrize(
    "rates", [(22_050, 48_000), (24_000, 48_000), (48_000, 22_050), (44_100, 24_000), (8000, 16_000)]
)
def test_resampling_keeps_length_pitch_and_loudness(rates: tuple[int, int]) -> None:
    given_rate, wanted_rate = rates
    seconds, pitch = 0.7, 1000
    tone = 8000 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * given_rate)) / given_rate)
    pcm = convert(clip(tone, AudioFormat(given_rate)), AudioFormat(wanted_rate))
    got = np.frombuffer(pcm, "<i2").astype(float)
    assert len(got) == pytest.approx(seconds * wanted_rate, abs=1)
    spectrum = np.abs(np.fft.rfft(got * np.hanning(len(got))))
    assert np.argmax(spectrum) * wanted_rate / len(got) == pytest.approx(pitch, abs=2)
    middle = got[len(got) // 4 : -len(got) // 4]
    assert np.abs(middle).max() == pytest.approx(8000, rel=0.02)


def test_resampling_shifts_nothing_in_time() -> None:
    click = np.zeros(22_050)
    click[11_025] = 30_000
    got = np.frombuffer(convert(clip(click, MONO), AudioFormat(48_000)), "<i2")
    assert np.argmax(np.abs(got.astype(int))) == pytest.approx(24_000, abs=1)


@given(st.integers(1, 50), st.sampled_from([8000, 22_050, 48_000]), st.sampled_from([16_000, 44_100, 48_000]))
def test_even_a_clip_of_a_few_frames_keeps_its_length(frames: int, given_rate: int, wanted_rate: int) -> None:
    pcm = convert(clip(np.full(frames, 5000.0), AudioFormat(given_rate)), AudioFormat(wanted_rate))
    assert len(pcm) // 2 == pytest.approx(frames * wanted_rate / given_rate, abs=1)


def test_full_scale_does_not_wrap_around() -> None:
    square = 32_767 * np.sign(np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050 + 0.1))
    got = np.frombuffer(convert(clip(square, MONO), AudioFormat(48_000)), "<i2").astype(int)
    assert np.abs(np.diff(got[100:-100])).max() < 65_000
    middles = got[100:-100][np.abs(got[100:-100]) > 30_000]
    assert len(middles) > 0.8 * len(got)


def test_mono_is_on_both_sides_of_stereo_and_stereo_becomes_its_middle() -> None:
    mono = clip(np.array([100.0, -200.0, 300.0]), MONO)
    stereo = convert(mono, AudioFormat(22_050, 2))
    assert struct.unpack("<6h", stereo) == (100, 100, -200, -200, 300, 300)
    two = clip(np.array([100.0, 300.0, -32_768.0, -32_768.0]), AudioFormat(22_050, 2))
    assert struct.unpack("<2h", convert(two, MONO)) == (200, -32_768)


def test_a_clip_in_the_wanted_format_is_passed_on_as_it_is() -> None:
    given = clip(np.array([1.0, 2.0]), MONO)
    assert convert(given, AudioFormat(22_050)) is given.pcm


def test_silence_is_whole_frames() -> None:
    assert silence(0.1, AudioFormat(44_100, 2)) == bytes(4 * 4410)
    assert silence(0.00001, MONO) == b""


@pytest.mark.parametrize(("before", "after"), [(1000, 48_000), (44_100, 24_000), (24_000, 24_000)])
@pytest.mark.parametrize(("channels", "wanted"), [(1, 1), (2, 1), (1, 2)])
def test_a_long_clip_is_converted_block_by_block_without_a_seam(
    before: int, after: int, channels: int, wanted: int
) -> None:
    """A clip of 20 MB at 1 kHz took a gigabyte more than its result."""
    frames = 600_000  # several blocks
    samples = (10_000 * np.sin(np.arange(frames) * 0.05)).astype("<i2")
    pcm = np.repeat(samples[:, None], channels, axis=1).tobytes()
    long = Clip(Utterance(0, (), 0, 0), pcm, AudioFormat(before, channels))
    converted = np.frombuffer(convert(long, AudioFormat(after, wanted)), "<i2")
    assert len(converted) == round(frames * after / before) * wanted
    step = 0.05 * before / after * 10_000  # a sine has no edges, and neither has what was made of it
    inside = converted[::wanted].astype(int)[1000:-1000]
    assert np.abs(np.diff(inside)).max() < step * 1.05 + 5
