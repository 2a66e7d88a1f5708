"""No key and no password is printed or kept, whoever repeats it: one canary of each, looked for everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from anyio import to_thread

from tests.chat.dialects import OPENAI
from tests.cli.command import voicebot
from tests.fake_voicevox import fake_voicevox
from tests.fault_server import Act, FaultServer, Pause, Reset, head, serve, whole

pytestmark = pytest.mark.anyio

KEY, PASSWORD, TOKEN = "sk-canary-0123456789", "canary-pass/word", "canary-token-98765"
HEADER, QUERY, PARAMETER = "canary-header-4321", "canary-query-4321", "canary-parameter-4321"
SPELLED = ("sk-canary", "canary-pass", "canary-token", "canary-header", "canary-query", "canary-parameter")
CONFIG = ".config/voicebot/config.toml"
"""The person's own: one in the current folder may not name a server."""
PATH = f"{OPENAI.path}?sig={PARAMETER}&code={QUERY}&api-version=2024-10-21"
QUIET = ("--tts", "tone", "--set", "audio.kind=silent")
ECHO = f"wrong: {KEY} {PASSWORD} {HEADER} {QUERY} {PARAMETER} http://taro:canary-pass%2Fword@host/ "


@pytest.fixture
def anyio_backend() -> str:
    """The command runs elsewhere; the server here may run on either event loop."""
    return "asyncio"


def configure(home: Path, server: FaultServer, *, in_file: bool = False) -> None:
    key = f'api_key = "{KEY}"'
    if in_file:
        (home / "key").write_text(KEY)
        (home / "key").chmod(0o600)
        key = 'api_key_file = "key"'
    config = home / CONFIG
    config.parent.mkdir(parents=True)
    config.write_text(
        f"""
        [chat]
        kind = "openai"
        model = "m"
        base_url = "http://taro:canary-pass%2Fword@{server.url.removeprefix("http://")}/v1?sig={PARAMETER}"
        headers = {{ X-Token = "Bearer {HEADER}", X-Title = "voicebot" }}
        query = {{ code = "{QUERY}", api-version = "2024-10-21" }}
        retries = 0
        {key}
        [tools.mcp.a]
        command = "{sys.executable}"
        args = ["-c", "import os, sys; sys.exit(os.environ['TOKEN'])"]
        env = {{ TOKEN = "{TOKEN}" }}
        """
    )


async def run(home: Path, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
    """Run it; no canary is printed, nor in any file that it wrote."""
    done = await to_thread.run_sync(partial(voicebot, home, *arguments, input=input))
    for spelled in SPELLED:
        assert spelled not in done.stdout + done.stderr
        for path, content in written_files(home).items():
            assert spelled.encode() not in content, path
    return done


def written_files(home: Path) -> dict[Path, bytes]:
    given = {home / CONFIG, home / "key"}
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and path not in given}


def slowly(acts: list[Act]) -> list[Act]:
    """So that each delta is shown before the next one comes: a key in several of them was printed."""
    return [one for act in acts for one in (Pause(0.1), act)]


