"""`voicebot say` with workers as processes: the recording is that of a run with the voice in its own process."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from tests.distributed.broker import Broker
from tests.distributed.killing import killed_at_random
from tests.distributed.listening import Listener, configured
from tests.distributed.scripted_worker import PIECES, ScriptedWorker, open_scripted_worker
from tests.distributed.worker_process import WorkerProcess, open_worker_process
from voicebot.distributed.client import open_client
from voicebot.distributed.messages import Failure
from voicebot.tts.shared import open_shared

pytestmark = pytest.mark.anyio

_SENTENCES = [f"This is sentence number {number}, and it is as long as any other." for number in range(1, 19)]


async def recording(path: Path, text: str, *options: str, broker: Broker | None = None) -> tuple[bytes, str]:
    """What is heard of `text` with the tone, or with the workers of a broker; and what is told meanwhile."""
    command = [
        *(sys.executable, "-m", "voicebot", "say", "--config", os.devnull, text),
        *("--set", "chunking.strategy=sentence", "--set", "audio.kind=wav", "--set", f"audio.path={path}", *options),
    ]
    kind = {"VOICEBOT_TTS__KIND": "tone"}
    if broker is not None:
        kind = {"VOICEBOT_TTS__KIND": "rabbitmq", "VOICEBOT_TTS__AMQP_URL": broker.url}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")}
    state = {"XDG_STATE_HOME": str(path.parent), "XDG_DATA_HOME": str(path.parent), "XDG_CACHE_HOME": str(path.parent)}
    with anyio.fail_after(120):
        done = await anyio.run_process(
            command, env=environment | kind | state | {"LC_ALL": "C.UTF-8"}, cwd=path.parent, check=False
        )
    told = done.stderr.decode()
    assert done.returncode == 0, told
    return await anyio.Path(path).read_bytes(), told


def open_slow_worker(broker: Broker, voice_class: str) -> AbstractAsyncContextManager[WorkerProcess]:
    return open_worker_process(broker, voice_class, delay_seconds=0.3)


@asynccontextmanager
async def open_workers(broker: Broker, voice_class: str, count: int) -> AsyncGenerator[list[WorkerProcess]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_slow_worker(broker, voice_class)) for _ in range(count)]


async def test_what_workers_say_is_what_this_machine_would_say(broker: Broker, tmp_path: Path) -> None:
    voice_class, text = f"test-{uuid4().hex[:8]}", " ".join(_SENTENCES[:6])
    async with open_workers(broker, voice_class, 2):
        remote, told = await recording(
            tmp_path / "remote.wav", text, "--set", f"tts.voice_class={voice_class}", broker=broker
        )
    local, _ = await recording(tmp_path / "local.wav", text)
    assert remote == local
    assert f"rabbitmq {voice_class} tone" in told


async def test_a_long_reply_is_whole_while_workers_are_killed_at_random(broker: Broker, tmp_path: Path) -> None:
    voice_class, text = f"test-{uuid4().hex[:8]}", " ".join(_SENTENCES)
    async with killed_at_random(partial(open_slow_worker, broker, voice_class)) as killed:
        remote, _ = await recording(
            tmp_path / "remote.wav", text, "--set", f"tts.voice_class={voice_class}", broker=broker
        )
    local, _ = await recording(tmp_path / "local.wav", text)
    assert remote == local
    assert killed.count > 1


async def test_a_sentence_that_workers_died_of_is_told_and_skipped(broker: Broker, tmp_path: Path) -> None:
    voice_class, text = f"test-{uuid4().hex[:8]}", "This one kills. This one does not."

    async def refuse_the_first(worker: ScriptedWorker) -> None:
        while True:
            taken = await worker.take()
            poison = Failure(code="poison", message="3 workers died of this text")
            await (taken.fail(poison) if "kills" in taken.job.spoken else taken.answer())

    async with open_scripted_worker(broker.url, voice_class) as worker, anyio.create_task_group() as tasks:
        tasks.start_soon(refuse_the_first, worker)
        options = ("--set", f"tts.voice_class={voice_class}")
        heard, told = await recording(tmp_path / "out.wav", text, *options, broker=broker)
        tasks.cancel_scope.cancel()
    assert "3 workers died of this text" in told
    assert heard[44:] == b"".join(piece.pcm for piece in PIECES)


async def test_a_server_asks_once_for_what_several_conversations_say(broker: Broker) -> None:
    config = configured(broker)
    async with (
        open_scripted_worker(broker.url, config.voice_class) as worker,
        open_client(config) as client,
        open_shared(client) as shared,
        anyio.create_task_group() as tasks,
    ):
        assert shared.capabilities == client.capabilities
        listeners = [Listener(shared, tasks, within_seconds=0.0) for _ in range(2)]
        taken = await worker.take()
        assert taken.message.priority == 2
        await taken.answer()
        for listener in listeners:
            assert await listener.ends() == PIECES
        assert worker.jobs.empty()
