"""Tools: what a chat model may use before it answers, and the one place that opens them.

From the top down: toolbox, printing, functions, calculator, clock, timer, mcp_stdio, mcp_http, mcp_servers, loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio

from voicebot.config.models import ToolsConfig
from voicebot.errors import ConfigError, without_groups
from voicebot.protocols import Background
from voicebot.tools.functions import function_tool, import_tool
from voicebot.tools.printing import tool_prints_to_log
from voicebot.tools.toolbox import Tool, Toolbox
from voicebot.translation import tr

BUNDLED = ("calculator", "current_time", "timer")


class Tools:
    """The configured tools of a process; each conversation gets a toolbox of them, with timers of its own."""

    def __init__(self, tools: Sequence[Tool | None]) -> None:
        """None stands for the timer."""
        self._tools = tools

    def toolbox(self, tasks: Background, say: Callable[[str], None]) -> Toolbox:
        """The tools of one conversation: its timers run in `tasks`, and what is due is given to `say`.

        `say` must not block. Raises ConfigError.
        """
        return Toolbox([tool or _timer(tasks, say) for tool in self._tools])


@asynccontextmanager
async def open_tools(config: ToolsConfig) -> AsyncIterator[Tools]:
    """Open the configured tools. MCP servers live until the block ends. Raises ConfigError."""
    with without_groups(), tool_prints_to_log():
        async with anyio.create_task_group() as tasks:
            tools = [_open(name) for name in config.enabled]
            if config.mcp:
                from voicebot.tools.mcp_servers import open_servers

                taken = {tool.spec.name if tool else "timer" for tool in tools}
                tools += await open_servers(config.mcp, tasks, taken=taken)
            opened = Tools(tools)
            # two tools of one name are an error now, not in the first conversation
            opened.toolbox(tasks, lambda _: None)
            yield opened
            tasks.cancel_scope.cancel()


def _timer(tasks: Background, say: Callable[[str], None]) -> Tool:
    from voicebot.tools.timer import timer_tool

    return timer_tool(tasks, say)


def _open(name: str) -> Tool | None:
    match name:
        case "calculator":
            from voicebot.tools.calculator import calculator

            return function_tool(calculator)
        case "current_time":
            from voicebot.tools.clock import current_time

            return function_tool(current_time)
        case "timer":
            return None
        case _ if ":" in name:
            return import_tool(name)
    raise ConfigError(
        tr("tools.enabled: there is no tool {name!r}", name=name),
        hint=tr(
            "the bundled ones are {names}; your own are named package.module:function", names=tr(", ").join(BUNDLED)
        ),
    )
