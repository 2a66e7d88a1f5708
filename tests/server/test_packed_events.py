"""Events that are kept in less memory are the same events."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from voicebot.events import Delta, Event, SegmentReady, TurnEnded
from voicebot.server.event_log import EventLog
from voicebot.server.packed_events import PackedEvents
from voicebot.speech import Metrics

_TURNS = st.sampled_from(["one", "two"])
_AT = st.floats(0, 1e6)
_TEXT = st.text(st.characters(), max_size=5)  # halves of characters, too
_EVENTS = st.lists(
    st.builds(Delta, _TURNS, _AT, _TEXT)
    | st.builds(SegmentReady, _TURNS, _AT, _TEXT, st.just(0), st.just(1), st.just("end"), st.just("end"))
    | st.builds(TurnEnded, _TURNS, _AT, st.just("completed"), _TEXT, _TEXT, st.booleans(), st.builds(Metrics)),
    max_size=400,
)


@given(_EVENTS)
def test_what_was_packed_comes_out_as_it_was(events: list[Event]) -> None:
    packed = PackedEvents(7, events)
    assert list(packed) == events
    assert packed.behind == 7 + len(events)
    for turn in ("one", "two"):
        assert packed.has(turn) == any(event.turn == turn for event in events)


@given(_EVENTS, st.integers(1, 60) | st.just(300), st.integers(0, 410))
def test_a_log_gives_the_latest_events_from_any_place_on(events: list[Event], kept: int, place: int) -> None:
    log = EventLog(kept)
    for event in events:
        log.add(event)
    first = max(0, len(events) - kept)
    assert (log.first, log.next) == (first, len(events))
    since = log.since(place)
    assert [logged.event for logged in since] == events[max(first, place) :]
    assert [logged.number for logged in since] == list(range(max(first, place), len(events)))
    for turn in ("one", "two"):
        places = [number for number, event in enumerate(events) if number >= first and event.turn == turn]
        assert log.start_of(turn) == (places[0] if places else len(events))
    for logged in since:
        assert log.place_behind(logged.id) == logged.number + 1


@given(_EVENTS, st.integers(1, 10))
def test_packs_that_are_joined_hold_what_they_held(events: list[Event], length: int) -> None:
    packs = [PackedEvents(begin, events[begin : begin + length]) for begin in range(0, len(events), length)]
    if packs:
        joined = PackedEvents.joined(packs)
        assert list(joined) == events
        assert (joined.first, joined.behind) == (0, len(events))
        assert {turn for turn in ("one", "two") if joined.has(turn)} == {event.turn for event in events}


def test_a_packed_delta_takes_a_fraction_of_the_memory() -> None:
    """A reply of 450 deltas took 90 KiB, only for those who might read it again."""
    deltas = [Delta("turn", float(number), "abc") for number in range(16)]
    plain = sum(sys.getsizeof(one) + sys.getsizeof(one.at) + sys.getsizeof(one.text) for one in deltas)
    assert sys.getsizeof(PackedEvents(0, deltas)._packed) < plain / 4


class _OwnKind(str):
    """What a chat model made elsewhere may send."""

    __slots__ = ()


def test_text_of_a_kind_that_cannot_be_packed_is_kept_as_it_is() -> None:
    deltas = [Delta("turn", 0.5, "abc"), Delta("turn", 1.0, _OwnKind("def"))]
    packed = PackedEvents(0, deltas)
    assert list(packed) == deltas
    assert list(PackedEvents.joined([packed, PackedEvents(2, deltas[:1])])) == [*deltas, deltas[0]]
