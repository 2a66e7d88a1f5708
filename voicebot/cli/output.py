"""What the commands print: text, tables and JSON on standard output; status and errors on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from voicebot.errors import VoicebotError

Row = dict[str, Any]  # Any: whatever JSON can hold


def write_out(text: str) -> None:
    """Write `text` to standard output at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def json_line(value: Mapping[str, Any]) -> str:  # Any: as in Row
    """One JSON object on a line of its own."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def json_document(value: Mapping[str, Any]) -> str:  # Any: as in Row
    """One JSON object, indented for people."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def write_json(values: Iterable[Mapping[str, Any]]) -> None:  # Any: as in Row
    """Print each value as one JSON object a line."""
    write_out("".join(map(json_line, values)))


def write_table(rows: Iterable[Row]) -> None:
    """Print rows that have the same keys: below their names on a terminal, with tabs between them elsewhere."""
    rows = list(rows)
    if not sys.stdout.isatty():
        write_out("".join("\t".join(map(str, row.values())) + "\n" for row in rows))
    elif rows:
        from rich.console import Console
        from rich.table import Table

        table = Table(*rows[0], box=None, pad_edge=False)
        for row in rows:
            table.add_row(*map(str, row.values()))
        Console().print(table)


def status(text: str, *, bold: bool = False) -> None:
    """Print a line for the person at the terminal, on standard error."""
    color = False if os.environ.get("NO_COLOR") else None  # None: where it is a terminal
    try:
        typer.echo(typer.style(text, bold=True) if bold else typer.style(text, dim=True), err=True, color=color)
    except OSError:
        return  # nobody reads it


def show_error(error: VoicebotError) -> None:
    """Print what happened and what to do about it, on standard error."""
    status(f"voicebot: {error.message}", bold=True)
    if error.hint:
        status(f"  → {error.hint}")
