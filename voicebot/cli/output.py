"""What the commands print: text, tables and JSON on standard output; status and errors on standard error.

Everything that is printed passes here, and here it is made harmless: most of it was written by others.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from io import StringIO
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any, TextIO

from voicebot.cli import terminal
from voicebot.cli.standard_streams import own_standard_error, own_standard_output
from voicebot.text.redaction import redact, spellings, without_passwords
from voicebot.text.safe_display import safe_display, safe_json, safe_line
from voicebot.translation import marked, system_reason, tr

if TYPE_CHECKING:
    from voicebot.errors import VoicebotError

Row = dict[str, Any]  # Any: whatever JSON can hold

_FOLDED_COLUMNS = 12
"""A column of text is not folded to less than this many columns of the terminal."""
_GAP_COLUMNS = 2
"""Between two columns of a table."""
_ALIGNED_ROWS = 1000
"""Aligning more takes longer than anybody waits: a minute for 50,000 models."""

_COLUMNS = {
    "audio_per_second": marked("audio/s"),
    "backlog": marked("waiting"),
    "busy": marked("busy"),
    "bytes": marked("bytes"),
    "can": marked("can"),
    "cancelled": marked("cancelled"),
    "concurrency": marked("at once"),
    "consumers": marked("consumers"),
    "context": marked("context"),
    "conversation": marked("conversation"),
    "default": marked("default"),
    "device": marked("device"),
    "done": marked("done"),
    "failed": marked("failed"),
    "folder": marked("folder"),
    "holds": marked("holds"),
    "host": marked("host"),
    "jobs_per_second": marked("jobs/s"),
    "languages": marked("languages"),
    "last": marked("last"),
    "model": marked("model"),
    "name": marked("name"),
    "opening": marked("opening"),
    "path": marked("path"),
    "pid": marked("process"),
    "queue": marked("queue"),
    "rtf": marked("RTF"),
    "sample_rate": marked("sample rate"),
    "server": marked("server"),
    "size": marked("size"),
    "state": marked("state"),
    "style_id": marked("style id"),
    "takes_jobs": marked("takes jobs"),
    "turns": marked("turns"),
    "up_seconds": marked("up (s)"),
    "voice": marked("voice"),
    "voice_class": marked("voice class"),
}
"""The heading of a column by its key in JSON."""

_SECRETS: ContextVar[tuple[str, ...]] = ContextVar("_SECRETS", default=())
"""What is never printed, as `spellings` names it: the keys and passwords that the command works with."""


def hide(secrets: Iterable[str]) -> None:
    """Print none of these secrets either from now on, in this task and those it starts."""
    both = {*_SECRETS.get(), *spellings(secrets)}
    _SECRETS.set(tuple(sorted(both, key=len, reverse=True)))


def printable(text: str) -> str:
    """`text` without what would steer a terminal, and without secrets."""
    return redact(safe_display(text), _SECRETS.get())


def write_out(text: str) -> None:
    """Write `text` to standard output at once, as it is `printable`."""
    _write(printable(text))


def write_prose(text: str) -> None:
    """The same; on a terminal, lines that are too long are broken between words."""
    write_out(wrapped(text) if sys.stdout.isatty() and terminal.draws() else text)


def _write(text: str) -> None:
    try:
        out = own_standard_output()
        out.write(text)
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise output_error(error) from error


def write_labelled(label: str, text: str, *, color: str) -> None:
    """Print a line whose label, one of ours, has a color where the terminal has any."""
    import typer

    line = label + printable(safe_line(text))
    if sys.stdout.isatty() and terminal.draws():
        line = wrapped(line)
        if terminal.has_styles():
            begin = label if line.startswith(label) else label.rstrip()  # the line was broken behind it
            line = typer.style(begin, fg=color) + line[len(begin) :]
    _write(line + "\n")


def output_error(error: OSError) -> VoicebotError:
    """What to tell of a standard output that takes nothing; what is left for it goes nowhere."""
    from voicebot.errors import VoicebotError

    _lead_nowhere(own_standard_output())
    return VoicebotError(
        tr("cannot write to standard output: {reason}", reason=system_reason(error)),
        hint=tr("make room on that disk, or write it elsewhere"),
    )


def _lead_nowhere(stream: TextIO) -> None:
    """Give up what a stream still holds: the interpreter would try again at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def json_text(value: object, *, indent: int | None = None) -> str:
    """A value as JSON; letters of every script stay as they are."""
    import json

    return safe_json(json.dumps(value, ensure_ascii=False, indent=indent))


