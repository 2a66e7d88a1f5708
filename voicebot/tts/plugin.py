"""A synthesizer made elsewhere, by a factory that is named by its import path or as an installed plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voicebot.config.models import TtsPlugin
from voicebot.plugins.opening import open_made
from voicebot.plugins.synthesis import PluginSynthesizer, wanted_synthesizer


@asynccontextmanager
async def open_plugin(config: TtsPlugin) -> AsyncIterator[PluginSynthesizer]:
    """Open what `config.factory` makes of `config.options`. Raises ConfigError and SynthesisError."""
    async with open_made(wanted_synthesizer(), config.factory, config.options) as made:
        yield PluginSynthesizer(made, config.factory)
