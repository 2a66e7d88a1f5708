"""voicebot: hear a chat model's answer while it is still being written.

In a program: `async with voicebot.open_voice() as voice: await voice.speak(deltas)`; see docs/library.md. Everything
is imported when it is first used.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # as typing's own, without importing it: the command of a running daemon takes milliseconds
if TYPE_CHECKING:
    from voicebot import errors, events, testing
    from voicebot.config.models import Config
    from voicebot.errors import (
        AudioError,
        ChatError,
        ChatUnavailable,
        ConfigError,
        SynthesisError,
        VoicebotError,
        VoiceClosed,
        VoiceUnavailable,
    )
    from voicebot.events import Event
    from voicebot.floor import Priority
    from voicebot.library.event_stream import EventStream
    from voicebot.library.functions import FunctionOutput, FunctionSynthesizer
    from voicebot.library.settings import load_config
    from voicebot.library.sync import SyncEventStream, SyncVoice, open_voice_sync
    from voicebot.library.voice import Voice, open_voice
    from voicebot.messages import Message
    from voicebot.protocols import AudioOutput, ChatModel, ChunkingStrategy, Playback, Synthesizer
    from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Clip, Metrics, Outcome, Segment, Style

_MODULES = ("errors", "events", "testing")
_HOMES = {
    "config.models": ("Config",),
    "errors": (
        *("AudioError", "ChatError", "ChatUnavailable", "ConfigError", "SynthesisError", "VoicebotError"),
        *("VoiceClosed", "VoiceUnavailable"),
    ),
    "events": ("Event",),
    "floor": ("Priority",),
    "library.event_stream": ("EventStream",),
    "library.functions": ("FunctionOutput", "FunctionSynthesizer"),
    "library.settings": ("load_config",),
    "library.sync": ("SyncEventStream", "SyncVoice", "open_voice_sync"),
    "library.voice": ("Voice", "open_voice"),
    "messages": ("Message",),
    "protocols": ("AudioOutput", "ChatModel", "ChunkingStrategy", "Playback", "Synthesizer"),
    "speech": (
        *("AS_CONFIGURED", "Audio", "AudioFormat", "Capabilities", "Clip", "Metrics", "Outcome", "Segment", "Style"),
    ),
}
"""The modules of what can be used as `voicebot.NAME`."""

__all__ = [
    "AS_CONFIGURED",
    "Audio",
    "AudioError",
    "AudioFormat",
    "AudioOutput",
    "Capabilities",
    "ChatError",
    "ChatModel",
    "ChatUnavailable",
    "ChunkingStrategy",
    "Clip",
    "Config",
    "ConfigError",
    "Event",
    "EventStream",
    "FunctionOutput",
    "FunctionSynthesizer",
    "Message",
    "Metrics",
    "Outcome",
    "Playback",
    "Priority",
    "Segment",
    "Style",
    "SyncEventStream",
    "SyncVoice",
    "SynthesisError",
    "Synthesizer",
    "Voice",
    "VoiceClosed",
    "VoiceUnavailable",
    "VoicebotError",
    "errors",
    "events",
    "load_config",
    "open_voice",
    "open_voice_sync",
    "testing",
]


def __getattr__(name: str) -> object:
    """Import what is used for the first time."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
