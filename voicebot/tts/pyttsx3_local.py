"""The operating system's own voice through pyttsx3, in a child process that can be killed."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from voicebot.audio.pcm import read_sound_file
from voicebot.config.models import TtsPyttsx3
from voicebot.errors import SynthesisError, UnknownVoice
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.translation import tr
from voicebot.tts.pyttsx3_engine import Engine

_CHILD = Path(__file__).with_name("pyttsx3_child.py")
_MOST_CHARACTERS = 4_000
"""espeak-ng's buffers break at about 15,000."""


@dataclass(frozen=True, slots=True)
class LocalVoice:
    """One voice of the operating system."""

    id: str
    name: str
    languages: tuple[str, ...]


class Pyttsx3Synthesizer:
    """Says texts with the operating system's engine."""

    credit = ""
    capabilities = Capabilities()

    def __init__(self, engine: Engine, config: TtsPyttsx3) -> None:
        self._engine = engine
        self._config = config
        self._voice = config.voice
        self._voices: list[LocalVoice] = []
        self.format = AudioFormat(22_050)

    @property
    def name(self) -> str:
        """The engine, and the voice if one was chosen."""
        return " ".join(filter(None, ["pyttsx3", self._engine.driver, self._voice]))

    @property
    def identity(self) -> str:
        """Its name: it is always on this machine."""
        return self.name

    async def voices(self) -> list[LocalVoice]:
        """The voices that are installed."""
        if not self._voices:
            header, _, _ = await self._engine.exchange({"op": "voices"}, tr("pyttsx3 did not list its voices"))
            self._voices = [LocalVoice(v["id"], v["name"], tuple(v["languages"])) for v in header.get("voices", [])]
        return self._voices

    def expect(self, language: str) -> None:
        """Load on the side what only texts in `language` (BCP 47) need."""
        if language.partition("-")[0] == "ja":
            self._engine.expect_japanese()

    async def choose(self, wanted: str) -> None:
        """Use the voice with this id, name or language from now on. Raises VoiceUnavailable when there is none."""
        self._voice = await self._find(wanted)

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Say `text`. Raises SynthesisError."""
        text = text.replace("\0", "").encode("utf-8", "replace").decode()  # lone surrogates cannot be said
        if len(text) > _MOST_CHARACTERS:
            raise SynthesisError(
                tr("{count} characters are too many for one utterance", count=len(text)),
                hint=tr("lower chunking.max_characters"),
            )
        request = {
            "op": "say",
            "text": text,
            "voice": await self._find(style.voice) if style.voice else self._voice,
            "rate": round(self._config.rate * style.speed),
            "volume": self._config.volume,
        }
        header, data, work_seconds = await self._engine.exchange(request, tr("pyttsx3 did not finish"))
        if "error" in header:
            raise SynthesisError(tr("pyttsx3 failed: {reason}", reason=header["error"]))
        try:
            pcm, format = read_sound_file(data)
        except ValueError as error:
            raise SynthesisError(tr("pyttsx3 gave no audio: {error}", error=error)) from error
        if not pcm:
            raise SynthesisError(tr("pyttsx3 gave no audio"))
        self.format = format
        yield Audio(pcm, format, work_seconds=work_seconds)

    async def _find(self, wanted: str) -> str:
        """The id of the voice with this id, name or language. Raises VoiceUnavailable when there is none."""
        voices = await self.voices()
        for matches in (
            lambda v: v.id == wanted,
            lambda v: wanted.casefold() in {v.id.casefold(), v.name.casefold()},
            lambda v: wanted.casefold() in {language.casefold() for language in v.languages},
            lambda v: wanted.casefold() == v.id.rpartition("/")[2].casefold(),
        ):
            if found := next(filter(matches, voices), None):
                return found.id
        return _by_language(wanted, voices).id


def _by_language(wanted: str, voices: Sequence[LocalVoice]) -> LocalVoice:
    """The voice that speaks the language that `wanted` names. Raises VoiceUnavailable when there is none."""
    from voicebot.text.language_tags import closest, language_name, language_tag, nearest_language

    if tag := language_tag(wanted):
        code = tag.partition("-")[0]
        usual = [voice for voice in voices if tag == code and voice.id.rpartition("/")[2].casefold() == code]
        speaking = usual + [voices[number] for number in closest(tag, [voice.languages for voice in voices])]
        if speaking:
            return speaking[0]
        told = tr("there is no voice for {language}", language=language_name(tag))
    elif tag := nearest_language(wanted):
        near = [voices[number].name for number in closest(tag, [voice.languages for voice in voices])[:3]]
        told = _no_voice(wanted, near)
    else:
        names = [voice.id if "/" in wanted else voice.name for voice in voices]
        near = difflib.get_close_matches(wanted, names, 3, 0.6)
        told = _no_voice(wanted, near)
    raise UnknownVoice(told, hint=tr("list them: voicebot voices --tts pyttsx3"))


def _no_voice(wanted: str, near: Sequence[str]) -> str:
    if not near:
        return tr("there is no voice {wanted!r}", wanted=wanted)
    return tr("there is no voice {wanted!r}; near to it: {near}", wanted=wanted, near=tr(", ").join(near))


@asynccontextmanager
async def open_pyttsx3(
    config: TtsPyttsx3, *, command: list[str] | None = None, japanese_expected: bool = False
) -> AsyncIterator[Pyttsx3Synthesizer]:
    """The operating system's voice, ready to speak. Raises VoiceUnavailable.

    `command` starts another engine that speaks the same protocol; `japanese_expected` lets it load its Japanese
    dictionary (0.7 s) while the reply is still awaited.
    """
    command = command or [sys.executable, "-P", os.fspath(_CHILD)]
    engine = Engine(command, timeout_seconds=config.timeout_seconds, japanese_expected=japanese_expected)
    try:
        await engine.start()
        synthesizer = Pyttsx3Synthesizer(engine, config)
        if config.voice:
            await synthesizer.choose(config.voice)
        yield synthesizer
    finally:
        engine.close()
