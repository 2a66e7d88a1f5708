"""What an output does between the calls to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import anyio

from voicebot.errors import without_groups


@asynccontextmanager
async def in_background(*tasks: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:  # Any: event loop's
    """Run `tasks` until the end of the block; what it raises is never wrapped in a group."""
    with without_groups():
        async with anyio.create_task_group() as group:
            for task in tasks:
                group.start_soon(task)
            yield
            group.cancel_scope.cancel()
