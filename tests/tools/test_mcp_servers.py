"""MCP servers as a source of tools, with real processes that speak it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from tests.tools.toolboxes import open_toolbox
from voicebot.config.loading import load_config
from voicebot.config.models import McpServer, ToolsConfig
from voicebot.errors import ConfigError
from voicebot.tools.toolbox import BadArguments, Toolbox, ToolFailed

pytestmark = pytest.mark.anyio

SERVER = str(Path(__file__).with_name("mcp_server.py"))
KITCHEN = McpServer(command=sys.executable, args=(SERVER,), env={"KITCHEN": SecretStr("台所")})
PANTRY = McpServer(command=sys.executable, args=(str(Path(__file__).with_name("rude_mcp_server.py")), "as it should"))
"""One without the SDK, which takes a second of a processor to start."""


async def use(toolbox: Toolbox, name: str, arguments: str = "") -> str:
    tool = toolbox.get(name)
    assert tool is not None, toolbox.names
    return await tool.run(arguments)


async def test_the_tools_of_a_command_are_used_as_one_conversation_goes_on() -> None:
    async with open_toolbox(ToolsConfig(mcp={"kitchen": KITCHEN})) as toolbox:
        assert toolbox.names == ("add", "recipe_find", "burn", "simmer", "leave")
        add = toolbox.specs[0]
        assert add.description == "Add two numbers."
        assert add.parameters["required"] == ["a", "b"]
        assert await use(toolbox, "add", '{"a": 3, "b": 4}') == "7"
        assert await use(toolbox, "recipe_find", '{"dish": "うどん"}') == "うどんの作り方\n台所"
        with pytest.raises(ToolFailed, match="鍋が焦げました"):
            await use(toolbox, "burn")
        with pytest.raises(ToolFailed, match="valid integer"):
            await use(toolbox, "add", '{"a": "three", "b": 4}')
        with pytest.raises(BadArguments, match="not valid JSON"):
            await use(toolbox, "add", '{"a": ')
        assert await use(toolbox, "add", '{"a": 3, "b": 5}') == "8"


async def test_a_call_that_is_given_up_leaves_the_server_usable(tmp_path: Path) -> None:
    started = tmp_path / "started"
    async with open_toolbox(ToolsConfig(mcp={"kitchen": KITCHEN})) as toolbox:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(use, toolbox, "simmer", f'{{"started": "{started.as_posix()}"}}')
            while not started.exists():  # noqa: ASYNC110 - another process says so with a file
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        assert await use(toolbox, "add", '{"a": 1, "b": 1}') == "2"


async def test_a_server_that_goes_away_takes_only_its_own_tools_along() -> None:
    config = ToolsConfig(enabled=("calculator",), mcp={"a": KITCHEN, "b": KITCHEN})
    async with open_toolbox(config) as toolbox:
        with pytest.raises(Exception, match="closed"):
            await use(toolbox, "leave")
        with pytest.raises(Exception, match="closed"):
            await use(toolbox, "add", '{"a": 1, "b": 1}')
        assert await use(toolbox, "b_add", '{"a": 1, "b": 1}') == "2"
        assert await use(toolbox, "calculator", '{"expression": "1+1"}') == "2"


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (McpServer(command="no-such-command-here"), "No such file|not found|cannot find"),
        (McpServer(command=sys.executable, args=("-c", "raise SystemExit('no kitchen today')")), "no kitchen today"),
        (McpServer(url="http://127.0.0.1:9/mcp"), "connect"),
    ],
)
async def test_a_server_that_does_not_start_is_an_error_with_its_own_words(server: McpServer, words: str) -> None:
    with pytest.raises(ConfigError, match=f"tools.mcp.shop: the server did not start: .*({words})") as caught:
        async with open_toolbox(ToolsConfig(mcp={"shop": server, "pantry": PANTRY})):
            raise AssertionError
    assert caught.value.hint


@pytest.fixture
def address() -> Iterator[str]:
    """The same server over streamable HTTP."""
    process = subprocess.Popen([sys.executable, SERVER, "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        where = next(filter(None, (re.search(r"running on (http://\S+)", line) for line in process.stderr)))
        yield f"{where[1]}/mcp"
    finally:
        process.kill()
        process.communicate()


async def test_the_tools_of_an_address_are_used_the_same_way(address: str) -> None:
    async with open_toolbox(ToolsConfig(mcp={"kitchen": McpServer(url=address)})) as toolbox:
        assert await use(toolbox, "add", '{"a": 3, "b": 4}') == "7"
        assert await use(toolbox, "recipe_find", '{"dish": "うどん"}') == "うどんの作り方\nno kitchen"


def test_a_server_is_a_command_or_an_address(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[tools.mcp.a]\ncommand = "x"\nenv = { KEY = "sk-secret" }\n[tools.mcp.b]\nurl = "http://x/mcp"\n')
    loaded = load_config(path, environment={})
    assert [server.url for server in loaded.config.tools.mcp.values()] == [None, "http://x/mcp"]
    assert "sk-secret" not in repr(loaded)
    for text in ("args = []", 'command = "x"\nurl = "http://x/mcp"'):
        path.write_text(f"[tools.mcp.a]\n{text}\n")
        with pytest.raises(ConfigError, match=r"tools.mcp.a: needs either a command or a url"):
            load_config(path, environment={})
