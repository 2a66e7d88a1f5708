"""What a Wyoming client is told that we can do."""

from __future__ import annotations

from collections.abc import Sequence

from wyoming.event import Event
from wyoming.info import Attribution, HandleModel, HandleProgram, Info, TtsProgram, TtsVoice

from voicebot import __version__
from voicebot.turn import Pipeline

_LANGUAGES = ["en", "ja"]
"""Of what does not say."""
_OURS = Attribution(name="voicebot", url="")

Row = dict[str, object]
"""A voice, as `voicebot voices` lists it."""


def info(pipeline: Pipeline, voices: Sequence[Row]) -> Event:
    """Text-to-speech where there is a voice, and the chat model as conversation agent."""
    listed = [_voice(row) for row in voices]
    spoken = list(dict.fromkeys([*_LANGUAGES, *(language for voice in listed for language in voice.languages)]))
    tts = []
    if pipeline.synthesizer is not None:
        name = pipeline.synthesizer.name
        tts.append(
            TtsProgram(
                name="voicebot",
                description=f"voicebot: {name}",
                attribution=_OURS,
                installed=True,
                version=__version__,
                voices=listed
                or [_voice({"voice": name, "languages": list(pipeline.synthesizer.capabilities.languages)})],
                supports_synthesize_streaming=True,
            )
        )
    chat = pipeline.chat.name
    model = HandleModel(
        name=chat, description=chat, attribution=_OURS, installed=True, version=__version__, languages=spoken
    )
    handle = HandleProgram(
        name="voicebot",
        description=f"voicebot: {chat}",
        attribution=_OURS,
        installed=True,
        version=__version__,
        models=[model],
        supports_handled_streaming=True,
        supports_home_control=False,
    )
    return Info(tts=tts, handle=[handle]).event()


def _voice(row: Row) -> TtsVoice:
    name, languages = str(row.get("voice")), row.get("languages")
    known = [str(language) for language in languages] if isinstance(languages, list) else []
    character, _, _ = name.partition("/")
    credit = f"VOICEVOX:{character}" if "style_id" in row else ""
    return TtsVoice(
        name=name,
        description=str(row.get("name") or name),
        attribution=Attribution(name=credit, url="https://voicevox.hiroshiba.jp/") if credit else _OURS,
        installed=True,
        version=__version__,
        languages=known or (["ja"] if credit else _LANGUAGES),
    )
