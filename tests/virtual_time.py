"""Seconds that take no time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio
from trio.testing import MockClock

T = TypeVar("T")


def in_virtual_time(body: Callable[[], Awaitable[T]]) -> T:
    """Run `body` under trio's clock that jumps to the next deadline when everybody waits."""
    return trio.run(body, clock=MockClock(autojump_threshold=0))
