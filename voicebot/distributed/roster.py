"""Which workers there are, from what they answered to the last questions. Pure."""

from __future__ import annotations

from voicebot.distributed.messages import Voice, WorkerStatus, understood
from voicebot.speech import Capabilities

_FORGOTTEN_AFTER = 2
"""Questions without an answer."""


class Roster:
    """The workers that speak with one group of voices."""

    def __init__(self, voice_class: str) -> None:
        self._voice_class = voice_class
        self._known: dict[str, tuple[int, WorkerStatus]] = {}
        self._question = 0

    @property
    def workers(self) -> list[WorkerStatus]:
        """Those that take jobs, in the order of their ids."""
        known = [status for _, status in self._known.values() if not status.draining]
        return sorted(known, key=lambda status: status.worker)

    @property
    def voice(self) -> Voice | None:
        """What they speak with; None where nobody is known."""
        return next((status.voice for status in self.workers), None)

    def knows(self, worker: str) -> bool:
        """Whether the worker with this id has answered."""
        return worker in self._known

    def ask(self) -> None:
        """All workers are being asked; forget those that did not answer the last times."""
        self._question += 1
        oldest = self._question - _FORGOTTEN_AFTER
        self._known = {worker: known for worker, known in self._known.items() if known[0] >= oldest}

    def forget_all(self) -> None:
        """The broker says that there is nobody."""
        self._known.clear()

    def answer(self, status: WorkerStatus) -> bool:
        """Note a worker's answer; return whether it is one of ours."""
        if status.voice_class != self._voice_class or not understood(status.v, status.minor):
            return False
        self._known[status.worker] = (self._question, status)
        return True

    def capabilities(self, *, ahead: int) -> Capabilities:
        """What all of them can do, and how much at once."""
        voices = [status.voice for status in self.workers]
        if not voices:
            return Capabilities(ahead=ahead)
        first, *others = voices
        return Capabilities(
            streams=all(voice.streams for voice in voices),
            timings=all(voice.timings for voice in voices),
            parallel=max(1, sum(status.concurrency for status in self.workers)),
            languages=tuple(tag for tag in first.languages if all(tag in voice.languages for voice in others)),
            reads=tuple(tag for tag in first.reads if all(tag in voice.reads for voice in others)),
            ahead=ahead,
        )
