"""A server whose voice is that of workers in processes of their own."""

from __future__ import annotations

from functools import partial

import pytest

from tests.distributed.broker import Broker
from tests.distributed.killing import killed_at_random
from tests.distributed.listening import configured
from tests.distributed.worker_process import open_worker_process
from tests.server.listener import live, new_conversation
from tests.server.running import running_server
from voicebot.distributed.client import open_client
from voicebot.testing import ScriptedChat
from voicebot.tts.shared import open_shared
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio

_SENTENCES = [f"This is sentence number {number}, and it is as long as any other. " for number in range(1, 19)]


async def test_a_long_reply_is_heard_whole_and_in_order_while_workers_are_killed_at_random(broker: Broker) -> None:
    config = configured(broker)
    open_worker = partial(open_worker_process, broker, config.voice_class, delay_seconds=0.3)
    chat = ScriptedChat([(0.0, sentence) for sentence in _SENTENCES])
    async with (
        killed_at_random(open_worker) as killed,
        open_client(config) as client,
        open_shared(client) as voice,
        running_server(chat, voice) as running,
        live(running, await new_conversation(running)) as listener,
    ):
        listener.report_seconds = 1.0
        await listener.send("ask", text="Count.")
        while "18" not in (await listener.until("audio_begin"))["spoken"]:
            pass  # each is given time of its own
        ended = await listener.until("turn_ended")
        begun = listener.of("audio_begin")
    assert (ended["outcome"], ended["heard"].strip()) == ("completed", "".join(_SENTENCES).strip())
    assert [begin["index"] for begin in begun] == list(range(len(begun)))
    tone = ToneSynthesizer()
    for begin in begun:
        (audio,) = [piece async for piece in tone.synthesize(begin["spoken"])]
        assert listener.sound[begin["utterance"]] == audio.pcm
    assert killed.count > 1
