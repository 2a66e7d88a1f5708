"""Tools: what a chat model may use before it answers, and the one place that opens them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from voicebot.config.models import ToolsConfig
from voicebot.errors import ConfigError, VoicebotError
from voicebot.tools.functions import function_tool, import_tool
from voicebot.tools.toolbox import Tool, Toolbox

BUNDLED = ("calculator", "current_time", "timer")


@asynccontextmanager
async def open_tools(config: ToolsConfig, *, say: Callable[[str], None]) -> AsyncIterator[Toolbox]:
    """Open the configured tools; `say` is given what a timer wants to be said, and must not block.

    Timers run and MCP servers live until the block ends. Raises ConfigError.
    """
    try:
        async with anyio.create_task_group() as tasks:
            tools = [_open(name, tasks, say) for name in config.enabled]
            if config.mcp:
                from voicebot.tools.mcp_servers import open_servers

                tools += await open_servers(config.mcp, tasks, taken={tool.spec.name for tool in tools})
            yield Toolbox(tools)
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        error = _only_leaf(group)
        raise error from error.__cause__  # as if there were no task group


def _open(name: str, tasks: TaskGroup, say: Callable[[str], None]) -> Tool:
    match name:
        case "calculator":
            from voicebot.tools.calculator import calculator

            return function_tool(calculator)
        case "current_time":
            from voicebot.tools.clock import current_time

            return function_tool(current_time)
        case "timer":
            from voicebot.tools.timer import timer_tool

            return timer_tool(tasks, say)
        case _ if ":" in name:
            return import_tool(name)
    raise ConfigError(
        f"tools.enabled: there is no tool {name!r}",
        hint=f"bundled are {', '.join(BUNDLED)}; your own are named package.module:function",
    )


def _only_leaf(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that a task group wrapped; ours if there are several."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        match pending.pop(0):
            case BaseExceptionGroup() as inner:
                pending.extend(inner.exceptions)
            case leaf:
                leaves.append(leaf)
    return next((leaf for leaf in leaves if isinstance(leaf, VoicebotError)), leaves[0])
