"""Progress of an experiment, and what Ctrl-C leaves of it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import typer

from voicebot.cli import terminal
from voicebot.cli.foreign_prints import prints_told
from voicebot.cli.output import status
from voicebot.cli.runner import INTERRUPTED
from voicebot.cli.standard_streams import own_standard_error
from voicebot.translation import tr

_SECONDS_BETWEEN_LINES = 5.0
"""How often the progress is printed where standard error is not a terminal."""

Progress = Callable[[int, int], None]


@contextmanager
def progress_bar(noun: str) -> Iterator[Progress]:
    """Show the progress on standard error: a bar on a terminal, otherwise a line now and then."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn(noun), TimeRemainingColumn())
        console = Console(file=own_standard_error(), color_system="auto" if terminal.has_styles() else None)
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task(noun, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)
        return
    printed = monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal printed
        if monotonic() - printed >= _SECONDS_BETWEEN_LINES:
            printed = monotonic()
            status(tr("{noun}: {done} of {of}", noun=noun, done=done, of=of))

    yield tell


@contextmanager
def stoppable(left: Callable[[], str]) -> Iterator[None]:
    """Let Ctrl-C end the block and the command, and say what is `left` of the work.

    What is printed in the block beside what the command itself prints becomes lines of status.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with prints_told():
            yield
    except KeyboardInterrupt:
        status(left(), bold=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGINT, before)
