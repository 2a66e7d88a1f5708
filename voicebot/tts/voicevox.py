"""A VOICEVOX engine over HTTP; AivisSpeech speaks the same API."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
from pydantic import BaseModel, TypeAdapter, ValidationError

from voicebot.audio.pcm import read_wav
from voicebot.config.models import TtsVoicevox
from voicebot.errors import SynthesisError
from voicebot.http.lines import without_lone_surrogates
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.text.respelling import OwnWords
from voicebot.translation import tr
from voicebot.tts.voicevox_accents import with_own_accents
from voicebot.tts.voicevox_engine import (
    USUAL_SAMPLE_RATE,
    VOICEVOX,
    SampleRate,
    VoicevoxEngine,
    list_styles,
    open_engine,
    read_manifest,
)
from voicebot.tts.voicevox_styles import VoicevoxStyle, choose_style

_UNKNOWN_SIZE = 0x7FFF_FF00
"""From here on a size stands for one that was not known when it was written."""


class _AudioQuery(BaseModel, extra="allow"):
    """An audio query of which everything unknown goes back to the engine as it came."""

    accent_phrases: list[object]
    outputSamplingRate: SampleRate = USUAL_SAMPLE_RATE


_LIST = TypeAdapter(list[object])


class VoicevoxSynthesizer:
    """Says texts in one style of a VOICEVOX engine."""

    capabilities = Capabilities(languages=("ja",))

    def __init__(
        self,
        engine: VoicevoxEngine,
        config: TtsVoicevox,
        style: VoicevoxStyle,
        styles: Sequence[VoicevoxStyle],
        *,
        format: AudioFormat,
        brand: str,
        words: Callable[[], OwnWords] = OwnWords,
    ) -> None:
        self._engine = engine
        self._config = config
        self._style = style
        self._styles = styles
        self._brand = brand
        self._words = words
        self.format = format

    @property
    def name(self) -> str:
        """What a person calls it, such as `voicevox ずんだもん/ノーマル`."""
        return f"voicevox {self._style.name}"

    @property
    def identity(self) -> str:
        """Which engine it is, where, and which of its voices."""
        return f"{self._brand} at {self._engine.address}, style {self._style.style_id}"

    @property
    def credit(self) -> str:
        """What must stand near published audio, such as `VOICEVOX:ずんだもん`; the character's own terms come first."""
        return _credit(self._brand, self._style)

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Say `text`; what has no sound (punctuation, emoji) becomes audio without any frame.

        Raises SynthesisError, and VoiceUnavailable when the engine is gone. Cancelling lets the next caller in at once,
        though the engine itself finishes what it has begun.
        """
        # The engine reads no further than the first line.
        text = " ".join(without_lone_surrogates(text).splitlines())
        voice = choose_style(self._styles, style.voice, address=self._engine.address) if style.voice else self._style
        async with self._engine.in_use:
            began = anyio.current_time()
            deadline = self._engine.deadline()
            query = await self._audio_query(text, voice, speed=style.speed, deadline=deadline)
            wav = await self._synthesis(query, voice, deadline=deadline) if query.accent_phrases else b""
            work_seconds = anyio.current_time() - began
        if not query.accent_phrases:
            yield Audio(b"", AudioFormat(query.outputSamplingRate), work_seconds=work_seconds)
            return
        try:
            pcm, format = read_wav(wav)
        except ValueError as error:
            raise SynthesisError(
                tr("{name} sent audio that cannot be read: {error}", name=self._engine.server.name, error=error),
                hint=tr("its log may say why"),
            ) from error
        if not pcm:
            raise SynthesisError(
                tr("{name} sent no audio", name=self._engine.server.name), hint=tr("its log may say why")
            )
        if _is_cut_off(wav):
            raise SynthesisError(
                tr("{name} sent only a part of the audio", name=self._engine.server.name),
                hint=tr("its log may say why"),
            )
        yield Audio(pcm, format, credit=_credit(self._brand, voice), work_seconds=work_seconds)

    async def _synthesis(self, query: _AudioQuery, voice: VoicevoxStyle, *, deadline: float) -> bytes:
        """Return the WAV file of what `query` says."""
        return await self._engine.call(
            "POST",
            "/synthesis",
            deadline=deadline,
            query={"speaker": voice.style_id},
            content=json.dumps(query.model_dump()).encode(),
        )

    async def _audio_query(self, text: str, voice: VoicevoxStyle, *, speed: float, deadline: float) -> _AudioQuery:
        """Return what the engine would say for `text`, at the configured pitch, intonation and volume.

        `speed` is times the configured one.
        """
        answer = await self._engine.call(
            "POST", "/audio_query", deadline=deadline, query={"text": text, "speaker": voice.style_id}
        )
        try:
            query = _AudioQuery.model_validate_json(answer)
        except ValidationError as error:
            raise SynthesisError(
                tr("{name} sent an audio query that cannot be read", name=self._engine.server.name),
                hint=tr("is tts.base_url the address of a VOICEVOX engine?"),
            ) from error
        return query.model_copy(
            update={
                "accent_phrases": await self._accented(query.accent_phrases, text, voice, deadline=deadline),
                "speedScale": self._config.speed * speed,
                "pitchScale": self._config.pitch,
                "intonationScale": self._config.intonation,
                "volumeScale": self._config.volume,
            }
        )

    async def _accented(
        self, phrases: list[object], text: str, voice: VoicevoxStyle, *, deadline: float
    ) -> list[object]:
        """The phrases with the accents of the person's own words, their lengths and pitches made anew."""
        changed = with_own_accents(phrases, text, self._words().accents)
        if changed is None:
            return phrases
        answer = await self._engine.call(
            "POST",
            "/mora_data",
            deadline=deadline,
            query={"speaker": voice.style_id},
            content=json.dumps(changed).encode(),
            missing_ok=True,
        )
        try:
            return _LIST.validate_json(answer) if answer else phrases
        except ValidationError:
            return phrases  # said with the engine's own accents


