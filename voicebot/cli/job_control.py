"""Ctrl-Z, `fg` and `kill -STOP` at the prompt: the shell gets its terminal back, and the prompt appears again."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from prompt_toolkit.application import Application, run_in_terminal
from prompt_toolkit.application.current import set_app

from voicebot.threadsafe import event_loop_caller


@contextmanager
def obeying_the_shell(app: Application[Any], as_found: Callable[[], None]) -> Iterator[None]:  # Any: its result
    """Stop and continue as the shell, or anybody else who sends the signals, wishes.

    `as_found` makes the terminal treat what is typed as it did before the prompt came.
    """
    if sys.platform == "win32":
        yield  # it has no jobs
        return
    wake = event_loop_caller()

    def stand_still() -> None:
        as_found()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # it goes on here when it is continued
        signal.signal(signal.SIGTSTP, told_to_stop)

    def stop() -> None:
        with set_app(app):
            run_in_terminal(stand_still)

    def told_to_stop(*_: object) -> None:
        wake(stop)

    def told_to_continue(*_: object) -> None:
        wake(lambda: _draw_again(app))

    handlers = {signal.SIGTSTP: told_to_stop, signal.SIGCONT: told_to_continue}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    for number in handlers:
        signal.siginterrupt(number, False)  # a job in the background is stopped in the middle of setting the terminal
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def stop_job() -> None:
    """What Ctrl-Z does where the terminal sends no signal for it: stop all that runs in this job."""
    if sys.platform != "win32":
        os.kill(0, signal.SIGTSTP)


def _draw_again(app: Application[Any]) -> None:  # Any: its result
    """Take the terminal again if it was another's meanwhile; who was stopped by SIGSTOP could not give it back."""
    if sys.platform == "win32" or not app.is_running:
        return
    import termios

    from prompt_toolkit.input.vt100 import raw_mode

    with suppress(termios.error):  # the terminal is gone
        if termios.tcgetattr(sys.stdin)[3] & termios.ICANON:
            raw_mode(sys.stdin.fileno()).__enter__()  # it stays until the one that stands around the prompt is left
            app.renderer.reset()
            app.invalidate()
