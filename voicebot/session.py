"""A conversation: who holds the floor, barge-in, and what is remembered of each turn."""

from __future__ import annotations

import anyio
from anyio import CancelScope

from voicebot.protocols import Emit, Memory
from voicebot.speech import Message, Outcome
from voicebot.turn import Parts, speak_turn


class Session:
    """Lets one turn speak at a time and remembers what was heard of it."""

    def __init__(self, parts: Parts, *, memory: Memory, emit: Emit) -> None:
        self._parts = parts
        self._memory = memory
        self._emit = emit
        self._floor = anyio.Lock()
        self._live: set[CancelScope] = set()

    async def speak(self, message: str, *, barge_in: bool = True) -> Outcome:
        """Speak the reply to `message` and return how that ended.

        With `barge_in` a turn that is being spoken ends first; without, this one waits for it. What was heard of the
        reply is remembered, not what was generated.
        """
        if barge_in:
            self.interrupt()
        async with self._floor:
            scope = CancelScope()
            self._live.add(scope)
            try:
                question = Message("user", message)
                outcome = await speak_turn(
                    [*self._memory.messages(), question], self._parts, emit=self._emit, scope=scope
                )
            finally:
                self._live.discard(scope)
            if heard := outcome.heard.strip():
                reply = Message("assistant", heard, interrupted=outcome.kind != "completed")
                self._memory.remember(question, *outcome.exchanged, reply)
            return outcome

    def interrupt(self) -> bool:
        """End the turn that is being spoken, if any; tell whether there was one."""
        for scope in self._live:
            scope.cancel()
        return bool(self._live)
