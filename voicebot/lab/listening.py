"""A recorded reply as it would have been heard: a real voice, the times of an engine's model, every gap in place."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from voicebot.audio.paced import PacedPlayback
from voicebot.audio.pcm import convert, wav_bytes
from voicebot.audio.silent import SilentOutput
from voicebot.config.models import Config, TtsConfig
from voicebot.lab.engines import SynthesisCost
from voicebot.lab.replay import replay
from voicebot.lab.traces import Trace
from voicebot.protocols import Synthesizer
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Clip, Style
from voicebot.tts import open_synthesizer

_FORMAT = AudioFormat(16_000)
"""Enough for speech, and a page that holds two of them stays small."""


class LentVoice:
    """A voice that works elsewhere: virtual time stands still meanwhile, and passes as the engine's model says."""

    def __init__(self, voice: Synthesizer, portal: BlockingPortal, engine: SynthesisCost) -> None:
        self._voice, self._portal, self._engine = voice, portal, engine
        self.name, self.identity, self.credit = voice.name, voice.identity, voice.credit
        self.format, self.capabilities = voice.format, voice.capabilities

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Yield all the audio of `text` when the engine would have made it."""
        pieces = self._portal.call(_all_audio, self._voice, text, style)
        seconds = sum(len(piece.pcm) / piece.format.frame_bytes / piece.format.sample_rate for piece in pieces)
        work_seconds = self._engine.seconds(seconds)
        await anyio.sleep(work_seconds)
        for number, piece in enumerate(pieces):
            yield Audio(piece.pcm, piece.format, work_seconds=0.0 if number else work_seconds)


async def _all_audio(voice: Synthesizer, text: str, style: Style) -> list[Audio]:
    async with aclosing(voice.synthesize(text, style)) as audio:
        return [piece async for piece in audio]


class KeepingOutput(SilentOutput):
    """A silent output that keeps what it was given."""

    def __init__(self) -> None:
        super().__init__(realtime=True)
        self.played: list[tuple[PacedPlayback, Clip]] = []

    async def play(self, clip: Clip) -> PacedPlayback:
        """Place `clip` behind the others."""
        playback = await super().play(clip)
        self.played.append((playback, clip))
        return playback


@contextmanager
def open_lent_voice(config: TtsConfig, engine: SynthesisCost) -> Iterator[LentVoice]:
    """The configured voice, which takes as long as `engine` would. Raises VoiceUnavailable."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_synthesizer(config, japanese_expected=True)) as voice,
    ):
        yield LentVoice(voice, portal, engine)


def listen(trace: Trace, config: Config, engine: SynthesisCost, voice: LentVoice) -> bytes:
    """A WAV file of all that a listener hears from the question on. Raises VoicebotError when the turn fails."""
    output = KeepingOutput()
    run = replay(trace, config, engine, synthesizer=voice, output=output)
    audible = [(playback, clip) for playback, clip in output.played if clip.pcm]
    question = audible[0][0].start - run.ttfa if audible else 0.0
    pcm = bytearray()
    for playback, clip in audible:
        start = round((playback.start - question) * _FORMAT.sample_rate) * _FORMAT.frame_bytes
        pcm += bytes(max(0, start - len(pcm)))
        pcm += convert(clip, _FORMAT)
    return wav_bytes(bytes(pcm), _FORMAT)
