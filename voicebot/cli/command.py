"""Makes a command of a function: its option groups spread out, its errors reported, its result the exit code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, NoReturn, get_args, get_type_hints

import typer

from voicebot.cli.help import Command, text_and_examples
from voicebot.cli.options import DebugOption
from voicebot.cli.runner import Body, Busy, run_command


def add_command(app: typer.Typer, function: Callable[..., int | Body | Busy], *, name: str | None = None) -> None:
    """Add `function` to the commands of `app`, by its own name unless there is another, with --debug.

    It returns its exit code, or what is to run in the event loop. A parameter that is a dataclass stands for the
    options that are its fields; in the help they stand below its `heading`. The docstring is the help, and ends with
    "Example:" or "Examples:".
    """
    text, examples = text_and_examples(function.__doc__ or "")
    app.command(name, cls=Command, help=text, epilog=examples)(_for_typer(function))


def _for_typer(function: Callable[..., int | Body | Busy]) -> Callable[..., NoReturn]:
    groups: dict[str, Any] = {}  # Any: a dataclass, which has no type of its own
    parameters: list[inspect.Parameter] = []
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        if is_dataclass(group := hints[name]):
            groups[name] = group
            inner = get_type_hints(group, include_extras=True)
            heading = getattr(group, "heading", None)
            parameters += [_option(f.name, _below(heading, inner[f.name]), f.default) for f in fields(group)]
        else:
            parameters.append(_option(name, hints[name], parameter.default))
    parameters.append(_option("debug", DebugOption, False))

    @wraps(function)
    def run(*, debug: bool, **given: Any) -> NoReturn:  # Any: whatever the options are
        made = {name: group(**{f.name: given.pop(f.name) for f in fields(group)}) for name, group in groups.items()}
        run_command(lambda: function(**given, **made), debug=debug)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # read by inspect, known to no stub
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _below(heading: str | None, annotation: Any) -> object:  # Any: an Annotated, which has no type of its own
    """An option of a group, with the group's heading unless it has one of its own."""
    kind, given = get_args(annotation)
    option = copy(given)
    option.rich_help_panel = given.rich_help_panel or heading
    return Annotated[kind, option]


def _option(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
