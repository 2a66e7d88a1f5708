"""What every event carries, and their fan-out."""

from __future__ import annotations

import json
import time
from typing import get_args

import anyio
import pytest

from voicebot import events
from voicebot.events import Broadcast, Delta, Notice, as_dict, new_turn_id, stream_head


def test_ids_made_later_sort_later_and_none_comes_twice() -> None:
    ids = []
    for _ in range(300):
        ids.append(new_turn_id())
        time.sleep(0.00001)  # a clock may stand still for less
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_it() -> None:
    import uuid

    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_turn_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


@pytest.mark.parametrize("kind", [*get_args(events.TurnEvent), *get_args(events.ConversationEvent)])
def test_every_event_begins_with_whose_it_is_and_when(kind: type[events.Event]) -> None:
    assert list(kind.__dataclass_fields__)[:3] == ["type", "turn", "at"]


def test_the_type_of_each_event_is_its_own() -> None:
    types = [kind.type for kind in (*get_args(events.TurnEvent), *get_args(events.ConversationEvent))]
    assert len(set(types)) == len(types)


def test_an_event_as_json_says_type_turn_and_time_first() -> None:
    assert json.dumps(as_dict(Delta("t1", 0.5, "Hi"))) == '{"type": "delta", "turn": "t1", "at": 0.5, "text": "Hi"}'


def test_a_stream_begins_with_its_version() -> None:
    assert stream_head() == {"type": "stream", "version": 1}


@pytest.mark.anyio
async def test_a_slow_subscriber_loses_its_oldest_events_and_is_told_how_many() -> None:
    broadcast = Broadcast()
    with broadcast.subscribe(2) as slow, broadcast.subscribe() as quick:
        for number in range(5):
            broadcast.emit(Notice("", number, f"{number}"))
        slow.end()
        quick.end()
        assert [event.at async for event in slow.events] == [3, 4]
        assert [event.at async for event in quick.events] == [0, 1, 2, 3, 4]
    assert (slow.missed, quick.missed) == (3, 0)


@pytest.mark.anyio
async def test_a_listener_has_each_event_at_once() -> None:
    heard: list[events.Event] = []
    broadcast = Broadcast(heard.append)
    event = Notice("", 0.0, "hello")
    broadcast.emit(event)
    assert heard == [event]
    await anyio.lowlevel.checkpoint()
