"""A timer that speaks when it is due."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from voicebot.protocols import Background
from voicebot.tools.functions import function_tool
from voicebot.tools.toolbox import Tool

MAX_SECONDS = 24 * 3600.0
MAX_RUNNING = 20


def timer_tool(tasks: Background, say: Callable[[str], None]) -> Tool:
    """Return a tool that sets timers: each runs in `tasks` and outlives its turn.

    When a timer is due, `say` is given its sentence; it must return at once.
    """
    running = 0

    async def timer(say_when_due: str, hours: float = 0, minutes: float = 0, seconds: float = 0) -> str:
        """Set a timer. When it is due, the sentence is spoken to the user.

        say_when_due: a short sentence in the user's language, such as "The pasta is ready." or "三分たちました。"
        """
        nonlocal running
        due_in = hours * 3600 + minutes * 60 + seconds
        if not 0 < due_in <= MAX_SECONDS:
            raise ValueError("a timer runs for more than 0 seconds and at most 24 hours")
        if not say_when_due.strip():
            raise ValueError("say_when_due must not be empty")
        if running >= MAX_RUNNING:
            raise ValueError(f"{MAX_RUNNING} timers are running already")
        running += 1
        tasks.start_soon(wait, anyio.current_time() + due_in, say_when_due.strip())
        return f"The timer is set: it is due in {due_in:g} seconds."

    async def wait(due_at: float, sentence: str) -> None:
        nonlocal running
        await anyio.sleep_until(due_at)
        running -= 1
        say(sentence)

    return function_tool(timer)