def json_line(value: Mapping[str, Any]) -> str:  # Any: as in Row
    """One JSON object on a line of its own."""
    return json_text(value) + "\n"


def json_document(value: Mapping[str, Any]) -> str:  # Any: as in Row
    """One JSON object, indented for people."""
    return json_text(value, indent=2) + "\n"


def write_json_list(values: Iterable[Mapping[str, Any]]) -> None:  # Any: as in Row
    """Print a JSON list, one element per line; an empty one is []."""
    lines = ",\n".join(map(json_text, values))
    write_out(f"[\n{lines}\n]\n" if lines else "[]\n")


def write_json(values: Iterable[Mapping[str, Any]]) -> None:  # Any: as in Row
    """Print JSON, one object per line."""
    write_out("".join(map(json_line, values)))


def write_table(rows: Iterable[Row]) -> None:
    """Print rows with the same keys: in columns below their names on a terminal, separated by tabs elsewhere.

    Very many rows are separated by tabs there too.
    """
    rows = list(rows)
    cells = [[printable(safe_line(_cell(value))) for value in row.values()] for row in rows]
    if not sys.stdout.isatty() or len(cells) > _ALIGNED_ROWS:
        write_out("".join("\t".join(row) + "\n" for row in cells))
    elif rows:
        names = [tr(_COLUMNS.get(name, name.replace("_", " "))) if name else "" for name in rows[0]]
        import typer

        header, *lines = table([names, *cells], width=terminal_width(), fold=range(len(names)))
        if not fits([header, *lines], width=terminal_width()):
            _write("".join(f"{line}\n" for line in one_below_another([names, *cells])))
            return
        _write("\n".join([typer.style(header, bold=True) if terminal.has_styles() else header, *lines, ""]))


def one_below_another(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table that is wider than the terminal: each cell below the one before, behind its name.

    Empty cells are left out, and one without a name, or in a row without its first, goes on behind the one before.
    """
    names, *rest = rows
    lines: list[str] = []
    for first, *more in rest:
        if first:
            lines += ["", _named(names[0], first)] if lines else [_named(names[0], first)]
        for name, cell in zip(names[1:], more, strict=True):
            if cell and name and first:
                lines.append(_named(name, cell))
            elif cell:
                lines[-1] += f" {cell}"
    return [part for line in lines for part in wrapped(safe_line(line)).split("\n")]


def _named(name: str, cell: str) -> str:
    return f"{name}{tr(': ')}{cell}" if name else cell


def _cell(value: object) -> str:
    if value is None:
        return ""
    return tr(", ").join(map(str, value)) if isinstance(value, list) else str(value)


def table(
    rows: Sequence[Sequence[str]], *, width: int, right: Collection[int] = (), fold: Collection[int] = ()
) -> list[str]:
    """The lines of a table without frame or style.

    The columns in `right` are aligned to the right. Those in `fold` are folded where the rows are wider than `width`;
    no cell is ever cut off, so lines may be wider than that.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[Text(safe_line(cell), overflow="fold") for cell in row] for row in rows]
    sizes = [max(cell_len(cell.plain) for cell in column) for column in zip(*cells, strict=True)]
    smallest = [min(size, _FOLDED_COLUMNS) if i in fold else size for i, size in enumerate(sizes)]
    grid = Table.grid(padding=(0, _GAP_COLUMNS, 0, 0))
    for i, size in enumerate(smallest):
        grid.add_column(justify="right" if i in right else "left", no_wrap=i not in fold, min_width=size)
    for row in cells:
        grid.add_row(*row)
    with StringIO() as text:
        needed = sum(smallest) + _GAP_COLUMNS * (len(smallest) - 1)
        Console(file=text, width=max(width, needed), color_system=None, force_terminal=False).print(grid)
        return [line.rstrip() for line in text.getvalue().split("\n")[:-1]]


