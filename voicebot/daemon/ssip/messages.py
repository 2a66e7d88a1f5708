"""Messages on their way to the ear: which of their events are due when; no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from voicebot import events
from voicebot.daemon.ssip.replies import Happening
from voicebot.daemon.ssip.ssml import Mark
from voicebot.events import Event


@dataclass(frozen=True, slots=True)
class Message:
    """What a client has sent to be said."""

    id: int
    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell the client of a message."""

    offset: int
    """Due when everything before this character has been heard."""
    message: int
    happening: Happening
    mark: str = ""


class Progress:
    """Follows messages that are said in one go, as one text.

    How far they have been heard is known clip by clip: what falls into the middle of a clip is told at its end.
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        self.text = "\n".join(message.text for message in messages)
        """What is to be said."""
        self._due: deque[Note] = deque()
        self._read = 0
        """Up to here the text has become utterances."""
        self._ranges: dict[int, tuple[int, int]] = {}
        """Where in the text each utterance is."""
        self._begun = False
        offset = 0
        for message in messages:
            self._due.append(Note(offset, message.id, Happening.BEGIN))
            for mark in message.marks:
                self._due.append(Note(offset + mark.offset, message.id, Happening.INDEX_MARK, mark.name))
            offset += len(message.text)
            self._due.append(Note(offset, message.id, Happening.END))
            offset += len("\n")

    def begins(self) -> list[Note]:
        """What is due when the first sound is heard."""
        return self._until(0) if not self._begun else []

    def hears(self, event: Event) -> list[Note]:
        """What is due after an event of its turn."""
        match event:
            case events.UtteranceReady(index=index, text=text):
                found = self.text.find(text, self._read)
                begin = found if found >= 0 else self._read
                self._ranges[index] = (begin, begin + len(text))
                self._read = begin + len(text)
            case events.PlaybackStarted(index=index):
                return self._until(self._ranges.get(index, (0, 0))[0])
            case events.PlaybackFinished(index=index):
                return self._until(self._ranges.get(index, (0, 0))[1])
            case _:
                pass
        return []

    def ends(self, *, completed: bool) -> list[Note]:
        """What is due when it is over: everything that was not told, or that the rest was cancelled."""
        rest, self._due = list(self._due), deque()
        if completed:
            return rest
        return [Note(one.offset, one.message, Happening.CANCELED) for one in rest if one.happening is Happening.END]

    def _until(self, offset: int) -> list[Note]:
        """Take what is due up to `offset`; the end of the last message is known only when the turn is over."""
        self._begun = True
        due: list[Note] = []
        while len(self._due) > 1 and self._due[0].offset <= offset:
            due.append(self._due.popleft())
        return due
