"""An audio output made elsewhere, by a factory that is named by its import path or as an installed plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voicebot.config.models import AudioPlugin
from voicebot.plugins.opening import open_made
from voicebot.plugins.sound import PluginOutput, wanted_output


@asynccontextmanager
async def open_plugin(config: AudioPlugin) -> AsyncIterator[PluginOutput]:
    """Open what `config.factory` makes of `config.options`. Raises ConfigError and AudioError."""
    async with open_made(wanted_output(), config.factory, config.options) as made:
        yield PluginOutput(made, config.factory)
