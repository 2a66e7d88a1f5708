"""MCP servers that misbehave, as real processes: none costs more than its own tools and one line of the log."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import pytest

from tests.tools.test_mcp_servers import KITCHEN, use
from tests.tools.toolboxes import open_toolbox
from voicebot.config.models import McpServer, ToolsConfig
from voicebot.errors import ConfigError
from voicebot.tools.toolbox import ToolFailed

pytestmark = pytest.mark.anyio

SERVER = str(Path(__file__).with_name("rude_mcp_server.py"))


def rude(how: str) -> McpServer:
    return McpServer(command=sys.executable, args=(SERVER, how))


async def test_a_line_of_60_megabytes_is_given_up_and_the_other_servers_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The SDK put the line together for 21 s, in which nothing else ran, and then failed to read it."""
    async with open_toolbox(ToolsConfig(mcp={"rude": rude("long line"), "kitchen": KITCHEN})) as toolbox:
        for _ in range(2):
            with pytest.raises(ToolFailed, match="its server is given up: a line of more than"):
                await use(toolbox, "look")
        assert await use(toolbox, "add", '{"a": 1, "b": 1}') == "2"
    assert [record.getMessage()[:35] for record in caplog.records] == ["the MCP server rude is given up: a "]


@pytest.mark.parametrize("how", ["garbage before", "garbage at the answer"])
async def test_what_a_server_prints_beside_the_protocol_is_told_once(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each such line left a validation report of the SDK on standard error; a byte that is not UTF-8 ended it."""
    async with open_toolbox(ToolsConfig(mcp={"rude": rude(how)})) as toolbox:
        assert await use(toolbox, "look") == "a cat"
        assert await use(toolbox, "look") == "a cat"
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        'the MCP server rude misbehaves: it prints what is not MCP: Loading ·[31m\ufffd\ufffd {"jsonrpc": 2}'
    ]


async def test_a_server_that_prints_nothing_else_is_given_up() -> None:
    async with open_toolbox(ToolsConfig(mcp={"rude": rude("garbage at a call")})) as toolbox:
        with pytest.raises(ToolFailed, match="given up: it printed 1000 lines that are not MCP"):
            await use(toolbox, "look")


@pytest.mark.parametrize(
    ("how", "words"),
    [("only garbage", "it printed 1000 lines that are not MCP"), ("bad list", "its answer is not MCP")],
)
async def test_a_server_without_a_valid_answer_did_not_start(how: str, words: str) -> None:
    with pytest.raises(ConfigError, match=f"the server did not start: {words}") as caught:
        async with open_toolbox(ToolsConfig(mcp={"rude": rude(how)})):
            raise AssertionError
    assert "\n" not in caught.value.message


async def test_cancelling_ends_a_server_that_floods() -> None:
    with anyio.CancelScope() as scope:
        async with open_toolbox(ToolsConfig(mcp={"rude": rude("garbage before")})) as toolbox:
            assert toolbox.names == ("look",)
            scope.cancel()
    assert scope.cancel_called
