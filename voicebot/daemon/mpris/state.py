"""What a media player shows of what is spoken; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from voicebot import events
from voicebot.errors import VoicebotError
from voicebot.events import Event
from voicebot.text.safe_display import safe_line

_TITLE_CHARACTERS = 300


class BusGone(VoicebotError):
    """There is no session bus, or it no longer talks to us."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a desktop shows."""

    status: Literal["Playing", "Paused", "Stopped"] = "Stopped"
    title: str = ""
    """The sentence that is spoken."""
    artist: str = ""
    """The voice, or the character, that speaks."""
    track: str = "/org/mpris/MediaPlayer2/TrackList/NoTrack"
    """A path that no other sentence has."""


class NowPlaying:
    """Follows the events of a conversation."""

    def __init__(self) -> None:
        self.shown = Shown()
        self._speaks = self._paused = False

    @property
    def active(self) -> bool:
        """Whether something is spoken or paused: only then are the media keys ours."""
        return self.shown.status != "Stopped"

    def hear(self, event: Event) -> bool:
        """Learn from an event; tell whether there is something else to show."""
        before = self.shown
        match event:
            case events.TurnStarted(voice=voice):
                self.shown = replace(self.shown, artist=_line(voice))
            case events.PlaybackStarted(turn=turn, index=index, text=text):
                self._speaks = True
                track = f"/voicebot/{''.join(one for one in turn if one.isalnum() and one.isascii())}/{index}"
                self.shown = replace(self.shown, title=_line(text), track=track)
            case events.FloorFree():
                self._speaks = False
            case events.Paused():
                self._paused = True
            case events.Resumed():
                self._paused = False
            case _:
                return False
        status: Literal["Playing", "Paused", "Stopped"] = "Playing" if self._speaks else "Stopped"
        self.shown = replace(self.shown, status="Paused" if self._paused else status)
        return self.shown != before


def _line(text: str) -> str:
    """One line that a bus can carry, which ends the connection over a lone surrogate or a zero."""
    return safe_line(text).encode("utf-8", "replace").decode().replace("\0", "").strip()[:_TITLE_CHARACTERS]
