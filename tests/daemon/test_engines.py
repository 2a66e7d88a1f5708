"""What the daemon speaks with, and what takes its place."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from tests.daemon.running import QUIET, running_daemon
from tests.fault_server import Pause, serve, whole
from voicebot.config.loading import load_config
from voicebot.daemon.engines import EngineKeeper, without_engines

pytestmark = pytest.mark.anyio


async def test_a_chat_model_found_late_does_not_bring_the_old_configuration_back(tmp_path: Path) -> None:
    """The search that was under way ended after the reload, and put the old output and voice into its place."""
    async with serve() as server, anyio.create_task_group() as tasks:
        models = whole('{"object": "list", "data": [{"id": "m", "object": "model"}]}')
        server.answer("/v1/models", [Pause(0.3), *models])
        slow = QUIET.replace('"demo"', f'"openai"\nbase_url = "{server.url}/v1"')
        (tmp_path / "slow.toml").write_text(slow)
        (tmp_path / "new.toml").write_text(QUIET.replace('"silent"\nrealtime = true', '"wav"\npath = "heard.wav"'))
        first, second = (load_config(tmp_path / name, environment={}).config for name in ("slow.toml", "new.toml"))
        conversation = without_engines(first, tasks)
        keeper = EngineKeeper(conversation, first, tasks)
        await keeper.ensure("say")
        assert not server.bytes_sent
        await keeper.change(second)
        assert server.bytes_sent
        assert conversation.pipeline.output.name == "heard.wav"
        tasks.cancel_scope.cancel()


def test_what_the_command_line_says_is_kept_over_a_reload(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(QUIET.replace('"tone"', '"pyttsx3"'))
    options = ("--config", str(other), "--set", "audio.kind=wav", "--set", "audio.path=heard.wav")
    with running_daemon(tmp_path, *options) as daemon:
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["ok"]
        for voice in ("pyttsx3", "tone"):
            told = daemon.ask(command="status")
            assert (told["voice"].split()[0], told["audio"]) == (voice, "heard.wav")
            other.write_text(QUIET)
            assert daemon.ask(command="reload")["ok"]
