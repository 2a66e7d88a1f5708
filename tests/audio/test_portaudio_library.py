"""Two outputs in one process share one PortAudio, and neither is heard to suffer from the other."""

from __future__ import annotations

import pytest

from tests.audio.clips import assert_heard, noise_clip, settle
from tests.null_sink import RATE, NullSink
from voicebot.audio.portaudio import DeviceOutput, open_device
from voicebot.audio.portaudio.library import PORTAUDIO
from voicebot.config.models import AudioDevice
from voicebot.errors import AudioError
from voicebot.speech import AudioFormat

FORMAT = AudioFormat(RATE)
PULSE = AudioDevice(kind="device", device="pulse")

pytestmark = pytest.mark.anyio


async def test_an_output_that_looks_for_devices_does_not_end_one_that_plays(
    loudspeaker: NullSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PortAudio was initialised anew whenever a stream could not be opened, which ended all others."""
    async with open_device(PULSE, FORMAT) as playing:
        playback = await playing.play(noise_clip(1, 2.0))
        await playback.started()
        other = DeviceOutput(PORTAUDIO, "pulse", latency_seconds=0.15)
        with monkeypatch.context() as environment:
            environment.setenv("PULSE_SERVER", "unix:/nowhere")
            with pytest.raises(AudioError, match="cannot open the audio device pulse"):
                other.open_stream(FORMAT)
        await playing.drain()
    assert_heard(settle(loudspeaker), 1, 2.0)


async def test_two_outputs_play_at_the_same_time(loudspeaker: NullSink) -> None:
    async with open_device(PULSE, FORMAT) as one, open_device(PULSE, FORMAT) as two:
        first, second = await one.play(noise_clip(1, 0.8)), await two.play(noise_clip(2, 0.8))
        assert not PORTAUDIO.look_again()
        assert await first.finished() - await first.started() == pytest.approx(0.8, abs=0.1)
        await two.drain()
        assert second.heard_seconds() == pytest.approx(0.8)
    heard = settle(loudspeaker)
    assert_heard(heard, 1, 0.8, likeness=0.6)  # mixed with the other
    assert_heard(heard, 2, 0.8, likeness=0.6)


async def test_an_output_at_rest_lets_others_look_for_devices_and_plays_again(loudspeaker: NullSink) -> None:
    async with open_device(PULSE, FORMAT) as resting:
        await resting.play(noise_clip(1, 0.3))
        await resting.drain()
        assert PORTAUDIO.look_again()
        await resting.play(noise_clip(2, 0.3))
        await resting.drain()
    heard = settle(loudspeaker)
    assert_heard(heard, 1, 0.3)
    assert_heard(heard, 2, 0.3)
