"""A real MCP server for the tests: on its standard streams, or on the port that it is given."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("kitchen")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool(name="recipe/find")
def find(dish: str) -> list[str]:
    """Find recipes."""
    return [f"{dish}の作り方", os.environ.get("KITCHEN", "no kitchen")]


@server.tool()
def burn() -> str:
    """Fail."""
    raise ToolError("鍋が焦げました")


@server.tool()
async def simmer(started: str) -> str:
    """Take forever."""
    import anyio

    Path(started).touch()  # noqa: ASYNC240 - one file, in a process of the tests
    await anyio.sleep_forever()
    return ""


@server.tool()
def leave() -> str:
    """End the server."""
    os._exit(3)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run()
