"""Calls that may never return, watched from outside.

PortAudio asks the sound server at every step, and waits forever for one that hangs. So it is called in a thread of its
own, for which neither the event loop nor the end of the process has to wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

from voicebot.threadsafe import is_done_within

T = TypeVar("T")


class NoAnswer(Exception):
    """A call has not returned in time, or one before it never did."""


class WatchedThread:
    """Makes calls one after the other, in the order in which they come from any thread."""

    def __init__(self, *, overdue: Callable[[], None]) -> None:
        """`overdue` is called when a call is given up."""
        self._overdue = overdue
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._late: Future[object] | None = None
        self._current: Future[Any] | None = None  # Any: whatever the call returns that is being made

    def call(self, work: Callable[[], T], *, seconds: float) -> T:
        """What `work` returns or raises. Raises NoAnswer after `seconds`, at once while an earlier call is overdue.

        A call that was given up may still be made, or return, later.
        """
        if threading.current_thread() is self._thread:
            return work()
        future: Future[T] = Future()
        self.post(lambda: self._fulfil(future, work))
        if self._late is not None and not self._late.done():
            raise NoAnswer
        if not is_done_within(seconds, lambda look: wait([future], look), future.done):
            self._late = future  # type: ignore[assignment]  # whatever it returns
            self._overdue()
            raise NoAnswer
        return future.result()

    def post(self, work: Callable[[], None]) -> None:
        """Make a call that nobody waits for, and that raises nothing."""
        with self._starting:
            if self._thread is None:
                self._start()
        self._calls.put(work)

    def leave(self) -> None:
        """Count the current call, which returns None, as done, since it may never return. Others are made meanwhile."""
        with self._starting:
            left = self._current
            self._start()
        if left is not None:
            left.set_result(None)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="PortAudio", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while threading.current_thread() is self._thread:
            self._calls.get()()

    def _fulfil(self, future: Future[T], work: Callable[[], T]) -> None:
        self._current = future
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the call is waited for
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)
