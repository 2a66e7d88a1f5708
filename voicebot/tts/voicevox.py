"""A VOICEVOX engine over HTTP; AivisSpeech speaks the same API."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Annotated

import anyio
import httpx
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from voicebot.audio.pcm import read_wav
from voicebot.config.models import TtsVoicevox
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.http.client import open_client
from voicebot.http.failures import Server, read_refusal, refused, shown_address, translated
from voicebot.http.lines import without_lone_surrogates
from voicebot.http.streaming import open_body
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.text.respelling import OwnWords
from voicebot.translation import tr
from voicebot.tts.voicevox_accents import with_own_accents
from voicebot.tts.voicevox_styles import VoicevoxStyle, choose_style

_CONNECT_SECONDS = 5.0
_USUAL_SAMPLE_RATE = 24_000
_VOICEVOX = "VOICEVOX"
_SINGING = frozenset({"sing", "singing_teacher", "frame_decode"})
"""Types of styles that do not talk. New engines add types that do, such as `streaming_talk`."""
_UNKNOWN_SIZE = 0x7FFF_FF00
"""From here on a size stands for one that was not known when it was written."""
_SampleRate = Annotated[int, Field(ge=1000, le=768_000)]
_MAX_WAV_BYTES = 256 * 1024 * 1024
"""The longest utterance at the lowest speed and 48 kHz stays below it."""


class _Style(BaseModel):
    id: int
    name: str
    type: str | None = None
    """Old engines do not say it: their styles all talk."""


class _Character(BaseModel):
    name: str
    styles: list[_Style]


class _AudioQuery(BaseModel, extra="allow"):
    """An audio query of which everything unknown goes back to the engine as it came."""

    accent_phrases: list[object]
    outputSamplingRate: _SampleRate = _USUAL_SAMPLE_RATE


class _Manifest(BaseModel):
    """What the engine says of itself; the defaults are those of engines that say nothing."""

    brand_name: str = _VOICEVOX
    default_sampling_rate: _SampleRate = _USUAL_SAMPLE_RATE


_CHARACTERS = TypeAdapter(list[_Character])
_LIST = TypeAdapter(list[object])


class _Engine:
    """The engine's HTTP interface, with its failures in our words."""

    def __init__(self, client: httpx.AsyncClient, server: Server, *, address: str, timeout_seconds: float) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds
        self.server = server
        self.address = address
        # It infers one text at a time: what queues here can still be cancelled, what queues there cannot.
        self.in_use = anyio.Lock()

    def opened(self) -> _Engine:
        """Return the engine for after the opening: from then on a failure concerns one utterance and not the voice."""
        server = replace(self.server, failure=SynthesisError)
        return _Engine(self._client, server, address=self.address, timeout_seconds=self._timeout_seconds)

    def deadline(self) -> float:
        """Return the moment at which what begins now has taken too long."""
        return anyio.current_time() + self._timeout_seconds

    async def call(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        query: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
        missing_ok: bool = False,
    ) -> bytes:
        """Return the body of the answer; empty for a path that may be missing and is."""
        request = self._client.build_request(
            method,
            path,
            params=query,
            content=content,
            headers={"content-type": "application/json"} if content is not None else None,
        )
        try:
            with translated(self.server):
                async with open_body(self._client, request, deadline=deadline) as body:
                    data = await body.read_all(deadline=deadline, max_bytes=_MAX_WAV_BYTES)
        except VoiceUnavailable as error:
            if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                raise VoiceUnavailable(
                    tr("no VOICEVOX engine answers at {address}", address=self.address), hint=error.hint
                ) from error.__cause__
            raise
        except TimeoutError as error:
            raise self.server.failure(
                tr(
                    "{name} did not finish {path} within {seconds:g} s",
                    name=self.server.name,
                    path=path,
                    seconds=self._timeout_seconds,
                ),
                hint=tr("it may be busy with something else: try again, or raise tts.timeout_seconds"),
            ) from error
        if body.response.is_success:
            return data
        if missing_ok and body.response.status_code == 404:
            return b""
        raise refused(self.server, read_refusal(body.response, data))


