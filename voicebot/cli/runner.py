"""Runs a command: the event loop, signals, errors and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TypeVar

from voicebot.cli.output import show_error, status, write_traceback
from voicebot.errors import AudioError, ChatError, ConfigError, LabError, SynthesisError, VoicebotError, without_groups
from voicebot.translation import about, system_reason, tr

if TYPE_CHECKING:
    import anyio

OK, FAILED, USAGE, CONFIG, CHAT, VOICE, AUDIO = range(7)
INTERRUPTED, TERMINATED = 130, 143

T = TypeVar("T")


class UsageError(VoicebotError):
    """The command line asks for something that cannot be done."""


def exit_code(error: VoicebotError) -> int:
    """The exit code for an error."""
    match error:
        case ConfigError():
            return CONFIG
        case ChatError():
            return CHAT
        case SynthesisError():
            return VOICE
        case AudioError():
            return AUDIO
        case LabError() | UsageError():
            return USAGE
        case _:
            return FAILED


def leave_at_once(code: int) -> NoReturn:
    """End the process without waiting for threads that still read or write.

    Everything that had to be closed was closed by its exit stack.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)


class CommandContext:
    """What happens to a running command from outside."""

    def __init__(self) -> None:
        self.interrupt: Callable[[], bool] = lambda: False
        """Called at Ctrl-C; True if the command keeps running."""
        self.obey: Callable[[int], bool] = lambda _: False
        """Called at any other signal; True if the command deals with it."""
        self.code: int | None = None
        """The exit code if a signal ended the command."""
        self.leave: Callable[[int], None] = leave_at_once
        """End the command with this exit code, everything closed."""
        self.restore_terminal: Callable[[], None] = lambda: None
        """Called before the process ends with something left open."""

    def finish_by(self, stop: anyio.Event) -> None:
        """Let the first signal set `stop`, at which the command finishes what it has begun; the next one ends it."""

        def told_to_stop() -> bool:
            first = not stop.is_set()
            stop.set()
            return first

        self.interrupt, self.obey = told_to_stop, lambda _: told_to_stop()


Body = Callable[[CommandContext], Awaitable[int]]
"""What a command does in the event loop; returns the exit code."""


@dataclass(frozen=True, slots=True)
class Busy:
    """What a command does that serves many: in the fastest event loop there is."""

    body: Body


def run_command(prepare: Callable[[], int | Body | Busy], *, debug: bool = False) -> NoReturn:
    """Run a command to its end; leave with its exit code, or with that of the error or signal that ended it.

    `prepare` returns the exit code, or what is to run in the event loop.
    """
    prepared = _reported(prepare, debug=debug)
    if isinstance(prepared, int):
        import typer

        raise typer.Exit(prepared)
    leave_at_once(_reported(lambda: _run(prepared), debug=debug))


def _reported(work: Callable[[], T], *, debug: bool) -> T | int:
    """What `work` returns, or the exit code for the error that ended it, once it is reported."""
    try:
        return work()
    except _typers_own():
        raise
    except VoicebotError as error:
        if debug:
            write_traceback()
        show_error(error)
        return exit_code(error)
    except BrokenPipeError:
        leave_at_once(FAILED)  # the reader of our output has gone; there is nothing to add
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place where a bug can be reported kindly
        if debug:
            write_traceback()
        if isinstance(error, OSError) and error.filename is not None:  # a name that is too long, a folder of others
            show_error(VoicebotError(about(error.filename, system_reason(error))))
            return FAILED
        status(tr("voicebot: unexpected {kind}: {error}", kind=type(error).__name__, error=error), bold=True)
        status(tr("  → this is a bug in voicebot; run again with --debug and report what it prints"))
        return FAILED


def _typers_own() -> tuple[type[Exception], ...]:
    """What it raises to end a command; nothing where nobody has loaded it."""
    typer = sys.modules.get("typer")
    return (typer.Exit, typer.Abort) if typer is not None else ()


def _run(prepared: Body | Busy) -> int:
    import anyio

    body, busy = (prepared.body, True) if isinstance(prepared, Busy) else (prepared, False)

    async def supervised() -> int:
        context = CommandContext()
        result = FAILED
        with _signals(context) as received:
            async with anyio.create_task_group() as tasks:
                running = anyio.CancelScope()

                def leave(code: int) -> None:
                    if running.cancel_called:  # asked twice
                        context.restore_terminal()
                        leave_at_once(code)
                    context.code = code
                    running.cancel()

                async def obey() -> None:
                    async for number in received:
                        if number != signal.SIGINT:
                            if not context.obey(number):
                                leave(TERMINATED)
                        elif not context.interrupt():
                            leave(INTERRUPTED)

                context.leave = leave
                tasks.start_soon(obey)
                with running:
                    result = await body(context)
                tasks.cancel_scope.cancel()
        return context.code if context.code is not None else result

    with _logging_to_status(), without_groups():
        return anyio.run(supervised, backend_options={"use_uvloop": busy and find_spec("uvloop") is not None})


@contextmanager
def _logging_to_status() -> Iterator[None]:
    """Print the warnings that nobody has set up a log for as lines of status: they may quote a server."""
    import logging

    class StatusHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            status(self.format(record))

    before, logging.lastResort = logging.lastResort, StatusHandler(logging.WARNING)
    try:
        yield
    finally:
        logging.lastResort = before


@contextmanager
def _signals(context: CommandContext) -> Iterator[AsyncIterator[int]]:
    """The signals that ask us to stop, as they come. Plain handlers: Windows' event loops have none of their own."""
    import anyio

    from voicebot.threadsafe import event_loop_caller

    send, receive = anyio.create_memory_object_stream[int](16)
    wake = event_loop_caller()

    def handler(number: int, _: FrameType | None) -> None:
        def deliver() -> None:
            try:
                send.send_nowait(number)
            except anyio.WouldBlock:  # the sixteenth Ctrl-C that had no effect
                context.restore_terminal()
                os._exit(INTERRUPTED)

        wake(deliver)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means it
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        with send, receive, _noticing_signals():
            yield receive
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def _noticing_signals() -> Iterator[None]:
    """Let every signal end the event loop's wait.

    A signal that arrives just before the loop begins to wait would otherwise be noticed only when something else
    happens: a second Ctrl-C at the prompt was lost that way.
    """
    if sys.platform == "win32":
        yield  # its event loop does that by itself
        return
    import asyncio
    import socket

    loop = asyncio.get_running_loop()
    reading, writing = socket.socketpair()
    with reading, writing:
        reading.setblocking(False)
        writing.setblocking(False)
        loop.add_reader(reading, reading.recv, 4096)
        before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(reading)
