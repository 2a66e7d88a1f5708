"""Servers of the Model Context Protocol as a source of tools, through its official SDK."""

from __future__ import annotations

import json
import logging
import math
import re
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

import anyio
from anyio.abc import TaskGroup, TaskStatus
from pydantic import ValidationError

from voicebot.config.models import McpServer
from voicebot.errors import ConfigError
from voicebot.http.lines import shorten
from voicebot.installation import extra_command
from voicebot.messages import ToolSpec
from voicebot.text.redaction import without_passwords
from voicebot.tools.toolbox import BadArguments, Tool, ToolFailed, read_arguments
from voicebot.translation import tr

if TYPE_CHECKING:
    import mcp
    from mcp.types import CallToolResult

logger = logging.getLogger(__name__)

START_SECONDS = 60.0
"""The first start of a server may download it."""
_MAX_PAGES = 100


async def open_servers(servers: Mapping[str, McpServer], tasks: TaskGroup, *, taken: set[str]) -> list[Tool]:
    """Start or reach all servers at the same time and return their tools; each server lives in `tasks`.

    A tool keeps its name unless that is one of `taken` or another server has used it; then its server's name is put in
    front. Raises ConfigError.
    """
    try:
        import mcp  # noqa: F401 - only whether it is installed
    except ImportError as error:
        raise ConfigError(tr("tools.mcp: the MCP SDK is not installed"), hint=extra_command("mcp")) from error
    logging.getLogger("mcp").addHandler(logging.NullHandler())  # no tracebacks of the SDK where nobody keeps a log
    found: dict[str, list[Tool]] = {}
    failures: list[ConfigError] = []

    async def open_one(name: str) -> None:
        try:
            found[name] = await tasks.start(_serve, name, servers[name])
        except ConfigError as error:
            failures.append(error)  # raised when all have started: no process may be left half started

    async with anyio.create_task_group() as opening:
        for name in servers:
            opening.start_soon(open_one, name)
    if failures:
        raise failures[0]
    tools = []
    for name in servers:
        for tool in found[name]:
            spec = tool.spec
            tool_name = spec.name if spec.name not in taken else f"{_tool_name(name)}_{spec.name}"[:64]
            taken.add(tool_name)
            tools.append(Tool(ToolSpec(tool_name, spec.description, spec.parameters), tool.run))
    return tools


async def _serve(name: str, config: McpServer, *, task_status: TaskStatus[list[Tool]]) -> None:
    """Keep the connection to one server until cancelled; a server that goes away takes only its own tools with it."""
    started = False
    faults: list[str] = []

    def complain(words: str) -> None:
        logger.warning("the MCP server %s misbehaves: %s", name, words)

    def give_up(words: str) -> None:
        faults.append(words)
        if started:
            logger.warning("the MCP server %s is given up: %s", name, words)

    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        with anyio.CancelScope(deadline=anyio.current_time() + START_SECONDS) as starting:
            try:
                async with _client(config, log, complain, give_up) as client:
                    tools = [_explained(tool, faults) for tool in await _list_tools(client)]
                    starting.deadline = math.inf
                    started = True
                    task_status.started(tools)
                    await anyio.sleep_forever()
            except Exception as error:  # whatever the process, the network or the SDK raises, in a group or not
                if started:
                    logger.warning("the MCP server %s is gone: %s", name, _words(error))
                    return
                raise _did_not_start(name, config, _words(error), log, faults) from error
        if not started and starting.cancelled_caught:
            raise _did_not_start(name, config, tr("no answer within {seconds:g} s", seconds=START_SECONDS), log, faults)


def _client(
    config: McpServer, log: TextIO, complain: Callable[[str], None], give_up: Callable[[str], None]
) -> mcp.Client:
    import mcp

    from voicebot.tools.mcp_http import open_http
    from voicebot.tools.mcp_stdio import open_stdio

    if config.url is not None:
        return mcp.Client(open_http(config.url))
    parameters = mcp.StdioServerParameters(
        command=config.command,
        args=list(config.args),
        env={key: value.get_secret_value() for key, value in config.env.items()},
    )
    return mcp.Client(open_stdio(parameters, errors=log, complain=complain, give_up=give_up))


async def _list_tools(client: mcp.Client) -> list[Tool]:
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += [
            _tool(client, tool.name, ToolSpec(_tool_name(tool.name), tool.description or "", tool.input_schema))
            for tool in page.tools
        ]
        cursor = page.next_cursor
        if cursor is None:
            break
    return tools


def _tool(client: mcp.Client, name: str, spec: ToolSpec) -> Tool:
    async def run(arguments: str) -> str:
        return _text(await client.call_tool(name, read_arguments(arguments)))

    return Tool(spec, run)


def _explained(tool: Tool, faults: Sequence[str]) -> Tool:
    """The same tool, which says why it fails once its server is given up."""

    async def run(arguments: str) -> str:
        try:
            return await tool.run(arguments)
        except (BadArguments, ToolFailed):
            raise
        except Exception as error:  # a broken stream, a timeout, a validation error: the SDK has no common one
            raise ToolFailed(f"its server is given up: {faults[-1]}" if faults else _words(error)) from error

    return Tool(tool.spec, run)


def _text(result: CallToolResult) -> str:
    """Return what the server answered as text; raise ToolFailed if it says that the tool failed."""
    parts = []
    for block in result.content:
        match block.type:
            case "text":
                parts.append(block.text)
            case "resource":
                parts.append(getattr(block.resource, "text", f"[{block.resource.uri}]"))
            case "resource_link":
                parts.append(f"[{block.uri}]")
            case kind:
                parts.append(f"[{kind}]")
    text = "\n".join(parts)
    if not text and result.structured_content is not None:
        text = json.dumps(result.structured_content, ensure_ascii=False)
    if result.is_error:
        raise ToolFailed(text or "it gave no reason")
    return text or "done"


def _tool_name(name: str) -> str:
    """Return `name` in a form that every dialect accepts."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]


def _did_not_start(name: str, config: McpServer, words: str, log: TextIO, faults: Sequence[str]) -> ConfigError:
    log.seek(0)
    last = next((line.strip() for line in reversed(log.readlines()) if line.strip()), "")
    message = tr(
        "tools.mcp.{name}: the server did not start: {words}", name=name, words=" ".join(faults) or last or words
    )
    if config.url is not None:
        return ConfigError(
            message, hint=tr("is {url} its address? Most end in /mcp", url=without_passwords(config.url))
        )
    return ConfigError(
        message,
        hint=tr(
            "try it by hand: {command}",
            command=shlex.join([config.command, *config.args]),
        ),
    )


def _words(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ValidationError):
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, problem["loc"]))
        return tr("its answer is not MCP: {place}: {problem}", place=place, problem=problem["msg"])
    words = shorten(str(error))
    if "validation error" in words:  # the SDK quotes a report of several lines
        return tr("its answer is not MCP")
    return words or type(error).__name__