class VoicevoxSynthesizer:
    """Says texts in one style of a VOICEVOX engine."""

    capabilities = Capabilities(languages=("ja",))

    def __init__(
        self,
        engine: _Engine,
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
        case _ if brand.startswith(_VOICEVOX):  # also its builds, such as "VOICEVOX OSS"
            return f"{_VOICEVOX}:{style.character}"
        case _:
            return f"{brand}:{style.character}"


@asynccontextmanager
async def open_voicevox(
    config: TtsVoicevox, *, words: Callable[[], OwnWords] = OwnWords
) -> AsyncGenerator[VoicevoxSynthesizer, None]:
    """Open the voice of `config`, its style loaded and ready to speak; it says `words` with their accents.

    Raises VoiceUnavailable.
    """
    async with _open_engine(config) as engine:
        styles = await _list_styles(engine)
        style = choose_style(styles, config.voice, address=engine.address)
        await engine.call(
            "POST",
            "/initialize_speaker",
            deadline=engine.deadline(),
            query={"speaker": style.style_id, "skip_reinit": "true"},
            missing_ok=True,  # old engines load a style when it first speaks
        )
        manifest = await _manifest(engine)
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
    async with _open_engine(config) as engine:
        return await _list_styles(engine)


@asynccontextmanager
async def _open_engine(config: TtsVoicevox) -> AsyncGenerator[_Engine, None]:
    """Open the engine; until it is `opened()`, whatever fails is VoiceUnavailable."""
    address = shown_address(config.base_url)
    server = Server(
        name=tr("VOICEVOX at {address}", address=address),
        section="tts",
        start_hint=tr("start VOICEVOX, or set tts.base_url to its address; another voice: --tts pyttsx3"),
        failure=VoiceUnavailable,
        unavailable=VoiceUnavailable,
    )
    connect_timeout_seconds = min(_CONNECT_SECONDS, config.timeout_seconds)
    async with AsyncExitStack() as stack:
        with translated(server):
            client = await stack.enter_async_context(
                open_client(config.base_url, connect_timeout_seconds=connect_timeout_seconds)
            )
        engine = _Engine(client, server, address=address, timeout_seconds=config.timeout_seconds)
        version = await engine.call("GET", "/version", deadline=engine.deadline())
        if not version.strip().startswith(b'"'):  # a JSON string, such as "0.25.2"
            raise _no_voicevox(address)
        yield engine


async def _list_styles(engine: _Engine) -> list[VoicevoxStyle]:
    answer = await engine.call("GET", "/speakers", deadline=engine.deadline())
    try:
        characters = _CHARACTERS.validate_json(answer)
    except ValidationError as error:
        raise _no_voicevox(engine.address) from error
    return [
        VoicevoxStyle(style.id, character.name, style.name)
        for character in characters
        for style in character.styles
        if style.type not in _SINGING
    ]


async def _manifest(engine: _Engine) -> _Manifest:
    """Return the engine's brand and sample rate: AivisSpeech has others than VOICEVOX."""
    answer = await engine.call("GET", "/engine_manifest", deadline=engine.deadline(), missing_ok=True)
    try:
        return _Manifest.model_validate_json(answer)
    except ValidationError:
        return _Manifest()


def _is_cut_off(wav: bytes) -> bool:
    """Whether the WAV file is shorter than its head says."""
    size = int.from_bytes(wav[4:8], "little")
    return len(wav) < size + 8 and size < _UNKNOWN_SIZE


def _no_voicevox(address: str) -> VoiceUnavailable:
    return VoiceUnavailable(
        tr("what answers at {address} is no VOICEVOX engine", address=address),
        hint=tr("set tts.base_url to the engine's address, usually on port 50021"),
    )
