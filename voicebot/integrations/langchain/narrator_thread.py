"""A narrator as other threads see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, ParamSpec

from voicebot.integrations.langchain.narrator import Narrator

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class NarratorThread:
    """Where a narrator runs, and how to reach it from any thread; nothing happens there once its loop is closed."""

    narrator: Narrator
    loop: asyncio.AbstractEventLoop
    context: Context
    """What is called runs in this one: the caller's has LangChain's callbacks in it, and not what anyio looks for."""

    @classmethod
    def running(cls, narrator: Narrator) -> NarratorThread:
        """The thread and the event loop that this is called in."""
        return cls(narrator, asyncio.get_running_loop(), copy_context())

    def tell(self, method: Callable[Concatenate[Narrator, P], None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have the narrator call `method`, in the order in which this is called; do not wait for it."""
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(partial(method, self.narrator, *args, **kwargs), context=self.context)

    def quiet(self) -> Future[None]:
        """A future that is done as soon as nothing is being written or said."""
        waiting = self.narrator.quiet()
        try:
            return asyncio.run_coroutine_threadsafe(waiting, self.loop)
        except RuntimeError:  # the loop is closed
            waiting.close()
            done: Future[None] = Future()
            done.set_result(None)
            return done
