"""What typer says of a command line that it does not understand, in the person's language."""

from __future__ import annotations

from typing import Any

import typer

from voicebot.cli.output import log_line
from voicebot.translation import foreign, marked, tr

_KNOWN = (
    marked("No such option: {option} Did you mean {others}?"),
    marked("No such option: {option} (Possible options: {others})"),
    marked("No such option: {option}"),
    marked("No such command {command}. Did you mean {others}?"),
    marked("No such command {command}."),
    marked("Missing command."),
    marked("Got unexpected extra argument(s) ({arguments})"),
    marked("Got unexpected extra arguments ({arguments})"),
    marked("Got unexpected extra argument ({arguments})"),
    marked("Option {option} requires an argument."),
    marked("Option {option} does not take a value."),
    marked("Missing argument {argument}."),
    marked("Missing option {option}."),
)
"""The forms of typer's messages, the more particular ones first."""
_INVALID = marked("Invalid value for {option}: {reason}")
_REASONS = (
    marked("Value error, {value} is not one of {choices}."),
    marked("{value} is not in the range {range}."),
    marked("{value} is not a valid {kind}."),
    marked("{value} is not one of {choices}."),
    marked("Input should be greater than or equal to {least}"),
    marked("Input should be less than or equal to {most}"),
    marked("Input should be a valid integer, unable to parse string as an integer"),
    marked("Input should be a valid number, unable to parse string as a number"),
)


def show_usage_error(error: Exception) -> bool:
    """Print a mistake in how a command was typed, on standard error; False where the error is another one."""
    if not isinstance(error, _usage_error()):
        return False
    ctx = getattr(error, "ctx", None)
    message = error.format_message()
    if ctx is not None:
        if message.startswith(ctx.get_usage()):  # a group without a command shows its help
            typer.echo(message, err=True)
            return True
        log_line(" ".join(ctx.get_usage().split()))
        command = f"{ctx.command_path} {ctx.help_option_names[0]}"
        log_line(tr("Try '{command}' for help.", command=command) + "\n")
    log_line(tr("Error: {message}", message=_translated(message)))
    if ctx is not None and ctx.info_name == "chat" and message.startswith("Got unexpected extra argument"):
        log_line(tr('  → options stand behind the command: voicebot ask "How are you?" --no-audio'))
    return True


def _usage_error() -> Any:  # Any: typer brings its own click along, or uses the installed one, and names no base
    return typer.BadParameter.__mro__[2]


def _translated(message: str) -> str:
    """A message of typer in the person's language; in English as it stands where it has another form."""
    translated = foreign(message, _KNOWN)
    if translated == message and message.startswith("Invalid value for "):
        option, _, reason = message.removeprefix("Invalid value for ").partition(": ")
        return tr(_INVALID, option=option, reason=foreign(reason, _REASONS).partition(", unable to parse")[0])
    return translated