@pytest.mark.parametrize("in_file", [False, True], ids=["api_key", "api_key_file"])
@pytest.mark.parametrize("how", [[], ["--json"], ["--no-audio"]], ids=["spoken", "json", "text"])
async def test_what_a_server_echoes_is_neither_printed_nor_kept(tmp_path: Path, how: list[str], in_file: bool) -> None:
    """A key in the address of a redirect or in a reason phrase was printed, and kept in the history and its exports;
    so was most of one where the reply broke off inside it."""
    no_tools = ("--set", "tools.mcp={}")
    async with serve() as server:
        configure(tmp_path, server, in_file=in_file)
        for answer in (
            whole(json.dumps({"error": {"message": ECHO}}), status="401 Unauthorized"),
            whole(ECHO, content_type="text/plain", status="500 No"),
            whole("", status=f"400 {ECHO}"),
            [head(f"302 {KEY}", location=f"http://taro:canary-pass%2Fword@host/?key={KEY}", content_length="0")],
            whole(f"data: {ECHO}\n\n", content_type="text/event-stream"),
            OPENAI.reply(f"You sent {KEY} and ", f"{PASSWORD}."),
            [*slowly(OPENAI.reply("You sent ", KEY[:2], KEY[2:14])[:-2]), Reset()],
            OPENAI.reply("You sent ", KEY[:-1]),
            whole(f"wrong: {KEY[:-1]}", status="401 Unauthorized"),
            slowly(OPENAI.reply("You sent ", KEY[:2], KEY[2:9], KEY[9:], " and canary", "-", f"{PASSWORD[7:]}.")),
        ):
            server.answer(PATH, answer)
            done = await run(tmp_path, "ask", ECHO, *no_tools, *QUIET, *how, "--conversation", "a")
            assert done.stdout + done.stderr
    for arguments in (
        ["list"],
        ["show"],
        ["show", "--json"],
        ["search", "wrong"],
        ["export"],
        ["export", "-o", "a.md"],
    ):
        done = await run(tmp_path, "history", *arguments)
        assert done.returncode == 0
    assert "[secret]" in (tmp_path / "a.md").read_text()


async def test_a_recording_holds_no_key(tmp_path: Path) -> None:
    """`lab record` looked for it in each delta alone."""
    async with serve() as server:
        configure(tmp_path, server)
        server.answer(PATH, OPENAI.reply(f"You sent {KEY}."))
        await run(tmp_path, "ask", "Hello", *QUIET, "--set", "tools.mcp={}", "--record", "a.jsonl")
        server.answer(PATH, OPENAI.reply("You sent ", KEY[:9], KEY[9:], "."))
        await run(tmp_path, "lab", "record", "-o", "b.jsonl", "Hello")
    assert "[secret]" in (tmp_path / "a.jsonl").read_text()
    assert "[secret]" in (tmp_path / "b.jsonl").read_text()


async def test_what_a_tool_server_says_when_it_does_not_start_holds_no_token(tmp_path: Path) -> None:
    async with serve() as server:
        configure(tmp_path, server)
        done = await run(tmp_path, "ask", "Hello", *QUIET)
    assert "tools.mcp.a" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["config", "show"],
        ["config", "show", "--json"],
        ["config", "show", "--origin"],
        ["config", "show", "--set", "chat.nothing=1"],
        ["config", "show", "--set", f"api_key={KEY}"],
        ["config", "show", "--set", f"chat.api_key=['{KEY}']"],
        ["config", "show", "--set", f"chat.headers={{ X-Token = ['{HEADER}'] }}"],
        ["config", "show", "--set", f"chat.query={{ code = ['{QUERY}'] }}"],
        ["config", "get", "chat.headers"],
        ["config", "show", "--set", "chat.base_url=ftp://taro:canary-pass@host"],
        ["config", "show", "--set", f"tools.mcp.a.env.B={{ A = '{TOKEN}' }}"],
        ["models"],
        ["models", "--json"],
        ["models", "--chat", "auto"],
        ["ask", "Hello", "--no-audio", "--set", "tools.mcp={}"],
        ["ask", "Hello", "--no-audio", "--set", "chat.base_url=http://taro:canary-pass@"],
        ["voices", "--tts", "voicevox", "--base-url", "http://taro:canary-pass@127.0.0.1:1"],
    ],
    ids=" ".join,
)
async def test_what_is_configured_is_not_printed(tmp_path: Path, arguments: list[str]) -> None:
    """`voicebot config show` printed the password in an address; a fault quoted it."""
    async with serve() as server:
        configure(tmp_path, server)
        await run(tmp_path, *arguments)


async def test_a_voice_server_s_password_is_not_printed(tmp_path: Path) -> None:
    with fake_voicevox() as engine:
        address = engine.url.replace("://", "://taro:canary-pass@")
        done = await run(tmp_path, "voices", "--tts", "voicevox", "--base-url", address)
    assert done.returncode == 0
