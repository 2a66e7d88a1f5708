"""MCP servers at an address that misbehave: none costs more than the call that it answers so."""

from __future__ import annotations

import anyio
import pytest

from tests.tools.rude_mcp_http import rude_server
from tests.tools.test_mcp_servers import use
from tests.tools.toolboxes import open_toolbox
from voicebot.config.models import McpServer, ToolsConfig
from voicebot.errors import ConfigError
from voicebot.tools.toolbox import ToolFailed

pytestmark = pytest.mark.anyio

FAULTS = [
    ("an endless body", "an answer of more than 8388608 bytes"),
    ("an endless event", "a line of more than 8388608 bytes"),
    ("endless comments", "an answer of more than 33554432 bytes"),
    ("a packed body", "an answer compressed as gzip, which was not asked for"),
    ("no JSON", "its answer is not MCP"),
    ("no MCP", "its answer is not MCP"),
    ("no kind", "text/plain"),
]
MOST_BYTES = 100_000_000
"""What a server can have sent before it is hung up on, with what lies in the buffers between."""


@pytest.mark.parametrize(("how", "words"), FAULTS)
async def test_an_answer_without_an_end_or_sense_fails_that_call_alone(how: str, words: str) -> None:
    """A body was read until the memory was full; the limit of lines was one for servers on standard streams."""
    with rude_server(how) as server:
        async with open_toolbox(ToolsConfig(mcp={"rude": McpServer(url=server.url)})) as toolbox:
            with anyio.fail_after(60), pytest.raises(ToolFailed, match=words) as failed:
                await use(toolbox, "look")
            assert "\n" not in str(failed.value)
            server.how = ""
            assert await use(toolbox, "look") == "a cat"
        assert server.bytes_sent < MOST_BYTES


@pytest.mark.parametrize(("how", "words"), FAULTS)
async def test_a_server_that_answers_so_from_the_beginning_did_not_start(how: str, words: str) -> None:
    with rude_server(how, method="tools/list") as server, anyio.fail_after(60):
        with pytest.raises(ConfigError, match=f"tools.mcp.rude: the server did not start: .*{words}") as caught:
            async with open_toolbox(ToolsConfig(mcp={"rude": McpServer(url=server.url)})):
                raise AssertionError
        assert "\n" not in caught.value.message
