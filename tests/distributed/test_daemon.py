"""A daemon whose voice is that of workers: nothing above the voice knows."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from tests.daemon.running import QUICK, running_daemon
from tests.distributed.asking import open_asker
from tests.distributed.broker import Broker
from tests.distributed.worker_process import open_worker_process

pytestmark = pytest.mark.anyio


async def test_a_daemon_speaks_with_the_voice_of_workers(broker: Broker, tmp_path: Path) -> None:
    voice_class = f"test-{uuid4().hex[:8]}"
    url = tmp_path / "url"
    url.touch(0o600)
    url.write_text(broker.url)
    config = QUICK.replace(
        'kind = "tone"', f'kind = "rabbitmq"\nvoice_class = "{voice_class}"\namqp_url_file = "{url}"'
    )

    def speak() -> list[object]:
        with running_daemon(tmp_path, config=config) as daemon:
            said = daemon.ask(command="say", text="Good morning. And good night.", wait="finished")
            return [said["state"], daemon.end()]

    async with open_asker(broker.url, voice_class) as asker, open_worker_process(broker, voice_class):
        assert await anyio.to_thread.run_sync(speak) == ["finished", 0]
        assert (await asker.status()).done > 0
