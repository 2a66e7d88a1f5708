"""`voicebot mcp`: the tools of `tools` for one agent, on standard input and output, by the official SDK."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool
from pydantic import BaseModel, ValidationError

from voicebot import __version__
from voicebot.daemon.address import AddressError
from voicebot.daemon.client import DaemonError
from voicebot.daemon.mcp.tools import Agent, ListVoices, Speak, Status, Stop, Values
from voicebot.text.safe_display import safe_line

_NAME_CHARACTERS = 48
_INSTRUCTIONS = (
    "The person at this machine hears what you give to speak. All programs share one voice: what you say waits for its "
    "turn. Say short, plain sentences; no code, no tables, no addresses."
)

Context = ServerRequestContext[Any]  # Any: there is no lifespan state


@dataclass(frozen=True, slots=True)
class _Entry:
    """A tool: what it takes, and what does it."""

    arguments: type[BaseModel]
    run: Callable[[Agent, Any], Awaitable[Values]]  # Any: an instance of `arguments`


_TOOLS = {
    "speak": _Entry(Speak, Agent.speak),
    "stop": _Entry(Stop, Agent.stop),
    "status": _Entry(Status, Agent.status),
    "list_voices": _Entry(ListVoices, Agent.list_voices),
}


async def serve_agent() -> None:
    """Serve the one client at the other end of standard input and output until it goes."""
    logging.getLogger("mcp").addHandler(logging.NullHandler())  # its tracebacks are of no use to the agent
    async with anyio.create_task_group() as tasks:
        agent = Agent("", tasks)

        async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
            return ListToolsResult(tools=[_described(name, entry) for name, entry in _TOOLS.items()])

        async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
            agent.source = agent.source or _source(context)
            return await _call(agent, params)

        server: Server[Any] = Server(
            "voicebot",
            version=__version__,
            instructions=_INSTRUCTIONS,
            on_list_tools=list_tools,
            on_call_tool=call_tool,
        )
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
        tasks.cancel_scope.cancel()


def _source(context: Context) -> str:
    """What the client calls itself, and the number that tells it from another one of its kind."""
    client = context.session.client_params
    name = safe_line(client.client_info.name)[:_NAME_CHARACTERS] if client is not None else ""
    return f"{name or 'agent'}#{os.getpid()}"


def _described(name: str, entry: _Entry) -> Tool:
    schema = entry.arguments.model_json_schema()
    schema.pop("description", None)
    schema.pop("title", None)
    description = " ".join((entry.arguments.__doc__ or "").split())
    return Tool(name=name, description=description, input_schema=schema)


async def _call(agent: Agent, params: CallToolRequestParams) -> CallToolResult:
    entry = _TOOLS.get(params.name)
    if entry is None:
        return _failure(f"there is no tool {safe_line(params.name)[:60]!r}", f"one of {', '.join(_TOOLS)}")
    try:
        arguments = entry.arguments.model_validate(params.arguments or {})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = safe_line(".".join(map(str, first["loc"])))[:60]
        return _failure(f"{place}: {first['msg']}" if place else first["msg"])
    try:
        result = await entry.run(agent, arguments)
    except (DaemonError, AddressError) as error:
        return _failure(error.message, error.hint)
    return CallToolResult(
        content=[TextContent(type="text", text=json.dumps(result, ensure_ascii=False))], structured_content=result
    )


def _failure(message: str, hint: str = "") -> CallToolResult:
    text = safe_line(f"{message} → {hint}" if hint else message)
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
