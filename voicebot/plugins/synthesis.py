"""A synthesizer made elsewhere."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from voicebot.errors import SynthesisError, VoicebotError
from voicebot.plugins.opening import Wanted
from voicebot.protocols import synthesize_within
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.translation import tr


class PluginSynthesizer:
    """The audio of a synthesizer made elsewhere; what it raises becomes SynthesisError, what it lacks has a default."""

    def __init__(self, made: Any, factory: str) -> None:  # Any: checked when it was made
        self._made = made
        self._factory = factory
        self.name = str(made.name)
        self.identity = str(getattr(made, "identity", f"plugin {factory} {self.name}"))
        self.credit = str(getattr(made, "credit", ""))

    @property
    def format(self) -> AudioFormat:
        """The format that its audio usually has."""
        format: AudioFormat = self._made.format
        return format

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return getattr(self._made, "capabilities", None) or Capabilities()

    async def synthesize(
        self, text: str, style: Style = AS_CONFIGURED, *, within_seconds: float = math.inf
    ) -> AsyncGenerator[Audio, None]:
        """Yield what it yields."""
        try:
            async with aclosing(synthesize_within(self._made, text, style, within_seconds)) as pieces:
                async for audio in pieces:
                    yield audio
        except VoicebotError:
            raise
        except Exception as error:
            raise wanted_synthesizer().failed(self._factory, error) from error


def wanted_synthesizer() -> Wanted:
    """What the factory has to make."""
    return Wanted("tts", "tts.factory", tr("a synthesizer"), ("name", "format", "synthesize"), SynthesisError)
