"""How a client of speech-dispatcher has its messages said; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from voicebot.daemon.ssip.commands import Set, Value
from voicebot.daemon.ssip.replies import Happening
from voicebot.daemon.ssip.words import speed_of
from voicebot.floor import Priority
from voicebot.speech import AS_CONFIGURED, Style

MODULE = "voicebot"
"""What clients see as the only output module."""
_SOURCE = "ssip"
"""Who asks, where the client has no name: the empty one is that of the person at this machine."""


def _at_first() -> dict[str, Value]:
    return {
        "rate": 0,
        "pitch": 0,
        "volume": 100,
        "language": "",
        "voice_type": "MALE1",
        "output_module": MODULE,
        "punctuation": "none",
    }


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client has set so far."""

    source: str = _SOURCE
    """Who asks, in the status and the events."""
    priority: Priority = Priority.TEXT
    ssml: bool = False
    spelling: bool = False
    style: Style = AS_CONFIGURED
    told: frozenset[Happening] = frozenset()
    """What the client is told of its messages."""
    values: dict[str, Value] = field(default_factory=_at_first)
    """All of it, as the client gave it; what our voices cannot do is here, too, and changes nothing."""

    @property
    def language(self) -> str:
        """What the client says that its texts are in."""
        return str(self.values["language"])


def changed(settings: Settings, command: Set, voice: str) -> Settings:
    """The settings after `command`; `voice` is what the engine calls the one that it asks for, empty if it has none."""
    value = command.value
    values = {**settings.values, command.name: value}
    match command.name, value:
        case "client_name", str():
            settings = replace(settings, source=value or _SOURCE)
        case "priority", Priority():
            settings = replace(settings, priority=value)
        case "ssml_mode", bool():
            settings = replace(settings, ssml=value)
        case "spelling", bool():
            settings = replace(settings, spelling=value)
        case "notification", (frozenset() as which, bool() as on):
            settings = replace(settings, told=settings.told | which if on else settings.told - which)
        case "rate", int():
            settings = replace(settings, style=replace(settings.style, speed=speed_of(value)))
        case "synthesis_voice", _:
            settings = replace(settings, style=replace(settings.style, voice=voice))
            values["voice_type"] = "NO_VOICE"  # as speech-dispatcher calls it
        case _:
            pass
    return replace(settings, values=values)
