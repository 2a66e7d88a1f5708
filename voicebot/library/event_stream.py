"""The events of a voice, to be iterated over."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from typing import Self

from anyio import ClosedResourceError, EndOfStream, WouldBlock

from voicebot.events import Broadcast, Event


class EventStream:
    """Every event since it was made, until the voice is closed; for one reader.

    A slow reader loses the oldest events; nothing waits for it.
    """

    def __init__(self, broadcast: Broadcast, stack: ExitStack, *, capacity: int) -> None:
        self._subscription = stack.enter_context(broadcast.subscribe(capacity))
        stack.callback(self._keep_rest)
        self._rest: deque[Event] = deque()
        """What had not been read when the voice was closed."""

    @property
    def missed(self) -> int:
        """How many events were lost so far because they were not read in time."""
        return self._subscription.missed

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self._subscription.events.receive()
        except (EndOfStream, ClosedResourceError):
            if (event := self.take_rest()) is None:
                raise StopAsyncIteration from None
            return event

    def take_rest(self) -> Event | None:
        """The next of what had not been read when the voice was closed."""
        return self._rest.popleft() if self._rest else None

    def _keep_rest(self) -> None:
        self._subscription.end()
        try:
            while True:
                self._rest.append(self._subscription.events.receive_nowait())
        except (EndOfStream, WouldBlock):
            return
