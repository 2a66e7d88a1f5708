"""From a thread or a signal handler back into the running event loop, and waiting for a thread."""

from __future__ import annotations

from collections.abc import Callable

_LOOK_SECONDS = 0.1


def event_loop_caller() -> Callable[[Callable[[], object]], None]:
    """A function that any thread can call without waiting, to let the running event loop call something soon.

    anyio's own `from_thread` waits for the call to finish, which an audio thread must not do.
    """
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        import trio

        token = trio.lowlevel.current_trio_token()

        def wake_trio(call: Callable[[], object]) -> None:
            token.run_sync_soon(call)

        return wake_trio

    def wake_asyncio(call: Callable[[], object]) -> None:
        loop.call_soon_threadsafe(call)

    return wake_asyncio


def is_done_within(seconds: float, wait: Callable[[float], object], is_done: Callable[[], object]) -> bool:
    """Whether something is done in time, as `wait` waits for it; for calls that block.

    We look every 0.1 s: a machine that stands still for ten seconds takes one look, and not all of the time.
    """
    for _ in range(round(seconds / _LOOK_SECONDS)):
        wait(_LOOK_SECONDS)
        if is_done():
            return True
    return False
