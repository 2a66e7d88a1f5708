"""The styles of a VOICEVOX engine, and which of them a name means."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.errors import UnknownVoice, VoiceUnavailable
from voicebot.text.language_tags import language_name, language_tag
from voicebot.translation import tr


@dataclass(frozen=True, slots=True)
class VoicevoxStyle:
    """One way of talking of one character."""

    style_id: int
    character: str
    style: str

    @property
    def name(self) -> str:
        """What `tts.voice` calls it: character/style."""
        return f"{self.character}/{self.style}"


def choose_style(styles: Sequence[VoicevoxStyle], voice: int | str, *, address: str) -> VoicevoxStyle:
    """Return the style that `voice` means: style id, "character/style", "character"; the first one for Japanese or "".

    Raises VoiceUnavailable with the nearest names.
    """
    if not styles:
        raise VoiceUnavailable(
            tr("the VOICEVOX engine at {address} has no voice", address=address), hint=tr("install one in VOICEVOX")
        )
    wanted = _plain(str(voice))
    if not wanted:
        return styles[0]
    if wanted.isdecimal():
        found = [style for style in styles if style.style_id == int(wanted)]
    else:
        found = [style for style in styles if _plain(style.name) == wanted]
        found = found or [style for style in styles if _plain(style.character) == wanted]
    if found:
        return found[0]
    if tag := language_tag(wanted):
        if tag.partition("-")[0] == "ja":
            return styles[0]
        raise VoiceUnavailable(
            tr(
                "the VOICEVOX engine at {address} has no voice for {language}: they all speak Japanese",
                address=address,
                language=language_name(tag),
            ),
            hint=tr("another engine may have one: --tts pyttsx3"),
        )
    names = {_plain(name): name for style in styles for name in (style.character, style.name)}
    near = [names[key] for key in difflib.get_close_matches(wanted, names, 3, 0.4)]
    first = tr(", ").join(style.name for style in styles[:3])
    if near:
        instead = tr("near to it: {near}", near=tr(", ").join(near))
    elif len(styles) > 3:
        instead = tr("it has {names} and {count} more", names=first, count=len(styles) - 3)
    else:
        instead = tr("it has {names}", names=first)
    raise UnknownVoice(
        tr(
            "the VOICEVOX engine at {address} has no voice {voice!r}; {instead}",
            address=address,
            voice=str(voice),
            instead=instead,
        ),
        hint=tr("list them: voicebot voices --tts voicevox"),
    )


def _plain(name: str) -> str:
    """Return `name` as names are compared: full-width or not, upper case or not."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