def fitting_table(
    rows: Sequence[Sequence[str]], *, width: int, right: Collection[int] = (), fold: Collection[int] = ()
) -> list[str]:
    """The same below the names in the first row; on a terminal that is too narrow, each cell below the one before."""
    lines = table(rows, width=width, right=right, fold=fold)
    return lines if fits(lines, width=width) else one_below_another(rows)


def fits(lines: Sequence[str], *, width: int) -> bool:
    """Whether lines need not be broken: where there is no terminal they may have any length."""
    from rich.cells import cell_len

    return not sys.stdout.isatty() or max(map(cell_len, lines)) <= width


def signed_seconds(seconds: float) -> str:
    """A difference in seconds, with its sign."""
    return f"{seconds:+.2f}".replace("-0.00", "+0.00")


def terminal_width() -> int:
    """Columns to print in: those of the terminal, or 120 without one."""
    return shutil.get_terminal_size((120, 24)).columns


def status(text: str, *, bold: bool = False) -> None:
    """Print a line for the person at the terminal, on standard error."""
    _print_beside(text, bold=bold, dim=not bold)


def log_line(text: str) -> None:
    """Print a line of the log, on standard error."""
    _print_beside(text)


def _print_beside(text: str, **style: bool) -> None:
    """Print on standard error, on a terminal in lines that fit; in a style that typer has where there are any."""
    text = without_passwords(printable(text))
    if sys.stderr.isatty() and terminal.draws():
        text = wrapped(text)
    import typer

    # None: where it is a terminal
    color = None if terminal.has_styles() else False
    try:
        typer.echo(typer.style(text, **style) if style else text, file=own_standard_error(), color=color)
    except OSError:
        _lead_nowhere(own_standard_error())  # nobody reads it any more


def dimmed(text: str) -> str:
    """`text` as a line of status looks on a terminal that understands escape codes."""
    import typer

    return typer.style(text, dim=True) if terminal.has_styles() else text


def wrapped(text: str) -> str:
    """`text` in lines that fit the terminal, broken between words."""
    columns = terminal_width()
    if all(2 * len(line) <= columns for line in text.split("\n")):
        return text  # however wide its characters are
    from voicebot.cli.wrapping import LineWrapper

    wrapper = LineWrapper(lambda: columns)
    return wrapper.feed(text) + wrapper.flush()


def draw(lines: Iterable[str]) -> None:
    """Draw a picture of ours on standard error, light blocks on a dark ground where the terminal has colors."""
    import typer

    styles = terminal.has_styles()
    for line in map(printable, lines):
        typer.echo(typer.style(line, fg="bright_white", bg="black") if styles else line, file=own_standard_error())


def confirm(question: str) -> bool:
    """Ask something at the terminal, on standard error; only yes is yes. Raises typer.Abort at the end of input."""
    from voicebot.cli.chat_commands import is_yes

    out = own_standard_error()
    out.write(printable(f"{question} [y/N]: "))
    out.flush()
    try:
        with _interruptible():
            line = sys.stdin.readline()
    except KeyboardInterrupt:
        out.write("\n")  # what the shell prints next begins a line
        raise
    if not line:
        import typer

        raise typer.Abort
    return is_yes(line)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, but where a command runs in an event loop, which takes it."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def write_traceback() -> None:
    """Print where the present exception comes from, on standard error."""
    import traceback

    sys.stderr.write(without_passwords(printable(traceback.format_exc())))


def show_error(error: VoicebotError) -> None:
    """Print what happened and what to do about it, on standard error."""
    status(f"voicebot: {error.message}", bold=True)
    if error.hint:
        status(f"  → {error.hint}")
