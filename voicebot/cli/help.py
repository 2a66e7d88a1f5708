"""How help looks: options below the heading of their group, commands with all of their first sentence, then examples.

Without rich, whose import takes as long as the rest of the start; headings are bold on a terminal. Commands and options
carry their help in English; it is translated when it is shown.
"""

from __future__ import annotations

import inspect
import re
import sys
from copy import copy
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from voicebot.cli import terminal
from voicebot.cli.output import terminal_width
from voicebot.cli.usage_errors import show_usage_error
from voicebot.translation import foreign, language, marked, tr

COMMON = marked("Common options")
_OWN = marked("Options")
_ORDER = [
    marked("Arguments"),
    _OWN,
    marked("Text options"),
    marked("Chat options"),
    marked("Voice options"),
    marked("Audio options"),
    marked("Output options"),
    marked("Daemon options"),
    marked("Server options"),
    marked("Worker options"),
    COMMON,
]
_REMARKS = (marked("default: {value}"), marked("required"))
"""What typer adds to the help of an option, in brackets."""
_OF_PYTHON = re.compile(r" <[^<>]*>$")
"""What typer adds to an argument: " <list[str]>"."""
_OF_TYPER = (
    marked("Show this message and exit."),
    marked("Install completion for the current shell."),
    marked("Show completion for the current shell, to copy it or customize the installation."),
)
_FEWEST_COLUMNS, _MOST_COLUMNS = 18, 80
_NARROW_COLUMNS = 50
"""In fewer what an option is for stands below it."""
_WHOLE = 1000
"""More characters than any first sentence has."""

Context = Any  # typer brings its own click along, or uses the installed one
Formatter = Any
Parameter = Any


class Command(TyperCommand):
    """A command whose options are grouped, and whose epilog is its examples, one a line."""

    def get_help(self, ctx: Context) -> str:
        """The help, in lines that fit the terminal."""
        ctx.terminal_width = _width()
        return super().get_help(ctx)

    def get_short_help_str(self, limit: int = _WHOLE) -> str:  # noqa: ARG002 - click passes it
        """The first sentence of the help, all of it."""
        return _first_sentence(self.help)

    def format_usage(self, ctx: Context, formatter: Formatter) -> None:
        """Write how the command is typed."""
        _write_usage(self.collect_usage_pieces(ctx), ctx, formatter)

    def format_help_text(self, ctx: Context, formatter: Formatter) -> None:  # noqa: ARG002 - click passes it
        """Write what the command does."""
        _write_text(self.help, formatter)

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        """Write arguments and options, each below the heading of its group."""
        groups: dict[str, list[tuple[str, str]]] = {heading: [] for heading in _ORDER}
        for parameter in self.get_params(ctx):
            if record := _record(parameter, ctx):
                own = _ORDER[0] if parameter.param_type_name == "argument" else _OWN
                heading = COMMON if parameter.name == "help" else getattr(parameter, "rich_help_panel", None)
                groups[heading or own].append(record)
        for heading, records in groups.items():
            _write_section(heading, records, formatter)

    def format_epilog(self, ctx: Context, formatter: Formatter) -> None:  # noqa: ARG002 - click passes it
        """Write the examples as they can be typed."""
        if self.epilog:
            examples = self.epilog.splitlines()
            with formatter.section(_bold(tr("Example") if len(examples) == 1 else tr("Examples"))):
                formatter.write("".join(f"  {example}\n" for example in examples))


