"""An audio output made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from voicebot.errors import AudioError, VoicebotError
from voicebot.plugins.opening import Wanted
from voicebot.protocols import Playback
from voicebot.speech import Clip
from voicebot.translation import tr


class PluginOutput:
    """An audio output made elsewhere; what it raises becomes AudioError."""

    def __init__(self, made: Any, factory: str) -> None:  # Any: checked when it was made
        self._made = made
        self._factory = factory
        self.name = str(made.name)

    @property
    def realtime(self) -> bool:
        """Whether clips take as long as they sound."""
        return bool(self._made.realtime)

    async def play(self, clip: Clip) -> Playback:
        """Queue `clip`."""
        with self._translated():
            return PluginPlayback(await self._made.play(clip), self._translated)

    async def drain(self) -> None:
        """Come to rest."""
        with self._translated():
            await self._made.drain()

    def pause(self) -> None:
        """Hold the sound."""
        with self._translated():
            self._made.pause()

    def resume(self) -> None:
        """Go on."""
        with self._translated():
            self._made.resume()

    def paused_seconds(self) -> float:
        """How long it has been held in all."""
        with self._translated():
            return float(self._made.paused_seconds())

    def abort(self) -> None:
        """Be silent now."""
        with self._translated():
            self._made.abort()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except VoicebotError:
            raise
        except Exception as error:
            raise wanted_output().failed(self._factory, error) from error


class PluginPlayback:
    """One clip on its way through such an output."""

    def __init__(self, made: Any, translated: Callable[[], Any]) -> None:  # Any: theirs, and a context manager
        self._made = made
        self._translated = translated

    async def started(self) -> float:
        """Wait until it is audible."""
        with self._translated():
            return float(await self._made.started())

    async def finished(self) -> float:
        """Wait until nothing more of it will be heard."""
        with self._translated():
            return float(await self._made.finished())

    def heard_seconds(self) -> float:
        """How much of it has been heard."""
        with self._translated():
            return float(self._made.heard_seconds())


def wanted_output() -> Wanted:
    """What the factory has to make."""
    members = ("name", "realtime", "drain", "pause", "resume", "paused_seconds", "abort", "play")
    return Wanted("audio", "audio.factory", tr("an audio output"), members, AudioError)
