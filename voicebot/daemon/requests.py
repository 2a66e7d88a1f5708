"""What callers have asked to be spoken, and how that went."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import anyio
from anyio import CancelScope

from voicebot import events
from voicebot.events import Event, new_turn_id
from voicebot.floor import Priority
from voicebot.speech import OutcomeKind

_KEPT = 100
"""How many finished requests stay in the history."""


class State(StrEnum):
    """How far a request is."""

    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Nothing more comes."""
        return self not in (State.QUEUED, State.STARTED)


Kind = Literal["say", "ask"]

_STATE: dict[OutcomeKind, State] = {
    "completed": State.FINISHED,
    "interrupted": State.CANCELLED,
    "failed": State.FAILED,
}


@dataclass(slots=True, eq=False)
class SpeechRequest:
    """One text to say or one question to answer, as a caller asked."""

    id: str
    """Short, and unique as long as this daemon runs: u1, u2, …"""
    kind: Kind
    text: str
    """What is to be said, or the question; empty for a text that still comes."""
    source: str
    """Who asked; empty: the person at this machine."""
    priority: Priority
    turn: str = field(default_factory=new_turn_id)
    """The id in its events."""
    asked_at: float = field(default_factory=time.time)
    """Seconds since 1970."""
    state: State = State.QUEUED
    position: int = 0
    """Its place among those who wait when it came; 0: it did not have to wait."""
    reason: str = ""
    """Why it was cancelled (`DropReason`) or failed."""
    hint: str = ""
    code: str = ""
    """Which part failed: VB-CHAT, VB-VOICE, VB-AUDIO; empty where none did."""
    heard: str = ""
    """What was heard, once it is over."""
    seconds: float = 0.0
    """The length of the audio that was made for it, once it is over."""
    placed: anyio.Event = field(default_factory=anyio.Event)
    """It speaks, or has a place among those who wait, or is over."""
    began: anyio.Event = field(default_factory=anyio.Event)
    """Its first sound was heard, or it is over."""
    ended: anyio.Event = field(default_factory=anyio.Event)
    scope: CancelScope = field(default_factory=CancelScope)
    """Around its turn and its wait for the floor."""

    def waits(self, position: int) -> None:
        """It has this place among those who wait."""
        self.position = position
        self.placed.set()

    def starts(self) -> None:
        """It has the floor."""
        self.state = State.STARTED
        self.placed.set()

    def ends(self, state: State, reason: str = "", hint: str = "") -> None:
        """It is over; only the first time counts."""
        if not self.state.over:
            self.state, self.reason, self.hint = state, reason, hint
        self.placed.set()
        self.began.set()
        self.ended.set()


class Requests:
    """Those that wait or speak, by their turn, and the last ones that are over."""

    def __init__(self) -> None:
        self.open: dict[str, SpeechRequest] = {}
        self.over: deque[SpeechRequest] = deque(maxlen=_KEPT)
        """The oldest first."""
        self._made = 0

    def new(self, kind: Kind, text: str, *, source: str, priority: Priority) -> SpeechRequest:
        """One more."""
        self._made += 1
        request = SpeechRequest(f"u{self._made}", kind, text, source, priority)
        self.open[request.turn] = request
        return request

    def close(self, request: SpeechRequest) -> None:
        """Move it to those that are over."""
        if self.open.pop(request.turn, None) is not None:
            self.over.append(request)

    def history(self) -> list[SpeechRequest]:
        """What is over, the oldest first."""
        return [*self.over, *(one for one in self.open.values() if one.state.over)]

    def find(self, name: str) -> SpeechRequest | None:
        """The open request with this id, or of this turn."""
        return self.open.get(name) or next((one for one in self.open.values() if one.id == name), None)

    def note(self, event: Event, cut: str) -> None:
        """Learn from `event` how a request goes; `cut` is why the floor was taken from the one that speaks."""
        request = self.open.get(event.turn)
        if request is None:
            return
        match event:
            case events.TurnWaiting(position=position):
                request.waits(position)
            case events.TurnDropped(reason=reason):
                request.ends(State.CANCELLED, reason)
            case events.TurnStarted():
                request.starts()
            case events.PlaybackStarted():
                request.began.set()
            case events.TurnEnded(outcome=kind, error=error, hint=hint, heard=heard, metrics=metrics):
                request.heard, request.seconds = heard, metrics.audio_seconds
                request.ends(_STATE[kind], error or (cut if kind == "interrupted" else ""), hint)
