"""How many turns may run at once: others wait in line, and once it is full they are asked to come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio

from voicebot.server.refusals import Refusal

_RETRY_SECONDS = 2


@dataclass(slots=True, eq=False)
class Place:
    """Somebody's place among those that run or wait."""

    granted: bool = False
    """Whether the turn may begin."""
    taken: bool = False
    """Whether it has begun."""


class Admission:
    """Counts the turns of everybody; first come, first served."""

    def __init__(self, *, most_turns: int, most_waiting: int, most_of_a_person: int) -> None:
        self._most = most_turns
        self._most_waiting = most_waiting
        self._most_of_a_person = most_of_a_person
        self._running: set[Place] = set()
        self._waiting: list[Place] = []
        self._of: Counter[str] = Counter()
        self._left = anyio.Event()
        self.draining = False
        """Whether no new turns are admitted."""

    @property
    def running(self) -> int:
        """Turns that have begun and not ended."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Turns that stand in line."""
        return len(self._waiting)

    def position(self, place: Place) -> int:
        """1 for the one that begins next, 0 for one that has begun."""
        return 1 + self._waiting.index(place) if place in self._waiting else 0

    async def wait(self, place: Place, told: Callable[[int], None]) -> None:
        """Return when the turn of `place` may begin; `told` is given its position meanwhile, and each new one."""
        position = 0
        while not place.granted:
            if (now := self.position(place)) != position:
                position = now
                told(position)
            await self._left.wait()
        place.taken = True

    @contextmanager
    def enter(self, person: str) -> Iterator[Place]:
        """Hold a place until the block ends; the turn begins when it is granted. Raises Refusal without one."""
        self.check(person)
        place = Place()
        self._of[person] += 1
        self._waiting.append(place)
        self._grant()
        try:
            yield place
        finally:
            if place in self._running:
                self._running.remove(place)
            else:
                self._waiting.remove(place)
            self._of -= Counter((person,))  # subtracting a Counter drops entries that reach 0
            self._grant()
            self._left.set()
            self._left = anyio.Event()

    def check(self, person: str) -> None:
        """Raise Refusal if no turn of `person` would be admitted now."""
        if self.draining:
            raise Refusal(503, "the server is about to end", code="draining", headers=_later())
        if self._of[person] >= self._most_of_a_person:
            raise Refusal(
                429,
                "too many replies at once for one person",
                hint="server.max_turns_of_a_person; a program names each of its users in X-Voicebot-Person",
                code="rate_limit_exceeded",
                headers=_later(),
            )
        if self.running >= self._most and self.waiting >= self._most_waiting:
            hint = "server.max_turns and server.max_waiting"
            raise Refusal(503, "too many replies at once", hint=hint, code="overloaded", headers=_later())

    async def drain(self, seconds: float) -> bool:
        """Admit no more turns and wait for those that were admitted; False if some have not ended after `seconds`."""
        self.draining = True
        with anyio.move_on_after(seconds):
            while self._running or self._waiting:
                await self._left.wait()
        return not self._running and not self._waiting

    def _grant(self) -> None:
        while self._waiting and len(self._running) < self._most:
            place = self._waiting.pop(0)
            self._running.add(place)
            place.granted = True


def _later() -> dict[str, str]:
    return {"retry-after": str(_RETRY_SECONDS)}
