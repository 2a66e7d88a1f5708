"""How help looks: options below the heading of their group, commands with all of their first sentence, then examples.

Without rich, whose import takes as long as the rest of the start; headings are bold on a terminal.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMON = "Common options"
_OWN = "Options"
_ORDER = [
    "Arguments",
    _OWN,
    "Text options",
    "Chat options",
    "Voice options",
    "Audio options",
    "Output options",
    "Daemon options",
    COMMON,
]
_WHOLE = 1000
"""More characters than any first sentence has."""

Context = Any  # typer brings its own click along, or uses the installed one
Formatter = Any


class Command(TyperCommand):
    """A command whose options are grouped, and whose epilog is its examples, one a line."""

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        """Write arguments and options, each below the heading of its group."""
        groups: dict[str, list[tuple[str, str]]] = {heading: [] for heading in _ORDER}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                own = "Arguments" if parameter.param_type_name == "argument" else _OWN
                heading = COMMON if parameter.name == "help" else getattr(parameter, "rich_help_panel", None)
                groups[heading or own].append(record)
        for heading, records in groups.items():
            if records:
                with formatter.section(_bold(heading)):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Context, formatter: Formatter) -> None:  # noqa: ARG002 - click passes it
        """Write the examples as they can be typed."""
        if self.epilog:
            examples = self.epilog.splitlines()
            with formatter.section(_bold("Example" if len(examples) == 1 else "Examples")):
                formatter.write("".join(f"  {example}\n" for example in examples))


class Group(TyperGroup):
    """A group of commands, which are listed with all of their first sentence."""

    def format_commands(self, ctx: Context, formatter: Formatter) -> None:
        """Write the commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section(_bold("Commands")):
            formatter.write_dl(
                [(name, command.get_short_help_str(_WHOLE)) for name, command in commands if command is not None]
            )


def text_and_examples(docstring: str) -> tuple[str, str]:
    """A docstring up to its examples, and those, one a line."""
    text, *examples = re.split(r"^Examples?:", inspect.cleandoc(docstring), maxsplit=1, flags=re.M)
    lines = [line.strip() for part in examples for line in part.splitlines()]
    return text.strip(), "\n".join(line for line in lines if line)


def _bold(heading: str) -> str:
    return typer.style(heading, bold=True) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else heading
