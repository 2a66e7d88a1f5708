"""Python functions as tools: their signature is the schema, their docstring what the chat model is told."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, to_json

from voicebot.errors import ConfigError
from voicebot.messages import ToolSpec
from voicebot.tools.toolbox import BadArguments, Tool, read_arguments


def function_tool(function: Callable[..., Any], *, name: str = "") -> Tool:  # Any: a function of somebody else's
    """A tool that calls `function`: an async one in the event loop, any other in a worker thread.

    Cancelling abandons the thread. The arguments are checked against the annotations; a result that is no text is
    given as JSON. Raises ConfigError for a signature that has no schema.
    """
    name = name or getattr(function, "__name__", type(function).__name__)
    given = _checked_arguments(function, name)
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object may have an async one
    )

    async def run(arguments: str) -> str:
        try:
            positional, named = given.validate_python(read_arguments(arguments))
        except ValidationError as error:
            raise BadArguments(_complaint(error)) from error
        if is_async:
            return _text(await function(*positional, **named))
        # A limiter for each call: one that hangs and is abandoned takes its thread from nobody.
        return await to_thread.run_sync(
            lambda: _text(function(*positional, **named)), abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
        )

    schema = {key: value for key, value in given.json_schema().items() if key != "title"}
    return Tool(ToolSpec(name, inspect.getdoc(function) or "", schema), run)


def import_tool(path: str) -> Tool:
    """The function (or Tool) that `path` names, as package.module:function. Raises ConfigError."""
    module_name, _, attribute = path.partition(":")
    found = _import(module_name, path)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise ConfigError(
                f"tools.enabled: {path}: {module_name} has no {attribute!r}", hint="want package.module:function"
            ) from error
    if isinstance(found, Tool):
        return found
    if not callable(found):
        raise ConfigError(f"tools.enabled: {path}: that is no function", hint="want package.module:function")
    return function_tool(found)


def _import(name: str, path: str) -> Any:  # Any: whatever the module holds
    try:
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            # A command does not look where it is started; whoever keeps tools.py beside config.toml expects it.
            sys.path.append(str(Path.cwd()))
        return importlib.import_module(name)
    except Exception as error:
        raise ConfigError(
            f"tools.enabled: {path}: {name} cannot be imported: {type(error).__name__}: {error}",
            hint="is it installed, or in the folder where voicebot is started?",
        ) from error


def _checked_arguments(
    function: Callable[..., Any], name: str
) -> TypeAdapter[Any]:  # Any: pydantic gives whatever the catcher below returns
    """Checks arguments as `function` wants them and returns them, positional and named."""

    def catch(*positional: Any, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return positional, named

    try:
        catcher: Any = wraps(function)(catch)  # Any: pydantic takes a function for a type, mypy does not
        adapter: TypeAdapter[Any] = TypeAdapter(catcher)
        if adapter.json_schema().get("type") != "object":
            raise TypeError("its arguments cannot be given by name")
    except (PydanticUserError, NameError, TypeError, ValueError) as error:
        raise ConfigError(
            f"the tool {name!r} has a signature without a JSON schema: {str(error).splitlines()[0]}",
            hint="annotate its arguments with types such as str, int, float, bool, list[str] or a pydantic model",
        ) from error
    return adapter


def _complaint(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)


def _text(result: Any) -> str:  # Any: what the tool returned
    if isinstance(result, str):
        return result
    if result is None:
        return "done"
    try:
        return to_json(result).decode()
    except PydanticSerializationError:
        return str(result)
