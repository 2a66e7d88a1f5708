"""`voicebot doctor` says whether the broker answers, and how many workers."""

from __future__ import annotations

import pytest

from tests.distributed.broker import Broker
from tests.distributed.listening import configured, open_worker
from voicebot.config.models import Config, TtsTone
from voicebot.doctor.checkup import State
from voicebot.doctor.voice import check_phonemes, check_voice
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio


async def test_the_workers_are_heard_and_counted(broker: Broker) -> None:
    config = configured(broker)
    async with open_worker(broker, config, ToneSynthesizer()), open_worker(broker, config, ToneSynthesizer()):
        found = await check_voice(Config(tts=config))
        phonemes = await check_phonemes(Config(tts=config), seconds=5)
    assert (found.state, phonemes.state) == (State.OK, State.OK)
    assert found.text.endswith("speech workers: 2")


async def test_that_nobody_answers_is_told_with_what_helps(broker: Broker, stopped_broker: Broker) -> None:
    for one in (broker, stopped_broker):
        found = await check_voice(Config(tts=configured(one)))
        assert (found.state, found.command) == (State.FAILED, "voicebot worker")
        assert one.password not in found.text
    fallback = configured(broker).model_copy(update={"fallback": TtsTone(kind="tone")})
    found = await check_voice(Config(tts=fallback))
    assert found.state is State.WARNING
    assert found.text.endswith("speech workers: 0")
