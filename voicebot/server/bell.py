"""Wakes all who wait for the next time that something happens."""

from __future__ import annotations

import asyncio


class Bell:
    """Rings again and again, unlike an event, which has to be made anew each time.

    It is asyncio's own, as uvicorn is: for what happens thousands of times a second anyio's events take twice as long.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Return when it rings the next time."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            raise

    def ring(self) -> None:
        """Wake all who wait now."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
