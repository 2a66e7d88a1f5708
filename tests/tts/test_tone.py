"""The tone stands in for a voice: as long as the text, and the same every time."""

from __future__ import annotations

import anyio
import numpy as np
import pytest
import trio
from trio.testing import MockClock

from tests.tts.said import only_clip
from voicebot.config.models import TtsTone
from voicebot.speech import AudioFormat, Clip, Style
from voicebot.text.speech_length import speech_seconds
from voicebot.tts.tone import ToneSynthesizer, open_tone


def pitch(clip: Clip) -> float:
    samples = np.frombuffer(clip.pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * clip.format.sample_rate / len(samples)


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["Hello there, how are you today?", "今日は良い天気ですね。", "…", "a"])
async def test_it_sounds_as_long_as_the_text_takes_to_say(text: str) -> None:
    async with open_tone(TtsTone(kind="tone", sample_rate=16_000)) as voice:
        clip = await only_clip(voice, text)
    assert clip.format == voice.format == AudioFormat(16_000)
    assert clip.seconds == pytest.approx(max(0.1, speech_seconds(text)), abs=1 / 16_000)
    assert np.abs(np.frombuffer(clip.pcm, "<i2")).max() == pytest.approx(8000, rel=0.01)


@pytest.mark.anyio
async def test_the_same_text_is_the_same_sound_and_others_have_other_pitches() -> None:
    voice = ToneSynthesizer()
    first, again = [await only_clip(voice, "The same words.") for _ in range(2)]
    assert first.pcm == again.pcm
    others = [await only_clip(voice, f"Some words, number {number}.") for number in range(20)]
    assert len({round(pitch(clip), -1) for clip in others}) > 3


@pytest.mark.anyio
async def test_a_style_chooses_pitch_and_speed() -> None:
    voice = ToneSynthesizer()
    plain = await only_clip(voice, "Some words to say.")
    fast = await only_clip(voice, "Some words to say.", Style(voice="1000", speed=2.0))
    assert pitch(fast) == pytest.approx(1000, abs=5)
    assert fast.seconds == pytest.approx(plain.seconds / 2, abs=1e-3)


@pytest.mark.anyio
async def test_it_neither_begins_nor_ends_with_a_click() -> None:
    samples = np.frombuffer((await only_clip(ToneSynthesizer(), "Some words.")).pcm, "<i2").astype(int)
    edges = np.concatenate((samples[:10], samples[-10:]))
    assert samples[0] == samples[-1] == 0
    assert np.abs(edges).max() < 1000


def test_it_costs_what_it_was_told_to_cost() -> None:
    async def body() -> tuple[float, float]:
        began = anyio.current_time()
        clip = await only_clip(ToneSynthesizer(delay_seconds=0.5, rtf=0.25), "Some words to say.")
        return anyio.current_time() - began, clip.seconds

    took, seconds = trio.run(body, clock=MockClock(autojump_threshold=0))
    assert took == pytest.approx(0.5 + 0.25 * seconds, abs=1e-3)
