"""The HTTP interface of a VOICEVOX engine, with its failures in our words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Annotated

import anyio
import httpx
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from voicebot.config.models import TtsVoicevox
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.http.client import open_client
from voicebot.http.failures import Server, read_refusal, refused, shown_address, translated
from voicebot.http.streaming import open_body
from voicebot.translation import tr
from voicebot.tts.voicevox_styles import VoicevoxStyle

_CONNECT_SECONDS = 5.0
USUAL_SAMPLE_RATE = 24_000
VOICEVOX = "VOICEVOX"
_SINGING = frozenset({"sing", "singing_teacher", "frame_decode"})
"""Types of styles that do not talk. New engines add types that do, such as `streaming_talk`."""
SampleRate = Annotated[int, Field(ge=1000, le=768_000)]
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


class Manifest(BaseModel):
    """What the engine says about itself; the defaults are those of engines that say nothing."""

    brand_name: str = VOICEVOX
    default_sampling_rate: SampleRate = USUAL_SAMPLE_RATE


_CHARACTERS = TypeAdapter(list[_Character])


class VoicevoxEngine:
    """The engine's HTTP interface, with its failures in our words."""

    def __init__(self, client: httpx.AsyncClient, server: Server, *, address: str, timeout_seconds: float) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds
        self.server = server
        self.address = address
        # It infers one text at a time: what queues here can still be cancelled, what queues there cannot.
        self.in_use = anyio.Lock()

    def opened(self) -> VoicevoxEngine:
        """Return the engine for after the opening: from then on a failure concerns one utterance and not the voice."""
        server = replace(self.server, failure=SynthesisError)
        return VoicevoxEngine(self._client, server, address=self.address, timeout_seconds=self._timeout_seconds)

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


@asynccontextmanager
async def open_engine(config: TtsVoicevox) -> AsyncGenerator[VoicevoxEngine, None]:
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
        engine = VoicevoxEngine(client, server, address=address, timeout_seconds=config.timeout_seconds)
        version = await engine.call("GET", "/version", deadline=engine.deadline())
        if not version.strip().startswith(b'"'):  # a JSON string, such as "0.25.2"
            raise _no_voicevox(address)
        yield engine


async def list_styles(engine: VoicevoxEngine) -> list[VoicevoxStyle]:
    """Return the talking styles, in the engine's own order. Raises VoiceUnavailable."""
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


async def read_manifest(engine: VoicevoxEngine) -> Manifest:
    """Return the engine's brand and sample rate: AivisSpeech has others than VOICEVOX."""
    answer = await engine.call("GET", "/engine_manifest", deadline=engine.deadline(), missing_ok=True)
    try:
        return Manifest.model_validate_json(answer)
    except ValidationError:
        return Manifest()


def _no_voicevox(address: str) -> VoiceUnavailable:
    return VoiceUnavailable(
        tr("what answers at {address} is not a VOICEVOX engine", address=address),
        hint=tr("set tts.base_url to the engine's address, usually on port 50021"),
    )
