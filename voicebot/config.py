"""config.toml: its models, where it is looked for, what overrides it, and every error at once.

Layers, later ones win: defaults, config.toml, environment (`VOICEBOT_CHAT__MODEL=…`), `--set chat.model=…` and the
command's own options. A layer that changes the `kind` of a section starts that section anew: the keys of one engine mean nothing to another.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)

from voicebot.errors import ConfigError

ENVIRONMENT_PREFIX = "VOICEBOT_"

Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", strip_whitespace=True)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Section(BaseModel):
    """A table of config.toml: unknown keys are errors, numbers may stand where text is wanted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False, str_strip_whitespace=False
    )


# ---------------------------------------------------------------- chat


class ChatServer(Section):
    """What every chat server has in common."""

    model: str = ""
    """Name of the model; empty: the server's first one."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """0 sober … 2 wild; left to the server when unset."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Longest reply in model tokens; left to the server when unset."""
    connect_timeout_seconds: Seconds = 5.0
    first_delta_timeout_seconds: Seconds = 120.0
    """How long the server may load the model and read the prompt."""
    idle_timeout_seconds: Seconds = 30.0
    """How long a reply may pause once it runs."""


class ChatAuto(ChatServer):
    """A chat server found on this machine, else the demo."""

    kind: Literal["auto"] = "auto"
    base_url: Url | None = None
    """Look here and nowhere else; unset: the usual ports of Ollama, llama.cpp and LM Studio."""


class ChatOllama(ChatServer):
    """Ollama's own API."""

    kind: Literal["ollama"]
    base_url: Url = "http://127.0.0.1:11434"
    think: bool = False
    """Let the model think before it answers (never spoken; costs time)."""
    keep_alive: str = "5m"
    """How long the server keeps the model loaded."""


class ChatOpenAI(ChatServer):
    """Any server that speaks OpenAI's /v1/chat/completions."""

    kind: Literal["openai"]
    base_url: Url = "http://127.0.0.1:8000/v1"
    """Up to and including /v1."""
    api_key: SecretStr = SecretStr("")
    """Better in the environment: VOICEBOT_CHAT__API_KEY, or OPENAI_API_KEY for api.openai.com."""


class ChatDemo(Section):
    """The small built-in conversationalist: no server, no key, English and Japanese."""

    kind: Literal["demo"]
    deltas_per_second: Annotated[float, Field(gt=0, le=10_000)] = 30.0


class ChatPiped(Section):
    """Whatever arrives on standard input is the reply."""

    kind: Literal["piped"]


ChatConfig = Annotated[ChatAuto | ChatOllama | ChatOpenAI | ChatDemo | ChatPiped, Field(discriminator="kind")]

# ---------------------------------------------------------------- chunking


class ChunkingConfig(Section):
    """How the reply is cut into what is spoken at a time."""

    strategy: Literal["newline", "punctuation", "sentence"] = "sentence"
    delimiters: Annotated[str, StringConstraints(min_length=1)] = "。、！？，．｡､!?,.;:；：…"
    """For `punctuation`: cut behind any of these characters."""
    max_characters: Annotated[int, Field(ge=10, le=2000)] = 300
    """Cut here at the latest, at a blank or comma if there is one."""
    idle_seconds: Seconds = 0.3
    """Say a finished sentence when the model has paused this long."""


# ---------------------------------------------------------------- tts


class TtsPyttsx3(Section):
    """The voice of the operating system (espeak-ng on Linux) through pyttsx3."""

    kind: Literal["pyttsx3"] = "pyttsx3"
    voice: str = ""
    """Id or name as `voicebot voices` lists them; empty: the system's voice, and a Japanese one for Japanese text."""
    rate: Annotated[int, Field(ge=50, le=500)] = 200
    """Words a minute."""
    volume: Annotated[float, Field(ge=0, le=1)] = 1.0
    timeout_seconds: Seconds = 10.0
    """After this the engine is given up for the sentence, and started anew."""


class TtsVoicevox(Section):
    """A VOICEVOX engine (or AivisSpeech, which speaks the same API on port 10101)."""

    kind: Literal["voicevox"]
    base_url: Url = "http://127.0.0.1:50021"
    voice: int | str = ""
    """Style id, "character/style" or "character"; empty: the engine's first style."""
    speed: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    pitch: Annotated[float, Field(ge=-0.15, le=0.15)] = 0.0
    intonation: Annotated[float, Field(ge=0, le=2)] = 1.0
    volume: Annotated[float, Field(ge=0, le=2)] = 1.0
    timeout_seconds: Seconds = 60.0


class TtsTone(Section):
    """A beep as long as the text would take: deterministic, for tests and experiments."""

    kind: Literal["tone"]
    sample_rate: Annotated[int, Field(ge=8000, le=192_000)] = 24_000
    delay_seconds: Annotated[float, Field(ge=0)] = 0.0
    """What every synthesis costs."""
    rtf: Annotated[float, Field(ge=0)] = 0.0
    """What each second of audio costs on top."""


TtsConfig = Annotated[TtsPyttsx3 | TtsVoicevox | TtsTone, Field(discriminator="kind")]

# ---------------------------------------------------------------- audio


class AudioAuto(Section):
    """The loudspeaker if there is one, else a WAV file."""

    kind: Literal["auto"] = "auto"
    latency_seconds: Annotated[float, Field(ge=0.005, le=2)] = 0.15


class AudioDevice(Section):
    """A sound device through PortAudio."""

    kind: Literal["device"]
    device: int | str = ""
    """Name (or part of it) or number as `voicebot devices` lists them; empty: the default."""
    latency_seconds: Annotated[float, Field(ge=0.005, le=2)] = 0.15
    """Audio kept ready in the device: more survives a busier machine. The first sound and an interruption do not wait for it."""


class AudioWav(Section):
    """A WAV file, valid while it grows."""

    kind: Literal["wav"]
    path: Annotated[str, StringConstraints(min_length=1)] = "voicebot.wav"
    realtime: bool = False
    """Write as a loudspeaker would play, silences included; otherwise as fast as the clips come."""


class AudioSilent(Section):
    """No sound at all."""

    kind: Literal["silent"]
    realtime: bool = False
    """Take as long as the audio would."""


AudioConfig = Annotated[AudioAuto | AudioDevice | AudioWav | AudioSilent, Field(discriminator="kind")]

# ---------------------------------------------------------------- session


class SessionConfig(Section):
    """The conversation."""

    system_prompt: str = (
        "You are a voice assistant. Answer in the language of the user, in a few short spoken sentences, "
        "without markdown, lists or emoji."
    )
    turns: Annotated[int, Field(ge=0, le=1000)] = 5
    """How many past turns the chat model is told of."""


class Config(Section):
    """Everything that config.toml can say."""

    chat: ChatConfig = ChatAuto()
    chunking: ChunkingConfig = ChunkingConfig()
    tts: TtsConfig = TtsPyttsx3()
    audio: AudioConfig = AudioAuto()
    session: SessionConfig = SessionConfig()

    @field_validator("chat", "tts", "audio", mode="before")
    @classmethod
    def default_kind(cls, value: Any, info: Any) -> Any:  # Any: raw TOML, and pydantic's own untyped info
        """A section without `kind` is of the default kind."""
        if isinstance(value, dict) and "kind" not in value:
            return {"kind": DEFAULT_KINDS[info.field_name], **value}
        return value


DEFAULT_KINDS = {"chat": "auto", "tts": "pyttsx3", "audio": "auto"}
