"""Real engines at the other end of the queue: what is heard is what the same engine says without RabbitMQ."""

from __future__ import annotations

import ctypes.util
import importlib.util
import sys
from collections.abc import Iterator

import anyio
import pytest

from tests.distributed.broker import Broker
from tests.distributed.listening import configured
from tests.distributed.worker_process import open_worker_process
from tests.fake_voicevox import FakeVoicevox, fake_voicevox
from tests.machine import PATIENCE_SECONDS
from voicebot.config.models import TtsPyttsx3, TtsVoicevox
from voicebot.distributed.client import open_client
from voicebot.protocols import Synthesizer
from voicebot.speech import Audio
from voicebot.tts import open_synthesizer

pytestmark = pytest.mark.anyio

with_espeak = pytest.mark.skipif(
    sys.platform.startswith("linux")
    and not ctypes.util.find_library("espeak-ng")
    and not importlib.util.find_spec("espeakng_loader"),
    reason="needs espeak-ng: apt install libespeak-ng1",
)


@pytest.fixture
def voicevox() -> Iterator[FakeVoicevox]:
    with fake_voicevox() as engine:
        yield engine


async def said(voice: Synthesizer, text: str) -> list[Audio]:
    return [piece async for piece in voice.synthesize(text)]


async def said_here_and_by_a_worker(
    broker: Broker, engine: TtsPyttsx3 | TtsVoicevox, text: str, *options: str
) -> tuple[list[Audio], list[Audio]]:
    """What an engine says of a text without RabbitMQ, and behind `voicebot worker` with these options."""
    config = configured(broker)
    async with (
        open_synthesizer(engine) as voice,
        open_worker_process(broker, config.voice_class, *options, tts=engine.kind),
        open_client(config) as client,
    ):
        with anyio.fail_after(PATIENCE_SECONDS):
            while not client.workers:
                await client._switchboard._changed.wait()
        assert (client.format, client.credit) == (voice.format, voice.credit)
        return await said(voice, text), await said(client, text)


def heard(pieces: list[Audio]) -> list[tuple[object, ...]]:
    """All but the seconds of work, which are never twice the same."""
    return [(piece.pcm, piece.format, piece.timings, piece.credit) for piece in pieces]


@with_espeak
@pytest.mark.parametrize("text", ["Two machines are better than one.", "一台より二台のほうが速い。"])
async def test_the_voice_of_the_operating_system_sounds_the_same_behind_a_worker(broker: Broker, text: str) -> None:
    here, remote = await said_here_and_by_a_worker(broker, TtsPyttsx3(), text)
    assert heard(remote) == heard(here)
    assert sum(len(piece.pcm) for piece in remote) > 20_000
    assert all(piece.work_seconds > 0 for piece in remote)


async def test_voicevox_sounds_the_same_behind_a_worker_and_its_character_is_named(
    broker: Broker, voicevox: FakeVoicevox
) -> None:
    engine = TtsVoicevox(kind="voicevox", base_url=voicevox.url, voice="ずんだもん/ノーマル")
    options = ("--voice", str(engine.voice), "--set", f"tts.base_url={engine.base_url}")
    here, remote = await said_here_and_by_a_worker(broker, engine, "こんにちは、世界。", *options)
    assert heard(remote) == heard(here)
    assert "ずんだもん" in remote[0].credit