def _credit(brand: str, style: VoicevoxStyle) -> str:
    """What the terms of an engine of this brand ask for."""
    match brand:
        case "AivisSpeech":
            return ""  # each of its models has a licence of its own
        case "VOICEVOX Nemo":
            return brand  # its voices are anonymous
        case _ if brand.startswith(VOICEVOX):  # also its builds, such as "VOICEVOX OSS"
            return f"{VOICEVOX}:{style.character}"
        case _:
            return f"{brand}:{style.character}"


@asynccontextmanager
async def open_voicevox(
    config: TtsVoicevox, *, words: Callable[[], OwnWords] = OwnWords
) -> AsyncGenerator[VoicevoxSynthesizer, None]:
    """Open the voice of `config`, its style loaded and ready to speak; it says `words` with their accents.

    Raises VoiceUnavailable.
    """
    async with open_engine(config) as engine:
        styles = await list_styles(engine)
        style = choose_style(styles, config.voice, address=engine.address)
        await engine.call(
            "POST",
            "/initialize_speaker",
            deadline=engine.deadline(),
            query={"speaker": style.style_id, "skip_reinit": "true"},
            missing_ok=True,  # old engines load a style when it first speaks
        )
        manifest = await read_manifest(engine)
        yield VoicevoxSynthesizer(
            engine.opened(),
            config,
            style,
            styles,
            format=AudioFormat(manifest.default_sampling_rate),
            brand=manifest.brand_name,
            words=words,
        )


async def list_voices(config: TtsVoicevox) -> list[VoicevoxStyle]:
    """Return the talking styles of the engine, in its own order. Raises VoiceUnavailable."""
    async with open_engine(config) as engine:
        return await list_styles(engine)


def _is_cut_off(wav: bytes) -> bool:
    """Whether the WAV file is shorter than its head says."""
    size = int.from_bytes(wav[4:8], "little")
    return len(wav) < size + 8 and size < _UNKNOWN_SIZE