class Group(TyperGroup):
    """A group of commands, which are listed with all of their first sentence."""

    def get_help(self, ctx: Context) -> str:
        """The help, in lines that fit the terminal."""
        ctx.terminal_width = _width()
        return super().get_help(ctx)

    def main(self, *arguments: Any, **options: Any) -> Any:  # Any: as in typer
        """Run the command that is meant; leave with its exit code, or with that of a mistake in how it was typed."""
        try:
            code = super().main(*arguments, **{**options, "standalone_mode": False})
        except typer.Abort:
            typer.echo(tr("Aborted!"), err=True)
            sys.exit(1)
        except Exception as error:
            if not show_usage_error(error):
                raise
            sys.exit(2)
        sys.exit(code if isinstance(code, int) else 0)

    def get_short_help_str(self, limit: int = _WHOLE) -> str:  # noqa: ARG002 - click passes it
        """The first sentence of the help, all of it."""
        return _first_sentence(self.help)

    def format_usage(self, ctx: Context, formatter: Formatter) -> None:
        """Write how the group is typed."""
        _write_usage(self.collect_usage_pieces(ctx), ctx, formatter)

    def format_help_text(self, ctx: Context, formatter: Formatter) -> None:  # noqa: ARG002 - click passes it
        """Write what the commands are for."""
        _write_text(self.help, formatter)

    def format_options(self, ctx: Context, formatter: Formatter) -> None:
        """Write the options, then the commands."""
        _write_section(_OWN, list(filter(None, (_record(one, ctx) for one in self.get_params(ctx)))), formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Context, formatter: Formatter) -> None:
        """Write the commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        records = [(name, command.get_short_help_str(_WHOLE)) for name, command in commands if command is not None]
        _write_section(marked("Commands"), records, formatter)


def command_group(help: str) -> typer.Typer:
    """A group of commands, to be added to another; alone it shows its help."""
    return typer.Typer(
        cls=Group, help=help, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False
    )


def text_and_examples(docstring: str) -> tuple[str, str]:
    """A docstring up to its examples, and those, one a line."""
    text, *examples = re.split(r"^Examples?:", inspect.cleandoc(docstring), maxsplit=1, flags=re.M)
    lines = [line.strip() for part in examples for line in part.splitlines()]
    return text.strip(), "\n".join(line for line in lines if line)


def paragraphs(text: str | None) -> list[str]:
    """A help text as it is translated: a paragraph is a line, unless \\b says that its lines stay as they are."""
    found = [part.strip("\n") for part in re.split(r"\n\s*\n", inspect.cleandoc(text or ""))]
    return [part if part.startswith("\b") else " ".join(part.split()) for part in found if part.strip()]


def _first_sentence(text: str | None) -> str:
    """Of the help as it was written: what a list of commands has room for."""
    first = next(iter(paragraphs(text)), "")
    sentence = re.split(r"(?<=[.])\s", first, maxsplit=1)[0]
    translated = tr(first) if first else ""
    return sentence if translated == first else re.split("(?<=。)", translated, maxsplit=1)[0]


def _record(parameter: Parameter, ctx: Context) -> tuple[str, str] | None:
    """An option or argument, and what it is for."""
    shown = copy(parameter)
    if shown.help:
        shown.help = tr(shown.help)
    record: tuple[str, str] | None = shown.get_help_record(ctx)
    if record and parameter.param_type_name == "argument":
        record = _OF_PYTHON.sub("", record[0]), record[1]
    if record is None or not (remarks := re.search(r"\[([^\[\]]*)\]$", record[1])):
        return record
    translated = tr("; ").join(foreign(remark, _REMARKS) for remark in remarks[1].split("; "))
    return record[0], f"{record[1][: remarks.start()]}[{translated}]"


def _width() -> int:
    """Columns for the help: those of the terminal, however few, but no more than can be read at ease."""
    return max(_FEWEST_COLUMNS, min(terminal_width(), _MOST_COLUMNS) - 2)


def _write_usage(pieces: list[str], ctx: Context, formatter: Formatter) -> None:
    formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=tr("Usage:") + " ")


def _write_section(heading: str, records: list[tuple[str, str]], formatter: Formatter) -> None:
    if not records:
        return
    with formatter.section(_bold(tr(heading))):
        if language() == "en" and formatter.width >= _NARROW_COLUMNS:
            formatter.write_dl(records)
        else:
            _write_definitions(records, formatter)


def _write_definitions(records: list[tuple[str, str]], formatter: Formatter) -> None:
    """The same as the formatter's own, which does not know that Japanese has no spaces and is two columns wide."""
    first = min(max(len(name) for name, _ in records), 30) + 2
    if narrow := formatter.width < _NARROW_COLUMNS:
        first = 4
    indent = " " * (formatter.current_indent + first)
    for name, meaning in records:
        lines = _wrapped(meaning, formatter.width - len(indent))
        begin = " " * formatter.current_indent + name
        if narrow or len(name) > first - 2:
            formatter.write(f"{begin}\n")
            begin = ""
        formatter.write(f"{begin:<{len(indent)}}{lines[0]}\n")
        formatter.write("".join(f"{indent}{line}\n" for line in lines[1:]))


def _write_text(text: str | None, formatter: Formatter) -> None:
    """The paragraphs of a help text, indented."""
    formatter.write_paragraph()
    with formatter.indentation():
        for number, paragraph in enumerate(paragraphs(text)):
            translated = tr(paragraph)
            if number:
                formatter.write("\n")
            if paragraph.startswith("\b") or language() == "en":
                formatter.write_text(translated)
            else:
                indent = " " * formatter.current_indent
                lines = _wrapped(translated, formatter.width - len(indent))
                formatter.write("".join(f"{indent}{line}\n" for line in lines))


def _wrapped(text: str, columns: int) -> list[str]:
    from voicebot.cli.wrapping import LineWrapper

    wrapper = LineWrapper(lambda: columns)
    return (wrapper.feed(text) + wrapper.flush()).split("\n")


def _bold(heading: str) -> str:
    return typer.style(heading, bold=True) if sys.stdout.isatty() and terminal.has_styles() else heading
