"""The toolbox of one conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from voicebot.config.models import ToolsConfig
from voicebot.errors import without_groups
from voicebot.tools import open_tools
from voicebot.tools.toolbox import Toolbox


@asynccontextmanager
async def open_toolbox(config: ToolsConfig) -> AsyncIterator[Toolbox]:
    """The configured tools, as the only conversation of a process has them."""
    async with open_tools(config) as tools:
        with without_groups():
            async with anyio.create_task_group() as tasks:
                yield tools.toolbox(tasks, print)
                tasks.cancel_scope.cancel()
