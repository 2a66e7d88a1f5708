"""What a chat model may use: tools with a name, a schema and a function to run."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from voicebot.errors import ConfigError
from voicebot.messages import ToolSpec
from voicebot.translation import tr

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every dialect accepts."""


class BadArguments(Exception):
    """A chat model's arguments do not fit the tool; the text says how, for the model."""


class ToolFailed(Exception):
    """A tool itself says why it has no result; the text is for the model."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a chat model may use."""

    spec: ToolSpec
    run: Callable[[str], Awaitable[str]]
    """Takes the arguments as JSON and returns the result as text. Raises BadArguments, ToolFailed and whatever the
    tool raises."""


class Toolbox:
    """The tools of a conversation, by name."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        """Raise ConfigError for two tools with one name, and for a name that chat servers refuse."""
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            name = tool.spec.name
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    tr("a tool cannot be called {name!r}", name=name),
                    hint=tr("use 1 to 64 ASCII letters, digits, - and _"),
                )
            if name in self._tools:
                raise ConfigError(
                    tr("there are two tools called {name!r}", name=name),
                    hint=tr("leave one of them out of [tools], or rename it"),
                )
            self._tools[name] = tool

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What a chat model is told about them."""
        return tuple(tool.spec for tool in self._tools.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(self._tools)

    def get(self, name: str) -> Tool | None:
        """Return the tool with that name, if there is one."""
        return self._tools.get(name)


def described(error: BaseException) -> str:
    """What is told of whatever a tool has raised."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - that is somebody else's code too
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def read_arguments(arguments: str) -> dict[str, Any]:  # Any: JSON
    """Return `arguments` as an object; empty text means an empty one. Raises BadArguments."""
    try:
        value = json.loads(arguments if arguments.strip() else "{}")
    except (ValueError, RecursionError) as error:
        raise BadArguments(f"they are not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadArguments("they must be one JSON object")
    return value
