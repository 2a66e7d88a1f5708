"""Everybody for whom the daemon is there, at one that runs: a script, a key, spd-say, coding agents, Home Assistant."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

import pytest
from anyio import create_task_group, to_thread
from wyoming.asr import Transcript

from tests.cli.command import COMMAND, environment, voicebot
from tests.daemon.running import QUIET, running_daemon
from tests.daemon.ssip.test_clients import needs_spd_say, spd_say
from tests.daemon.test_mcp import agent, call
from tests.daemon.test_text_sources import path_of, program
from tests.daemon.wyoming.clients import client_of, reply_to, sound, stream

pytestmark = pytest.mark.anyio

_SCRIPT = """\
set -e
echo "The backup begins." | "$@" say --wait --source backup -
"$@" say --source backup --priority progress "Half of it."
"$@" status --json
"$@" say --wait --source backup "The backup is done."
"""


@pytest.fixture
def anyio_backend() -> str:
    """The official clients know no other."""
    return "asyncio"


@needs_spd_say
async def test_a_script_a_key_spd_say_an_agent_and_home_assistant_share_one_daemon(tmp_path: Path) -> None:
    door = tmp_path / "wyoming.sock"
    config = f'{QUIET}\n[daemon]\nwyoming = "unix://{door}"\n'
    program(tmp_path, "xclip", "What is selected.")
    with running_daemon(tmp_path, config=config) as daemon:
        events = daemon.caller()
        events.ask(command="subscribe")

        def script() -> None:
            command = ["sh", "-c", _SCRIPT, "sh", *COMMAND]
            subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), check=True, capture_output=True)

        def key() -> None:
            pressed = voicebot(tmp_path, "say", "--selection", "--toggle", PATH=path_of(tmp_path))
            assert pressed.returncode == 0

        async def speak(name: str) -> None:
            async with agent(tmp_path, name) as client:
                told = await call(client, "speak", text=f"{name} has a question.", wait="finished")
                assert told["state"] == "finished"

        async def home_assistant() -> None:
            async with client_of(f"unix://{door}") as client:
                assert sound(await stream(client, "The door is open.", 3))
                assert (await reply_to(client, Transcript("What is 6 * 7?").event()))[-1].type == "handled"

        async with create_task_group() as everybody:
            for name in ("claude", "codex"):
                everybody.start_soon(speak, name)
            everybody.start_soon(home_assistant)
            everybody.start_soon(to_thread.run_sync, script)
            everybody.start_soon(to_thread.run_sync, partial(spd_say, daemon, "-w", "-P", "message", "From a reader."))
        await to_thread.run_sync(key)
        said: dict[str, str] = {}
        spoken: set[str] = set()
        while "What is selected." not in said:
            event = events.read()
            match event["type"]:
                case "turn_started":
                    assert not spoken, "one floor"
                    spoken.add(event["turn"])
                case "turn_ended":
                    spoken.remove(event["turn"])
                    said[event["heard"]] = event["outcome"]
        assert {text: outcome for text, outcome in said.items() if not "Half of it.".startswith(text)} == dict.fromkeys(
            (
                "The backup begins.",
                "The backup is done.",
                "From a reader.",
                "claude has a question.",
                "codex has a question.",
                "What is selected.",
            ),
            "completed",
        )
