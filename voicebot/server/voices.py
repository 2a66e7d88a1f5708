"""The voices that somebody may choose: those of the configured engine, and no others."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from voicebot.config.models import TtsConfig
from voicebot.tts import list_voices

_KNOWN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of the engine."""

    id: str
    """What chooses it."""
    name: str
    """What a person calls it."""
    language: str
    """BCP 47; empty where it is not known, or speaks several."""


class Voices:
    """Knows the voices of the engine, which is asked only now and then: some start a process for it."""

    def __init__(self, config: TtsConfig, *, speaks: bool) -> None:
        """Without `speaks` there are none: replies are shown only."""
        self._config = config
        self._speaks = speaks
        self._asking = anyio.Lock()
        self._listed: tuple[Voice, ...] = ()
        self._asked_at: float | None = None

    async def listed(self) -> tuple[Voice, ...]:
        """All of them, in the engine's own order. Raises VoiceUnavailable."""
        async with self._asking:
            now = anyio.current_time()
            if self._speaks and (self._asked_at is None or now - self._asked_at > _KNOWN_SECONDS):
                self._listed = tuple(_voice(row) for row in await list_voices(self._config))
                self._asked_at = now
        return self._listed

    async def knows(self, id: str) -> bool:
        """Whether there is a voice with this id. Raises VoiceUnavailable."""
        return any(voice.id == id for voice in await self.listed())


def _voice(row: dict[str, object]) -> Voice:
    id, languages = str(row["voice"]), row.get("languages")
    spoken = [str(language) for language in languages] if isinstance(languages, list) else []
    if "style_id" in row:  # VOICEVOX, which speaks nothing else
        spoken = ["ja"]
    return Voice(id, str(row.get("name") or id), spoken[0] if len(spoken) == 1 else "")
