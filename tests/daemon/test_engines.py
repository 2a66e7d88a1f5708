"""What the daemon speaks with, and what takes its place."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from tests.daemon.running import QUIET
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
