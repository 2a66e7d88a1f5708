"""Python functions as tools: the signature becomes the schema, the docstring what the chat model is told."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import anyio
from anyio import to_thread
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, to_json

from voicebot.errors import ConfigError
from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.messages import ToolSpec
from voicebot.tools.printing import tool_prints
from voicebot.tools.toolbox import BadArguments, Tool, ToolFailed, described, read_arguments
from voicebot.translation import about, tr


def function_tool(function: Callable[..., Any], *, name: str = "") -> Tool:  # Any: somebody else's function
    """Return a tool that calls `function`: an async one in the event loop, any other in a worker thread.

    Cancelling abandons the thread. The arguments are checked against the annotations; a result that is not text is
    returned as JSON. Raises ConfigError for a signature that has no schema.
    """
    name = name or getattr(function, "__name__", type(function).__name__)
    checked = _argument_checker(function, name)
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object may have an async one
    )

    async def run(arguments: str) -> str:
        try:
            positional, named = checked.validate_python(read_arguments(arguments))
        except ValidationError as error:
            raise BadArguments(_complaint(error)) from error
        if is_async:
            return _text(await function(*positional, **named))

        def in_thread() -> str:
            try:
                return _text(function(*positional, **named))
            except Exception as error:
                if isinstance(error, StopIteration):  # which a future cannot carry
                    raise ToolFailed(f"{name} failed: {described(error)}") from error
                raise
            except BaseException as error:  # sys.exit is to end the tool, and no cancellation of ours comes up here
                raise ToolFailed(f"{name} failed: {described(error)}") from error

        # A limiter for each call: one that hangs and is abandoned must not take a thread from the others.
        return await to_thread.run_sync(in_thread, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))

    schema = {key: value for key, value in checked.json_schema().items() if key != "title"}
    return Tool(ToolSpec(name, inspect.getdoc(function) or "", schema), run)


def import_tool(path: str) -> Tool:
    """Return the function (or Tool) that `path` names as a tool. Raises ConfigError."""
    try:
        with tool_prints(path):
            found = import_by_path(path)
    except ImportPathError as error:
        raise ConfigError(about("tools.enabled", error), hint=error.hint) from error
    if isinstance(found, Tool):
        return found
    if not callable(found):
        raise ConfigError(
            tr("tools.enabled: {path} is not a function", path=path), hint=tr("name it as package.module:function")
        )
    return function_tool(found)


def _argument_checker(
    function: Callable[..., Any], name: str
) -> TypeAdapter[Any]:  # Any: pydantic returns whatever the catcher below returns
    """Return what checks arguments for `function` and yields them, positional and named."""

    def catch(*positional: Any, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return positional, named

    try:
        catcher: Any = wraps(function)(catch)  # Any: pydantic takes a function for a type, mypy does not
        adapter: TypeAdapter[Any] = TypeAdapter(catcher)
        if adapter.json_schema().get("type") != "object":
            raise TypeError("its arguments cannot be given by name")
    except (PydanticUserError, NameError, TypeError, ValueError) as error:
        raise ConfigError(
            tr(
                "the tool {name!r} has a signature without a JSON schema: {reason}",
                name=name,
                reason=str(error).splitlines()[0],
            ),
            hint=tr("annotate its arguments with types such as str, int, float, bool, list[str] or a pydantic model"),
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
