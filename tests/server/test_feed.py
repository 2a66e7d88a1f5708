"""What a reader of a conversation is told, whatever its pace and its unit."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.running import running_server
from voicebot.events import Delta, Event, SegmentReady, TurnEnded, TurnStarted, as_dict
from voicebot.server.event_log import EventLog, encoded
from voicebot.server.feed import Told, everything, one_turn
from voicebot.server.text_units import TextUnits, Unit
from voicebot.speech import Metrics, Segment
from voicebot.testing import ScriptedChat
from voicebot.text.chunking import Chunker


async def all_there_is(feed: AsyncGenerator[list[Told], None], end: str) -> list[Told]:
    told: list[Told] = []
    async for batch in feed:
        told += batch
        if any(one.type == end for one in batch):
            break
    return told


@pytest.mark.anyio
async def test_a_reader_that_has_missed_something_is_told_anew_how_it_stands() -> None:
    chat = ScriptedChat([(0.0, "All work and no play. ")] * 20)
    async with running_server(chat) as running:
        id = (await running.server.conversations.create("owner")).id
        async with running.server.conversations.using("owner", id) as opened:
            opened.log = EventLog(kept=10)
            async with aclosing(everything(opened)) as feed:
                assert [told.type for told in await anext(feed)] == ["snapshot"]
                place = opened.log.next
                outcome = await opened.conversation.speak("Write.", turn="slow", pipeline=opened.pipeline)
                [again] = await anext(feed)
                snapshot = json.loads(again.data)
                assert (again.id, snapshot["resumed"], snapshot["live"]) == ("", False, None)
                assert [said["heard"] for said in snapshot["said"]] == [outcome.heard]
                await opened.conversation.say("And now?", pipeline=opened.pipeline)
                assert (await all_there_is(feed, "turn_ended"))[0].type == "turn_started"
            async with aclosing(one_turn(opened, "slow", place)) as feed:
                [last] = [told async for batch in feed for told in batch]
                assert (last.type, json.loads(last.data)["code"]) == ("error", "too_slow")


@given(st.text(st.characters()), st.floats())
def test_any_event_is_a_line_of_json_that_a_browser_reads(text: str, at: float) -> None:
    """A lone surrogate, which no UTF-8 has, or a number that JSON has not, was an exception there."""
    line = encoded(as_dict(Delta("turn", at, text)))
    read = json.loads(line.decode(), parse_constant=pytest.fail)
    assert b"\n" not in line
    assert read["text"] == text.encode(errors="replace").decode()
    assert read["at"] == (at if isfinite(at) else None)


def turn_of(text: str, cuts: list[int]) -> list[Event]:
    """The events that carry the text of a turn, cut there."""
    chunker = Chunker()
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    events: list[Event] = [TurnStarted("t", 0.0, "", "", "", "")]

    def segments(made: list[Segment]) -> None:
        events.extend(
            SegmentReady("t", 0.0, one.text, one.start, one.end, one.boundary.value, one.rule) for one in made
        )

    for start, end in pairwise(places):
        events.append(Delta("t", 0.0, text[start:end]))
        segments(chunker.feed(text[start:end]))
    segments(chunker.flush())
    return [*events, TurnEnded("t", 0.0, "completed", text, "", True, Metrics())]


@given(
    st.text(alphabet="ab .。!?\n「」", max_size=60),
    st.lists(st.integers(0, 60)),
    st.sampled_from(["token", "line", "sentence"]),
)
def test_in_any_unit_the_text_is_the_reply_and_whole_before_the_end(text: str, cuts: list[int], unit: Unit) -> None:
    units = TextUnits(unit)
    told = [one for event in turn_of(text, cuts) for one in units.feed(event)]
    deltas = [event.text for event in told if isinstance(event, Delta)]
    assert "".join(deltas) == text
    assert isinstance(told[-1], TurnEnded)
    if unit == "line":
        assert all(delta.endswith("\n") for delta in deltas[:-1])
