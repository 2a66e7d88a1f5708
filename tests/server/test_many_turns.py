"""What is left of turns that are over."""

from __future__ import annotations

import gc

import anyio
import pytest

from voicebot.app import Engines
from voicebot.config.models import Config, MemoryConfig
from voicebot.server.application import open_server
from voicebot.server.context import Server, running_turn
from voicebot.server.keys import Keys
from voicebot.testing import ScriptedChat

_PEOPLE = 20
_TURNS = 1000
"""Of each person."""
_FILLING = 600
"""This many fill whatever keeps the latest ones."""


@pytest.mark.anyio
@pytest.mark.timeout(300)
async def test_memory_is_flat_over_twenty_thousand_turns() -> None:
    config = Config(memory=MemoryConfig(store=False))
    chat = ScriptedChat([(0, "Yes.")])
    async with open_server(config, Keys("secret"), engines=Engines(chat, None, None, None, None)) as server:
        people = [f"person-{number}" for number in range(_PEOPLE)]
        ids = {person: (await server.conversations.create(person)).id for person in people}

        async def all_say(count: int) -> int:
            """How many objects there are when each has had `count` turns more."""
            async with anyio.create_task_group() as tasks:
                for person in people:
                    tasks.start_soon(_turns, server, person, ids[person], count)
            chat.asked.clear()
            gc.collect()
            return len(gc.get_objects())

        early = await all_say(_FILLING)
        late = await all_say(_TURNS - _FILLING)
    assert chat.sent == _PEOPLE * _TURNS
    assert late - early < _PEOPLE * (_TURNS - _FILLING) / 10  # a leak is at least one object a turn


async def _turns(server: Server, person: str, id: str, count: int) -> None:
    for _ in range(count):
        async with (
            server.conversations.using(person, id) as opened,
            running_turn(server, person, opened.conversation, "Well?", pipeline=opened.pipeline) as turn,
        ):
            place = opened.log.next
            async for events in opened.log.read(place):
                if any(logged.event.type == "turn_ended" and logged.event.turn == turn for logged in events):
                    break
